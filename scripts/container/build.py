"""Build the image of the trainer, or of a project, with the docker command line.

The build context depends only on the tree.
"""

import json
import re
import shutil
import subprocess
import sys
import tempfile
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO
from urllib.parse import urlsplit

from scripts.container import context, engine, packages, project
from scripts.container.base import Base
from scripts.container.tag import project_tag, tag_of
from scripts.core import console
from scripts.core.errors import UserError
from scripts.core.printable import one_line

NAME = "trainyard"
"""The image's name on this machine."""
SOURCE, REVISION = "org.opencontainers.image.source", "org.opencontainers.image.revision"
DESCRIBE = "trainyard.describe"
LINES_SHOWN = 20


def build(base: Base, tag: str, say: Callable[[str], None], folder: Path | str = "trainer") -> str:
    """Build the image of ``folder`` on ``base``, which must be on this machine.

    Args:
        base: the base that `image_tag` got; its reference is its name on this machine.
        tag: the result of `image_tag`; the image becomes ``trainyard:<tag>`` here.
        say: prints progress.
        folder: the trainer's folder.

    Returns:
        The image's id.

    Raises:
        UserError: there is no docker command, the tree has changed since `image_tag`, the build fails, or the image is
            not for SageMaker's instances.
    """
    root = Path(folder)
    files = context.of_trainer(root)
    if tag_of(base, files) != tag:
        raise UserError(f"{root}/ has changed while its image was being built.", "Run the same command again.")
    if not any(file.name == "Dockerfile" for file in files):
        raise UserError(f"There is no {root}/Dockerfile to build from.", "Restore it: `git checkout -- trainer`.")
    beside = f"../{context.PACKAGE}"
    return _build(base, tag, files, lambda: {**_labels(root, beside), DESCRIBE: _description(root)}, say)


def build_project(base: Base, tag: str, say: Callable[[str], None], folder: Path) -> str:
    """Build the image of a project of one's own, as `build` does for trainer/.

    Args:
        base: the base that `project_tag` got.
        tag: the result of `project_tag`.
        say: prints progress.
        folder: the project.
    """
    read = project.read(folder)
    if project_tag(base, read) != tag:
        raise UserError(f"{folder} has changed while its image was being built.", "Run the same command again.")
    with tempfile.TemporaryDirectory() as scratch:
        downloaded = Path(scratch) / "packages"
        downloaded.mkdir()
        if any(file.name == packages.REQUIREMENTS for file in read.files):
            python = packages.describe(base.reference)
            packages.download(folder / packages.REQUIREMENTS, python, downloaded, say)
        else:
            (downloaded / packages.PINS).touch()
        return _build(base, tag, (*read.context, *_files(downloaded)), lambda: _labels(folder), say)


def _files(folder: Path) -> Iterator[context.File]:
    for path in sorted(folder.iterdir()):
        yield context.File(f"{folder.name}/{path.name}", "644", path.read_bytes())


def _build(
    base: Base,
    tag: str,
    files: Iterable[context.File],
    labels: Callable[[], Mapping[str, str]],
    say: Callable[[str], None],
) -> str:
    if shutil.which("docker") is None:
        raise UserError("There is no `docker` command on PATH, and the build needs it.", engine.INSTALL)
    say(f"Building {NAME}:{tag} on {base.identity}")
    with tempfile.TemporaryFile() as archive, tempfile.TemporaryDirectory() as scratch:
        context.write_archive(files, archive)
        archive.seek(0)
        id_file = Path(scratch) / "id"
        _run([*_command(base, tag, labels()), f"--iidfile={id_file}", "-"], archive)
        image_id = id_file.read_text(encoding="utf-8").strip()
    image = engine.connect().api.inspect_image(image_id)
    platform = f"{image['Os']}/{image['Architecture']}"
    if platform != engine.PLATFORM:
        raise engine.wrong_platform(f"the image built on {base.reference} is for {platform}.")
    return image_id


