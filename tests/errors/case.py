"""One error, as data, and small functions with which cases prepare it."""

import contextlib
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.conftest import missing
from tests.errors.front import Refusal, denied
from tests.errors.scene import Given, Scene, nothing
from tests.put_back import moved_aside

GOOD = 'instance_type = "ml.m5.large"\n'
TRAINING = '[channels.training]\nsource = "data/digits/training"\n'
JOB_FILE = "Job file"
TRAIN_MISTAKE = "make train JOB=mistake"
KEYS_DESCRIBED = "docs/jobs.md describes each key."
STACK = True
"""For `on`: the case needs the stack."""


@dataclass(frozen=True)
class Case:
    """An error and its two lines.

    Args:
        group: the heading in docs/errors.md.
        title: the error in a few words, for docs/errors.md.
        typed: the command; `{run}` is the completed run of the job `digits`.
        problem: the whole first line; `…` stands for any text.
        fix: the whole second line, in the same way.
        given: prepares the error, and cleans up.
        on: whether the case needs the stack, or only files.
        leaves: name endings of files and objects that the command may create or change; `…` stands for any text.
    """

    group: str
    title: str
    typed: str
    problem: str
    fix: str
    given: Given = nothing
    on: bool = False
    leaves: tuple[str, ...] = ()


def given(*parts: Given) -> Given:
    """Several preparations, one after another."""

    @contextmanager
    def all_of_them(scene: Scene) -> Iterator[None]:
        with ExitStack() as stack:
            for part in parts:
                stack.enter_context(part(scene))
            yield

    return all_of_them


def job(head: str = "", tables: str = TRAINING) -> Given:
    """The file jobs/mistake.toml: a valid one plus these lines."""
    return file("jobs/mistake.toml", (GOOD if "instance_type" not in head else "") + head + "\n" + tables)


def mistake(title: str, head: str, problem: str, fix: str = KEYS_DESCRIBED, tables: str = TRAINING) -> Case:
    """A mistake in a job file: ``head`` are its first lines, ``tables`` what follows; the problem names the file."""
    return Case(JOB_FILE, title, TRAIN_MISTAKE, f"jobs/mistake.toml: {problem}", fix, job(head, tables))


def file(name: str, content: str | bytes) -> Given:
    """A file with its folders; afterwards the earlier content is restored."""

    @contextmanager
    def written(scene: Scene) -> Iterator[None]:
        if name.startswith("scripts/"):
            scene.python = None  # its forks have imported the file already
        path = scene.folder / name
        before = path.read_bytes() if path.is_file() else None
        new = [parent for parent in path.parents if not parent.exists()]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        try:
            yield
        finally:
            if before is not None:
                path.write_bytes(before)
            elif new:
                shutil.rmtree(new[-1])
            else:
                path.unlink(missing_ok=True)

    return written


def link(name: str, target: str) -> Given:
    """A symbolic link, in a folder that exists."""

    @contextmanager
    def made(scene: Scene) -> Iterator[None]:
        (scene.folder / name).symlink_to(target)
        try:
            yield
        finally:
            (scene.folder / name).unlink()

    return made


def folder(name: str, *files: str) -> Given:
    """A folder with files of one line each; a name that ends with a slash is a folder."""

    @contextmanager
    def made(scene: Scene) -> Iterator[None]:
        root = scene.folder / name
        root.mkdir(parents=True)
        for one in files:
            path = root / one
            if one.endswith("/"):
                path.mkdir(parents=True)
            else:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(f"{time.time_ns()}\n")  # a new content every time, so that it is uploaded
        try:
            yield
        finally:
            shutil.rmtree(root)

    return made


def aside(name: str) -> Given:
    """Hide a file or folder of the project."""

    @contextmanager
    def gone(scene: Scene) -> Iterator[None]:
        path = scene.folder / scene.fill(name)
        assert path.exists(), path
        with moved_aside(path):
            yield

    return gone


def variable(**values: str | None) -> Given:
    """Set environment variables; None removes one."""

    @contextmanager
    def changed(scene: Scene) -> Iterator[None]:
        for name, value in values.items():
            scene.environment.pop(name, None)
            if value is not None:
                scene.environment[name] = value.replace("{folder}", str(scene.folder))
        yield

    return changed


def refused(operation: str, code: str, message: str, status: int = 400, place: str = "") -> Given:
    """AWS refuses an operation with this error; ``place`` is a text that the path must contain."""
    return lambda scene: scene.cloud.answering(operation, Refusal(code, message, status), place)


def forbidden(operation: str, action: str, resource: str, place: str = "") -> Given:
    """AWS refuses an operation because a permission is missing."""
    return lambda scene: scene.cloud.answering(operation, denied(action, resource), place)


def without_rights(_scene: Scene) -> AbstractContextManager[None]:
    """Root without its capabilities for files: like any user, it needs permission to read and write."""

    @contextmanager
    def dropped(scene: Scene) -> Iterator[None]:
        if os.geteuid() == 0:
            capabilities = "-dac_override,-dac_read_search"
            scene.prefix = ("setpriv", f"--bounding-set={capabilities}", f"--inh-caps={capabilities}")
        yield

    return dropped(_scene)


def mode(name: str, bits: int) -> Given:
    """A file or folder with this mode, for a user who is not root."""

    @contextmanager
    def changed(scene: Scene) -> Iterator[None]:
        path: Path = scene.folder / name
        before = path.stat().st_mode
        path.chmod(bits)
        try:
            with without_rights(scene):
                yield
        finally:
            path.chmod(before)

    return changed


def small_disk(name: str, full: bool = False) -> Given:
    """A file system of 200 kB in place of a folder; ``full``: with no space left."""

    @contextmanager
    def mounted(scene: Scene) -> Iterator[None]:
        place = scene.folder / name
        moved = place.with_name(f".{place.name}.aside")
        if place.exists():
            place.rename(moved)
        place.mkdir()
        if os.geteuid() != 0 or os.system(f"mount -t tmpfs -o size=200k none '{place}' 2>/dev/null") != 0:  # noqa: S605
            place.rmdir()
            if moved.exists():
                moved.rename(place)
            missing("a file system of a few kB takes the right to mount")
        with contextlib.suppress(OSError):
            (place / "other").write_bytes(bytes(300_000 if full else 0))
        try:
            yield
        finally:
            os.system(f"umount '{place}'")  # noqa: S605
            place.rmdir()
            if moved.exists():
                moved.rename(place)

    return mounted
