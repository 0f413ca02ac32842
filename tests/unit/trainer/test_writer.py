"""Checkpoints written by a thread while the training goes on."""

import subprocess
import sys
import threading
import time
from collections.abc import ItemsView, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.unit.trainer.checkpoint_files import arrays, assert_equal, save, steps
from trainer.checkpoints import checkpoint
from trainer.checkpoints.writer import Writer
from trainer.contract.errors import JobError

ABOUT: dict[str, Any] = {"history": []}


class Held(dict[str, NDArray[Any]]):
    """A state that cannot be written before it is let go, as with a disk that hangs."""

    def __init__(self, state: dict[str, NDArray[Any]]) -> None:
        super().__init__(state)
        self.let_go = threading.Event()

    def items(self) -> ItemsView[str, NDArray[Any]]:  # type: ignore[override]
        assert self.let_go.wait(60)
        return super().items()


@pytest.fixture
def writer(tmp_path: Path) -> Iterator[Writer]:
    made = Writer(tmp_path / "checkpoints")
    yield made
    made.close()


def test_the_caller_goes_on_while_the_disk_hangs(writer: Writer, tmp_path: Path) -> None:
    held = Held(arrays(1))
    assert (writer.busy, writer.wait()) == (False, None)
    writer.submit(1, held, ABOUT, 0.0)
    writer.check()
    assert (writer.busy, writer.saved) == (True, None)
    with pytest.raises(ValueError, match="step 2 has to wait"):
        writer.submit(2, arrays(2), ABOUT, 0.0)
    held.let_go.set()
    saved = writer.wait()
    assert saved is not None
    assert saved == writer.saved
    assert checkpoint.look(tmp_path / "checkpoints") == ([saved], [])
    assert_equal(saved.read(), arrays(1))
    assert not writer.busy
    writer.submit(2, arrays(2), ABOUT, 0.0)
    assert writer.wait() != saved


def test_closing_waits_for_what_has_begun(writer: Writer, tmp_path: Path) -> None:
    held = Held(arrays(1))
    writer.submit(1, held, ABOUT, 0.0)
    threading.Timer(0.1, held.let_go.set).start()
    writer.close()
    assert [found.step for found in checkpoint.look(tmp_path / "checkpoints")[0]] == [1]


ENDS_AT_ONCE = """
import pathlib, sys
import numpy as np
from trainer.checkpoints.writer import Writer

Writer(pathlib.Path(sys.argv[1])).submit(1, {"a": np.ones(5_000_000)}, {}, 0.0)
{end}
"""


@pytest.mark.parametrize("end", ["", "raise SystemExit(1)", "raise KeyError('no such')"])
def test_python_ends_when_the_checkpoint_is_whole(end: str, tmp_path: Path) -> None:
    program = ENDS_AT_ONCE.replace("{end}", end)
    subprocess.run([sys.executable, "-c", program, str(tmp_path)], capture_output=True, check=False)
    assert [found.step for found in checkpoint.look(tmp_path)[0]] == [1]


def test_a_failed_save_is_told_wherever_the_training_asks(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    writer = Writer(tmp_path / "file")
    writer.submit(1, arrays(1), ABOUT, 0.0)
    for ask in (writer.wait, writer.check, lambda: writer.submit(2, arrays(2), ABOUT, 0.0)):
        with pytest.raises(JobError, match=r"step 1, .* cannot be written to .*file: Not a directory"):
            ask()
    assert not writer.busy
    assert writer.saved is None
    writer.close()


def test_a_mistake_of_ours_comes_with_its_place(writer: Writer) -> None:
    writer.submit(1, {"a": np.array([None])}, ABOUT, 0.0)
    with pytest.raises(ValueError, match="a is of the type object") as raised:
        writer.wait()
    assert [place.name for place in raised.traceback][-1] == "save"


def test_what_it_costs_is_the_callers_time_and_the_threads_work(writer: Writer) -> None:
    assert writer.cost == 0
    held = Held(arrays(1))
    writer.submit(1, held, ABOUT, 2.0)
    before = time.monotonic()
    time.sleep(0.6)  # the disk's time is nobody's loss
    held.let_go.set()
    writer.wait()
    assert 2.0 < writer.cost < 2.0 + time.monotonic() - before - 0.4
    few = writer.cost
    writer.submit(2, {"a": np.ones(10_000_000)}, ABOUT, 2.0)
    writer.wait()
    assert writer.cost > few


def test_old_ones_go_when_their_successors_have_been_sent(tmp_path: Path) -> None:
    for step in (10, 20, 30):
        save(tmp_path, step)  # found at the start: S3 has them
    writer = Writer(tmp_path)
    for step in (40, 50):
        writer.submit(step, arrays(step), {"history": [step / 3]}, 0.0)
        writer.wait()
    writer.close()
    assert steps(tmp_path) == ([50, 40, 30, 20], [])
