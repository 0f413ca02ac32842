"""Checkpoints for tests, and the states of their folder that a copier can see while they are written."""

import contextlib
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trainyard.checkpoints import checkpoint
from trainyard.checkpoints.checkpoint import Checkpoint

Files = dict[str, bytes]

CHANGES = frozenset({"open", "write", "flush", "close", "__exit__", "fsync", "mkdir", "rename", "unlink", "rmdir"})


def after_each_change(work: Callable[[], object], then: Callable[[], None]) -> None:
    """Run ``work``. Call ``then`` after each of its calls that can change a file or a folder."""

    def after(_frame: FrameType, event: str, function: Any) -> None:
        if event == "c_return" and function.__name__ in CHANGES:
            then()

    sys.setprofile(after)
    try:
        work()
    finally:
        sys.setprofile(None)


def files(folder: Path) -> Files:
    """The contents of all files below a folder, by their paths in it."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def states(folder: Path, work: Callable[[], object]) -> list[Files]:
    """The states of a folder while ``work`` runs, each different from the one before."""
    seen = [files(folder)]

    def add_state() -> None:
        if (state := files(folder)) != seen[-1]:
            seen.append(state)

    after_each_change(work, add_state)
    return seen


def write(folder: Path, content: Mapping[str, bytes]) -> Path:
    """Write these files to a folder and return it."""
    for name, data in content.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    return folder


def arrays(step: int) -> dict[str, NDArray[Any]]:
    """A state like that of a run, different at each step."""
    return {
        "model/0000": np.arange(3000, dtype=np.float32) * step,
        "optimizer/0000": np.int64(step) * np.ones((), np.int64),
        "totals": np.full((2, 3), step, np.float64),
    }


def save(folder: Path, step: int) -> Checkpoint:
    saved: Checkpoint = checkpoint.save(folder, step, arrays(step), {"history": [step / 3]})
    return saved


def steps(folder: Path) -> tuple[list[int], list[str]]:
    """The steps of complete checkpoints, and the names of torn ones. Asserts that complete ones are as saved."""
    complete, torn = checkpoint.find_checkpoints(folder)
    for found in complete:
        assert found.about == {"history": [found.step / 3], "step": found.step}
        assert_equal(found.read(), arrays(found.step))
    return [found.step for found in complete], [found.path.name for found in torn]


def assert_equal(one: dict[str, NDArray[Any]], other: dict[str, NDArray[Any]]) -> None:
    assert one.keys() == other.keys()
    for name, array in one.items():
        same = other[name]
        assert (array.dtype, array.shape, array.tobytes()) == (same.dtype, same.shape, same.tobytes())


@contextlib.contextmanager
def folder_of(*saved: int) -> Iterator[Path]:
    """A folder with checkpoints of these steps."""
    with tempfile.TemporaryDirectory() as name:
        for step in saved:
            save(Path(name), step)
        yield Path(name)