def without_credentials(remote: str) -> str | None:
    """The URL of a git remote without credentials; None for a folder on this machine."""
    if re.match(r"[^/:@]+@[^/:]+:", remote):  # such as git@host:owner/name: this form cannot hold a password
        return remote
    parts = urlsplit(remote)
    if not parts.hostname or parts.scheme == "file":
        return None
    host = parts.hostname + (f":{parts.port}" if parts.port else "")
    return f"{parts.scheme}://{host}{parts.path}"


def _command(base: Base, tag: str, labels: Mapping[str, str]) -> list[str]:
    usage = subprocess.run(["docker", "build", "--help"], capture_output=True, text=True, check=False)
    # BuildKit would add a provenance attestation: a second manifest, which differs at each build.
    provenance = ["--provenance=false"] if "--provenance" in usage.stdout else []
    label_flags = [f"--label={name}={value}" for name, value in labels.items()]
    argument = f"--build-arg=BASE_IMAGE={base.reference}"
    # --force-rm: the classic builder would leave the container of a failed step behind.
    fixed = ["docker", "build", f"--platform={engine.PLATFORM}", "--force-rm"]
    return [*fixed, *provenance, argument, *label_flags, f"--tag={NAME}:{tag}"]


def _labels(root: Path, *beside: str) -> dict[str, str]:
    """The image's labels: the source and the revision of a folder, and of what is beside it."""
    remote = _git(root, "remote", "get-url", "origin")
    revision = _revision(root, *beside)
    found = {
        # Without a revision, the folder is a copy inside another repository.
        SOURCE: without_credentials(remote) if remote and revision else None,
        REVISION: revision,
    }
    return {name: value for name, value in found.items() if value}


def _revision(root: Path, *beside: str) -> str | None:
    """The last commit that touched the tree or what is beside it.

    It ends in ``-dirty`` (as in `git describe`) if they have changed since.
    """
    commit = _git(root, "log", "-1", "--format=%H", "--", ".", *beside)
    if not commit:
        return None
    return f"{commit}-dirty" if _git(root, "status", "--porcelain", "--", ".", *beside) else commit


def _git(root: Path, *arguments: str) -> str | None:
    try:
        ended = subprocess.run(["git", "-C", str(root), *arguments], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return ended.stdout.strip() or None


def _description(root: Path) -> str:
    """The output of the trainer's `describe`, its hyperparameters and metrics, as one line of JSON."""
    command = [sys.executable, "-m", root.name, "describe"]
    ended = subprocess.run(command, cwd=root.resolve().parent, capture_output=True, text=True, check=False)
    if ended.returncode != 0:
        last = (ended.stderr.strip().splitlines() or ["no message"])[-1]
        raise UserError(
            f"`python -m {root.name} describe` fails: {last}", "Correct the trainer until that command works."
        )
    return json.dumps(json.loads(ended.stdout), separators=(",", ":"))


def _run(command: list[str], archive: BinaryIO) -> None:
    last: deque[str] = deque(maxlen=LINES_SHOWN)
    with subprocess.Popen(
        command, stdin=archive, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"
    ) as process:
        try:
            with _live_line() as show:
                for line in process.stdout or ():
                    if line.strip():
                        last.append(line.rstrip())
                        show(line.strip())
        except BaseException:
            process.terminate()
            raise
    if process.returncode != 0:
        explained = engine.explain(" ".join(last))
        console.warn("\n".join(last))
        raise explained or UserError(
            f"Docker could not build the image: {last[-1] if last else f'exit code {process.returncode}'}",
            "Its last lines are above. Correct trainer/Dockerfile or what they name, then run `make image` again.",
        )


@contextmanager
def _live_line() -> Iterator[Callable[[str], None]]:
    """Show the build's current line at a terminal; show nothing elsewhere."""
    if not sys.stdout.isatty():
        yield lambda _line: None
        return
    from rich.console import Console
    from rich.markup import escape

    with Console().status("Building") as status:
        yield lambda line: status.update(escape(one_line(line)[:100]))
