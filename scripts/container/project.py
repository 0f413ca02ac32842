"""The build context of a project of one's own: its code, the part of trainer/ that starts its program, and trainyard/.

`trainer/` there is only what runs a program: the contract with SageMaker. The project's files go to /opt/ml/code.
Besides what git ignores and .dockerignore excludes, some things never go into an image: they are secrets, or belong to
this machine.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cached_property
from pathlib import Path, PurePosixPath

from scripts.container import context
from scripts.container.context import File
from scripts.core.console import listed
from scripts.core.errors import UserError

TRAINER = Path("trainer")
DOCKERFILE = "project.Dockerfile"
RUNNER = ("__init__.py", "__main__.py", "commands.py", "contract/*.py")
CODE = "code"
ASK_FROM = 100_000_000
"""bytes"""

# What never goes into an image, by the name of a file or of a folder on its path.
NEVER = {
    "of git": (".git", ".gitmodules"),
    "of virtual environments": (".venv", "venv", ".tox", ".nox", ".conda", "node_modules"),
    "of caches": ("__pycache__", "*.pyc", ".*_cache", ".ipynb_checkpoints", ".cache", ".DS_Store", "*.egg-info"),
    "of environment variables": (".env", ".env.*", "*.env", ".envrc"),
    "of private keys": (
        "*.pem", "*.key", "*.p12", "*.pfx", "*.jks", "id_rsa*", "id_dsa*", "id_ecdsa*", "id_ed25519*", ".ssh", ".gnupg",
    ),
    "of credentials": (
        ".aws", ".azure", ".gcloud", ".docker", ".kube", ".netrc", "_netrc", ".pypirc", ".pgpass", ".git-credentials",
        "credentials", "credentials.*", "secrets.*", "kaggle.json", "*service-account*.json", "*service_account*.json",
        "client_secret*.json", ".terraform", "*.tfstate", "*.tfstate.*",
    ),
    "of earlier runs": ("runs", "wandb", "mlruns", "lightning_logs", "events.out.tfevents.*"),
}  # fmt: skip


@dataclass(frozen=True)
class Project:
    """A folder with code of one's own.

    Args:
        folder: the folder, relative to the repository's root or absolute.
        files: what goes into the image, as names in `folder`.
        left_out: how many files do not, by their kind.
    """

    folder: Path
    files: tuple[File, ...]
    left_out: Counter[str]

    @property
    def size(self) -> int:
        """The bytes of its files."""
        return sum(len(file.content) for file in self.files)

    @cached_property
    def context(self) -> tuple[File, ...]:
        """The build context: the Dockerfile, the code, the runner, the package that programs may import."""
        runner = [file for file in context.read(TRAINER) if any(fnmatchcase(file.name, each) for each in RUNNER)]
        dockerfile = File("Dockerfile", "644", (TRAINER / DOCKERFILE).read_bytes())
        return (
            dockerfile,
            *(File(f"{CODE}/{file.name}", file.mode, file.content) for file in self.files),
            *(File(f"trainer/{file.name}", file.mode, file.content) for file in runner),
            *context.package(TRAINER.parent),
        )

    def summary(self) -> str:
        """What goes into the image, in a line."""
        count = f"{len(self.files):,} file{'s' * (len(self.files) != 1)}"
        out = [f"{number:,} {kind}" for kind, number in sorted(self.left_out.items())]
        left = f"; left out: {listed(out, len(out))}" if out else ""
        return f"From {self.folder}: {count}, {self.size / 1e6:.1f} MB{left}."


def check_program(program: str, folder: str | None) -> None:
    """Check that a job's program goes into the image.

    Args:
        program: its path in the folder.
        folder: the job's own code; None for trainer/.

    Raises:
        UserError: git ignores it, .dockerignore excludes it, or its name is one that never goes into an image.
    """
    context.check_program(program, folder or TRAINER)
    kind = _forbidden(program) if folder else None
    if kind:
        raise UserError(
            f"The program {folder}/{program} would not be in the image: it has the name {kind}.", "Rename the program."
        )


def read(folder: Path) -> Project:
    """Read a project's folder.

    Raises:
        UserError: there is no such folder, it is the repository or holds it, a link in it leads out of it, or nothing
            is left to go into the image.
    """
    _check(folder)
    left_out: Counter[str] = Counter()
    names = sorted(_without_forbidden(context.kept(folder, context.names(folder)), left_out))
    for name in names:
        _check_link(folder, name)
    files = tuple(context.file(folder, name) for name in names)
    if not files:
        raise UserError(f"No file of {folder} would go into the image.", "Look at its .gitignore and .dockerignore.")
    return Project(folder, files, left_out)


def _check(folder: Path) -> None:
    if not folder.is_dir():
        raise UserError(
            f"There is no folder {folder}, which the job file names as its code.",
            "Name a folder, from / or from the root of this repository.",
        )
    if Path.cwd().is_relative_to(folder.resolve()):
        raise UserError(
            f"The folder {folder} contains this repository, so it cannot be a job's code.",
            "Name the folder of the project alone.",
        )


def _without_forbidden(names: Iterable[str], left_out: Counter[str]) -> Iterator[str]:
    for name in names:
        kind = _forbidden(name)
        if kind:
            left_out[kind] += 1
        else:
            yield name


def _forbidden(name: str) -> str | None:
    parts = [part.lower() for part in PurePosixPath(name).parts]
    for kind, patterns in NEVER.items():
        if any(fnmatchcase(part, pattern) for part in parts for pattern in patterns):
            return kind
    return None


def _check_link(folder: Path, name: str) -> None:
    path = folder / name
    if path.is_symlink() and not path.resolve().is_relative_to(folder.resolve()):
        raise UserError(
            f"The link {path} leads out of the folder, to {path.readlink()}: the image would not have its target.",
            "Copy the target into the folder, or remove the link.",
        )
