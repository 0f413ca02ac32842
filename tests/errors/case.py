"""One mistake, as data; and the small functions by which cases prepare it."""

import shutil
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.errors.front import Refusal, denied
from tests.errors.scene import Given, Scene, nothing

GOOD = 'instance_type = "ml.m5.large"\n'
TRAINING = '[channels.training]\nsource = "data/digits/training"\n'
STACK = True
"""For `on`: the case needs the stack."""


@dataclass(frozen=True)
class Case:
    """A mistake and its two lines.

    Args:
        group: the heading in docs/errors.md.
        mistake: what somebody did, for docs/errors.md.
        typed: the command; `{run}` is the run that the demo has left.
        problem: the first line, whole; `…` stands for any text.
        fix: the second line, in the same way.
        given: prepares the mistake, and clears it away.
        on: whether it takes the stack, or nothing but the files.
        leaves: ends of the names of what may have come or changed all the same.
    """

    group: str
    mistake: str
    typed: str
    problem: str
    fix: str
    given: Given = nothing
    on: bool = False
    leaves: tuple[str, ...] = ()


def given(*parts: Given) -> Given:
    """Several preparations, one after the other."""

    @contextmanager
    def all_of_them(scene: Scene) -> Iterator[None]:
        with ExitStack() as stack:
            for part in parts:
                stack.enter_context(part(scene))
            yield

    return all_of_them


def job(head: str = "", tables: str = TRAINING) -> Given:
    """The file jobs/mistake.toml: a good one with these lines more."""
    return file("jobs/mistake.toml", (GOOD if "instance_type" not in head else "") + head + "\n" + tables)


def file(name: str, content: str | bytes) -> Given:
    """A file, with the folders that it needs; what was there before comes back."""

    @contextmanager
    def written(scene: Scene) -> Iterator[None]:
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


def folder(name: str, *files: str) -> Given:
    """A folder with files of one line each; names that end in a slash are folders."""

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
                path.write_text(f"{time.time_ns()}\n")  # another every time, so that it has to be uploaded
        try:
            yield
        finally:
            shutil.rmtree(root)

    return made


def aside(name: str) -> Given:
    """A file or folder of the project is not there."""

    @contextmanager
    def gone(scene: Scene) -> Iterator[None]:
        path = scene.folder / scene.fill(name)
        path.rename(path.with_name(f".{path.name}.aside"))
        try:
            yield
        finally:
            path.with_name(f".{path.name}.aside").rename(path)

    return gone


def variable(**values: str | None) -> Given:
    """Variables of the environment; None takes one away."""

    @contextmanager
    def changed(scene: Scene) -> Iterator[None]:
        for name, value in values.items():
            scene.environment.pop(name, None)
            if value is not None:
                scene.environment[name] = value.replace("{folder}", str(scene.folder))
        yield

    return changed


def refused(operation: str, code: str, message: str, status: int = 400) -> Given:
    """AWS refuses an operation with this error."""
    return lambda scene: scene.cloud.answering(operation, Refusal(code, message, status))


def forbidden(operation: str, action: str, resource: str, place: str = "") -> Given:
    """AWS refuses an operation for want of a right."""
    return lambda scene: scene.cloud.answering(operation, denied(action, resource), place)


def without_rights(_scene: Scene) -> AbstractContextManager[None]:
    """Root without its power over files: like anybody else, it needs the right to read and write."""

    @contextmanager
    def dropped(scene: Scene) -> Iterator[None]:
        import os

        if os.geteuid() == 0:
            powers = "-dac_override,-dac_read_search"
            scene.prefix = ("setpriv", f"--bounding-set={powers}", f"--inh-caps={powers}")
        yield

    return dropped(_scene)


def mode(name: str, bits: int) -> Given:
    """A file or folder of this mode, for somebody who is not root."""

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
