"""Checkpoints to do things to, and what a copier can have seen of a folder while they were written."""

import contextlib
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trainer.checkpoints import checkpoint
from trainer.checkpoints.checkpoint import Checkpoint

Files = dict[str, bytes]

CHANGES = frozenset({"open", "write", "flush", "close", "__exit__", "fsync", "mkdir", "rename", "unlink", "rmdir"})


def after_each_change(work: Callable[[], object], then: Callable[[], None]) -> None:
    """Run ``work``, and ``then`` whenever it has called what can change a file or a folder."""

    def after(_frame: FrameType, event: str, function: Any) -> None:
        if event == "c_return" and function.__name__ in CHANGES:
            then()

    sys.setprofile(after)
    try:
        work()
    finally:
        sys.setprofile(None)


def files(folder: Path) -> Files:
    """All files below a folder, by their paths in it."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def states(folder: Path, work: Callable[[], object]) -> list[Files]:
    """All states of a folder while ``work`` is done, each different from the one before."""
    seen = [files(folder)]

    def look() -> None:
        if (now := files(folder)) != seen[-1]:
            seen.append(now)

    after_each_change(work, look)
    return seen


def write(folder: Path, content: Mapping[str, bytes]) -> Path:
    """What a job finds that is given these files."""
    for name, data in content.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    return folder


def arrays(step: int) -> dict[str, NDArray[Any]]:
    """A state like a run's, another one at each step."""
    return {
        "model/0000": np.arange(3000, dtype=np.float32) * step,
        "optimizer/0000": np.int64(step) * np.ones((), np.int64),
        "totals": np.full((2, 3), step, np.float64),
    }


def save(folder: Path, step: int) -> Checkpoint:
    saved: Checkpoint = checkpoint.save(folder, step, arrays(step), {"history": [step / 3]})
    return saved


def steps(folder: Path) -> tuple[list[int], list[str]]:
    """The steps that are whole and truly what was saved, and the names of the torn ones."""
    good, torn = checkpoint.look(folder)
    for found in good:
        assert found.about == {"history": [found.step / 3], "step": found.step}
        assert_equal(found.read(), arrays(found.step))
    return [found.step for found in good], [found.path.name for found in torn]


def assert_equal(one: dict[str, NDArray[Any]], other: dict[str, NDArray[Any]]) -> None:
    assert one.keys() == other.keys()
    for name, array in one.items():
        there = other[name]
        assert (array.dtype, array.shape, array.tobytes()) == (there.dtype, there.shape, there.tobytes())


@contextlib.contextmanager
def folder_of(*saved: int) -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as name:
        for step in saved:
            save(Path(name), step)
        yield Path(name)
