"""The next local cloud ends the processes that a killed one left, and reports its jobs."""

import os
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from scripts import localcloud
from scripts.localcloud.sagemaker.journal import Journal, clean_up, process_start
from tests.unit.localcloud.processes import is_gone, kill, verb, wait_until

pytestmark = pytest.mark.e2e


@pytest.mark.parametrize("leader", ["runs on", "has ended"])
def test_jobs_of_a_killed_local_cloud_are_ended_and_reported(
    stopped_after: Path, account_of: Callable[[localcloud.Cloud], Any], leader: str
) -> None:
    cloud = localcloud.start()
    account = account_of(cloud)
    name = account.create(
        """
import subprocess, tempfile
pathlib.Path(tempfile.mkstemp()[1]).write_text("half")
print(os.getpid(), subprocess.Popen(["sleep", "1000"]).pid, tempfile.gettempdir(), flush=True)
time.sleep(1000)
""",
        InputDataConfig=[account.channel(InputMode="FastFile")],
    )
    account.wait_until(name, lambda _: len(account.lines(name)) > 1)
    program, child, temporary = account.lines(name)[-1].split()
    kill(cloud)
    if leader == "has ended":
        os.kill(int(program), signal.SIGKILL)
    assert not is_gone(int(child))
    up = verb("up")
    assert f"Training job {name} was running when the local cloud was killed; it is lost." in up.stdout
    assert "was ended" in up.stdout
    assert name in (stopped_after / "build/local-cloud/server.log").read_text()
    wait_until(lambda: is_gone(int(program)) and is_gone(int(child)))
    assert not Path(temporary).exists()
    assert not list((stopped_after / "build/local-cloud").glob("jobs/*"))
    assert verb("down").returncode == 0
    assert "lost" not in verb("up").stdout


def test_a_process_that_reuses_a_number_is_not_killed(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "running")
    with subprocess.Popen(["sleep", "1000"], start_new_session=True) as other:
        try:
            journal.write("mine", other.pid)
            entry = tmp_path / "running" / "mine"
            entry.write_text(entry.read_text().replace(str(process_start(other.pid)), "1"))
            (line,) = clean_up(journal, tmp_path / "jobs")
            assert "mine was running" in line
            assert "was ended" not in line
            assert not is_gone(other.pid)
        finally:
            other.kill()
