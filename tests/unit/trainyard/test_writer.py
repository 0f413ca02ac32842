"""Checkpoints that a thread writes while the training continues."""

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

from tests.unit.trainyard.checkpoint_files import arrays, assert_equal, save, steps
from trainyard.checkpoints import checkpoint
from trainyard.checkpoints.writer import Writer
from trainyard.errors import JobError

ABOUT: dict[str, Any] = {"history": []}


class BlockedState(dict[str, NDArray[Any]]):
    """A state whose writing hangs until it is released, as on a disk that hangs."""

    def __init__(self, state: dict[str, NDArray[Any]]) -> None:
        super().__init__(state)
        self.released = threading.Event()

    def items(self) -> ItemsView[str, NDArray[Any]]:  # type: ignore[override]
        assert self.released.wait(60)
        return super().items()


@pytest.fixture
def writer(tmp_path: Path) -> Iterator[Writer]:
    made = Writer(tmp_path / "checkpoints")
    yield made
    made.close()


def test_the_caller_continues_while_the_disk_hangs(writer: Writer, tmp_path: Path) -> None:
    blocked = BlockedState(arrays(1))
    assert (writer.busy, writer.wait()) == (False, None)
    writer.submit(1, blocked, ABOUT, 0.0)
    writer.check()
    assert (writer.busy, writer.saved) == (True, None)
    with pytest.raises(ValueError, match="step 2 has to wait"):
        writer.submit(2, arrays(2), ABOUT, 0.0)
    blocked.released.set()
    saved = writer.wait()
    assert saved is not None
    assert saved == writer.saved
    assert checkpoint.find_checkpoints(tmp_path / "checkpoints") == ([saved], [])
    assert_equal(saved.read(), arrays(1))
    assert not writer.busy
    writer.submit(2, arrays(2), ABOUT, 0.0)
    assert writer.wait() != saved


def test_close_waits_for_the_running_save(writer: Writer, tmp_path: Path) -> None:
    blocked = BlockedState(arrays(1))
    writer.submit(1, blocked, ABOUT, 0.0)
    threading.Timer(0.1, blocked.released.set).start()
    writer.close()
    assert [found.step for found in checkpoint.find_checkpoints(tmp_path / "checkpoints")[0]] == [1]


SUBMIT_AND_EXIT = """
import pathlib, sys
import numpy as np
from trainyard.checkpoints.writer import Writer

Writer(pathlib.Path(sys.argv[1])).submit(1, {"a": np.ones(5_000_000)}, {}, 0.0)
{end}
"""


@pytest.mark.e2e
@pytest.mark.parametrize("end", ["", "raise SystemExit(1)", "raise KeyError('no such')"])
def test_python_exits_only_after_the_checkpoint_is_complete(end: str, tmp_path: Path) -> None:
    program = SUBMIT_AND_EXIT.replace("{end}", end)
    subprocess.run([sys.executable, "-c", program, str(tmp_path)], capture_output=True, check=False)
    assert [found.step for found in checkpoint.find_checkpoints(tmp_path)[0]] == [1]


def test_every_method_raises_the_error_of_a_failed_save(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    writer = Writer(tmp_path / "file")
    writer.submit(1, arrays(1), ABOUT, 0.0)
    for call in (writer.wait, writer.check, lambda: writer.submit(2, arrays(2), ABOUT, 0.0)):
        with pytest.raises(JobError, match=r"step 1, .* cannot be written to .*file: Not a directory"):
            call()
    assert not writer.busy
    assert writer.saved is None
    writer.close()


def test_a_bug_in_a_save_keeps_its_traceback(writer: Writer) -> None:
    writer.submit(1, {"a": np.array([None])}, ABOUT, 0.0)
    with pytest.raises(ValueError, match="a is of the type object") as raised:
        writer.wait()
    assert [place.name for place in raised.traceback][-1] == "save"


def test_the_cost_is_the_blocked_time_plus_the_threads_cpu_time(writer: Writer) -> None:
    assert writer.cost == 0
    blocked = BlockedState(arrays(1))
    writer.submit(1, blocked, ABOUT, 2.0)
    before = time.monotonic()
    time.sleep(0.6)  # waiting for the disk costs no training time
    blocked.released.set()
    writer.wait()
    assert 2.0 < writer.cost < 2.0 + time.monotonic() - before - 0.4
    small = writer.cost
    writer.submit(2, {"a": np.ones(10_000_000)}, ABOUT, 2.0)
    writer.wait()
    assert writer.cost > small


def test_old_checkpoints_are_removed_after_newer_ones_are_uploaded(tmp_path: Path) -> None:
    for step in (10, 20, 30):
        save(tmp_path, step)  # they exist at the start, so S3 has them
    writer = Writer(tmp_path)
    for step in (40, 50):
        writer.submit(step, arrays(step), {"history": [step / 3]}, 0.0)
        writer.wait()
    writer.close()
    assert steps(tmp_path) == ([50, 40, 30, 20], [])
