"""Build the trainer's image with the docker command line, from a build context that depends on the tree alone."""

import json
import re
import shutil
import subprocess
import sys
import tempfile
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO
from urllib.parse import urlsplit

from scripts.container import context, engine
from scripts.container.base import Base
from scripts.container.tag import tag_of
from scripts.core.errors import UserError

NAME = "trainyard"
"""What the image is called on this machine."""
SOURCE, REVISION = "org.opencontainers.image.source", "org.opencontainers.image.revision"
DESCRIBE = "trainyard.describe"
LINES_SHOWN = 20


def build(base: Base, tag: str, say: Callable[[str], None], folder: Path | str = "trainer") -> str:
    """Build ``folder`` on ``base``, which is on this machine.

    Args:
        base: what `image_tag` was told; its reference is its name on this machine.
        tag: what `image_tag` gave; the image is called ``trainyard:<tag>`` here.
        say: told what is done.
        folder: the build context.

    Returns:
        The image's id.

    Raises:
        UserError: there is no docker command, the tree has changed since, the build fails, or what came of it is not
            for SageMaker's instances.
    """
    root = Path(folder)
    files = context.read(root)
    if tag_of(base, files) != tag:
        raise UserError(f"{root}/ has changed while its image was being made.", "Run the same command again.")
    if shutil.which("docker") is None:
        raise UserError("There is no `docker` command on PATH, which builds images.", engine.INSTALL)
    say(f"Building {NAME}:{tag} on {base.identity}")
    with tempfile.TemporaryFile() as archive, tempfile.TemporaryDirectory() as scratch:
        context.write_archive(files, archive)
        archive.seek(0)
        told = Path(scratch) / "id"
        _run([*_command(base, tag, _labels(root)), f"--iidfile={told}", "-"], archive)
        image_id = told.read_text(encoding="utf-8").strip()
    image = engine.connect().api.inspect_image(image_id)
    its = f"{image['Os']}/{image['Architecture']}"
    if its != engine.PLATFORM:
        raise engine.other_architecture(f"what was built on {base.reference} is for {its}.")
    return image_id


def without_credentials(remote: str) -> str | None:
    """A remote of git's as it may be told to everybody; None for a folder of this machine."""
    if re.match(r"[^/:@]+@[^/:]+:", remote):  # such as git@host:owner/name, which has no place for a password
        return remote
    parts = urlsplit(remote)
    if not parts.hostname or parts.scheme == "file":
        return None
    host = parts.hostname + (f":{parts.port}" if parts.port else "")
    return f"{parts.scheme}://{host}{parts.path}"


def _command(base: Base, tag: str, labels: Mapping[str, str]) -> list[str]:
    asked = subprocess.run(["docker", "build", "--help"], capture_output=True, text=True, check=False)
    # BuildKit would add a provenance attestation: a second manifest, another one at each build.
    quiet = ["--provenance=false"] if "--provenance" in asked.stdout else []
    given = [f"--label={name}={value}" for name, value in labels.items()]
    argument = f"--build-arg=BASE_IMAGE={base.reference}"
    # --force-rm: the classic builder would leave the container of a step that fails.
    fixed = ["docker", "build", f"--platform={engine.PLATFORM}", "--force-rm"]
    return [*fixed, *quiet, argument, *given, f"--tag={NAME}:{tag}"]


def _labels(root: Path) -> dict[str, str]:
    """What the image says about itself."""
    remote = _git(root, "remote", "get-url", "origin")
    found = {
        SOURCE: without_credentials(remote) if remote else None,
        REVISION: _revision(root),
        DESCRIBE: _description(root),
    }
    return {name: value for name, value in found.items() if value}


def _revision(root: Path) -> str | None:
    """The last commit that touched the tree; ``-dirty`` as with `git describe`, where more has changed since."""
    commit = _git(root, "log", "-1", "--format=%H", "--", ".")
    if not commit:
        return None
    return f"{commit}-dirty" if _git(root, "status", "--porcelain", "--", ".") else commit


def _git(root: Path, *arguments: str) -> str | None:
    try:
        ended = subprocess.run(["git", "-C", str(root), *arguments], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return ended.stdout.strip() or None


def _description(root: Path) -> str:
    """What the trainer says that it takes and prints, as one line of JSON."""
    command = [sys.executable, "-m", root.name, "describe"]
    ended = subprocess.run(command, cwd=root.resolve().parent, capture_output=True, text=True, check=False)
    if ended.returncode != 0:
        last = (ended.stderr.strip().splitlines() or ["no message"])[-1]
        raise UserError(f"The trainer does not say what it takes: {last}", "Mend it: `python -m trainer describe`.")
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
        said = engine.explain(" ".join(last))
        print("\n".join(last), file=sys.stderr, flush=True)
        raise said or UserError(
            f"Docker could not build the image: {last[-1] if last else f'exit code {process.returncode}'}",
            "Its last lines are above: mend trainer/Dockerfile or what it names, then `make image` again.",
        )


@contextmanager
def _live_line() -> Iterator[Callable[[str], None]]:
    """A line that follows the build at a terminal, and nothing elsewhere."""
    if not sys.stdout.isatty():
        yield lambda _line: None
        return
    from rich.console import Console
    from rich.markup import escape

    with Console().status("Building") as status:
        yield lambda line: status.update(escape(line[:100]))
