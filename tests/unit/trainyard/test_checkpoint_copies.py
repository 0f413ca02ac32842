"""Checkpoints after the machine was lost while they were written or copied."""

import random
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.trainyard.checkpoint_files import Files, files, folder_of, save, states, steps, write
from trainyard.checkpoints import checkpoint
from trainyard.checkpoints.checkpoint import ABOUT, UPLOAD_SECONDS

KILLS = """
import os, pathlib, signal, sys
from tests.unit.trainyard.checkpoint_files import after_each_change, save, steps

for moment in range(1, 1000):
    folder = pathlib.Path(sys.argv[1], str(moment))
    save(folder, 10)
    if not (child := os.fork()):
        left = iter(range(moment - 1))
        kill = lambda: next(left, None) is None and os.kill(os.getpid(), signal.SIGKILL)
        after_each_change(lambda: save(folder, 20), kill)
        os._exit(0)
    if os.waitpid(child, 0)[1] == 0:
        break
    print(*steps(folder))
assert steps(folder) == ([20, 10], [])
"""


@pytest.mark.e2e
def test_a_kill_at_any_moment_of_a_save_leaves_the_earlier_checkpoint_complete(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", KILLS, str(tmp_path)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found = done.stdout.splitlines()
    torn = "[10] ['step-00000020']"
    assert found[0] in ("[10] []", torn)
    assert found.count(torn) > 10
    assert found[-1] == "[20, 10] []"
    assert found == sorted(found, key=["[10] []", torn, "[20, 10] []"].index)


@pytest.fixture(scope="module")
def history() -> Iterator[list[Files]]:
    """The states of a folder in which a run saved, renamed a torn checkpoint, saved again and pruned."""

    def run() -> None:
        for step in (10, 20, 30, 40, 50):
            if step == 40:
                save(folder, 40)
                (folder / "step-00000040" / ABOUT).write_text("torn by something")
                checkpoint.rename_to_aside(checkpoint.find_checkpoints(folder)[1][0].path)
            save(folder, step)
            checkpoint.prune(folder, {}, 0)

    with folder_of() as folder:
        yield states(folder, run)


@pytest.mark.e2e
@settings(max_examples=80, deadline=None)
@given(data=st.data())
def test_each_copied_checkpoint_is_complete_or_torn(history: list[Files], data: st.DataObject) -> None:
    names = sorted({name for state in history for name in state})
    # Each file is from another moment: moments close together, as in a real copy, or far apart.
    first = data.draw(st.integers(0, len(history) - 1))
    last = data.draw(st.integers(first, len(history) - 1))
    moments = data.draw(st.lists(st.integers(first, last), min_size=len(names), max_size=len(names)))
    copy = {name: history[at][name] for name, at in zip(names, moments, strict=True) if name in history[at]}
    with folder_of() as folder:
        complete, torn = steps(write(folder, copy))  # asserts that the complete ones hold what was saved
        assert len(complete) + len(torn) == len({name[:13] for name in copy if name.startswith("step-")})


def copied_run(folder: Path, waits: list[tuple[float, float]]) -> tuple[list[tuple[float, Files]], float]:
    """Save and prune, with a simulated clock.

    Args:
        folder: for the checkpoints.
        waits: seconds before each save, and seconds that it takes.

    Returns:
        The states of the folder with their times, and the time at which the first checkpoint was finished.
    """
    now, log = 0.0, [(-UPLOAD_SECONDS, files(folder))]
    finished: dict[int, float] = {}
    for step, (pause, duration) in enumerate(waits, start=10):
        seen = states(folder, lambda step=step: save(folder, step))  # type: ignore[misc]
        log += [(now + pause + duration * at / len(seen), state) for at, state in enumerate(seen, start=1)]
        now = finished[step] = now + pause + duration
        seen = states(folder, lambda now=now: checkpoint.prune(folder, finished, now))  # type: ignore[misc]
        log += [(now, state) for state in seen]
    recent = sum(now - then < UPLOAD_SECONDS for then in finished.values())
    assert len(list(folder.glob("step-*"))) <= 2 + recent  # old ones are deleted
    return log, finished[10]


@pytest.mark.e2e
@settings(max_examples=20, deadline=None)
@given(
    found=st.booleans(),
    waits=st.lists(st.tuples(st.floats(0, 90), st.floats(0, 90)), min_size=3, max_size=6),
    chance=st.randoms(use_true_random=False),
)
def test_a_copy_less_than_a_minute_late_always_holds_a_complete_checkpoint(
    found: bool, waits: list[tuple[float, float]], chance: random.Random
) -> None:
    with folder_of(*[5] * found) as folder:
        log, first = copied_run(folder, waits)
    for time, now in log:
        late = [state for then, state in log if then <= time - UPLOAD_SECONDS][-1:]
        window = late + [state for then, state in log if time - UPLOAD_SECONDS < then <= time]
        if (not found and time < first + UPLOAD_SECONDS) or window[0].keys() <= now.keys():
            continue  # nothing had the time to arrive, or nothing was deleted
        # The worst copier deletes at once and copies late; another one is random.
        newest = max(now.keys() & window[0].keys(), default="")
        worst = {name: window[0] if name > newest else now for name in now | window[0]}
        for view in (worst, {name: chance.choice(window) for name in now | window[0]}):
            with folder_of() as copy:
                assert steps(write(copy, {name: seen[name] for name, seen in view.items() if name in seen}))[0]
