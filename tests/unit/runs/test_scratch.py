"""Temporary folders of killed downloads are removed, those of running ones are not."""

import os
import signal
import subprocess
import sys
from pathlib import Path

from scripts.runs.scratch import remove_leftovers, temporary_folder

HOLD = """
import pathlib, time
from scripts.runs.scratch import temporary_folder
with temporary_folder(pathlib.Path({run!r})) as folder:
    (folder / "half").write_text("x")
    print(folder.name, flush=True)
    time.sleep(60)
"""


def test_the_folder_of_a_killed_command_is_removed_and_that_of_a_living_one_stays(tmp_path: Path) -> None:
    run = tmp_path / "runs" / "one"
    run.mkdir(parents=True)
    process = subprocess.Popen([sys.executable, "-c", HOLD.format(run=str(run))], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    held = run / process.stdout.readline().strip()
    remove_leftovers(tmp_path / "runs")
    assert (held / "half").exists()
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert held.exists()
    remove_leftovers(tmp_path / "runs")
    assert list(run.iterdir()) == []


def test_an_old_partial_file_is_removed_and_a_new_one_stays(tmp_path: Path) -> None:
    run = tmp_path / "runs" / "one"
    run.mkdir(parents=True)
    for name in ("record.json", ".record.json-abc", ".data.jsonl", ".request.json-def"):
        (run / name).touch()
        if name != ".request.json-def":
            os.utime(run / name, (0, 0))
    remove_leftovers(tmp_path / "runs")
    assert sorted(path.name for path in run.iterdir()) == [".request.json-def", "record.json"]


def test_the_folder_of_this_process_is_gone_after_the_block(tmp_path: Path) -> None:
    run = tmp_path / "runs" / "one"
    run.mkdir(parents=True)
    with temporary_folder(run) as folder:
        remove_leftovers(tmp_path / "runs")
        assert folder.exists()
    assert list(run.iterdir()) == []
