"""Nobody stops the local cloud under another command or a job without a question."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from scripts import localcloud
from scripts.core.errors import UserError
from scripts.demo_steps import alone
from scripts.demo_steps.journey import RUN, TUNING, named
from tests.unit.localcloud.processes import is_gone, verb, wait_until

pytestmark = pytest.mark.e2e

# What the demo does at its end, in a process of its own.
END_OF_DEMO = """
import os, sys
from pathlib import Path
from scripts import localcloud
from scripts.demo_steps import journey
use = localcloud.use()
cloud = localcloud.start(lifetime=True)
print(cloud.pid, flush=True)
sys.stdin.readline()
os.close(use)
journey._stop(cloud, Path("build/demo/training.log"))
"""


def is_free() -> bool:
    with localcloud.unused() as free:
        return free


@pytest.mark.usefixtures("stopped_after")
def test_a_command_uses_the_local_cloud_until_it_ends() -> None:
    localcloud.start()
    assert is_free()
    command = [sys.executable, "-m", "scripts.cloud", "exec", "--", sys.executable, "-c", "input()"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, text=True) as process:
        wait_until(lambda: not is_free())
        refused = verb("down")
        assert refused.returncode == 2
        assert refused.stderr.splitlines() == [
            "Error: There is no terminal to ask at: Stop the local cloud, which runs for another command?",
            "Fix:   Confirm beforehand with YES=1. `make jobs CLOUD=local` lists the jobs.",
        ]
        process.communicate("\n")
    wait_until(is_free)
    assert verb("down").returncode == 0


@pytest.mark.usefixtures("stopped_after")
def test_cloud_down_names_running_jobs(account_of: Callable[[localcloud.Cloud], Any]) -> None:
    account = account_of(localcloud.start())
    name = account.create("time.sleep(100)")
    account.wait_until(name, lambda job: job["SecondaryStatus"] == "Training")
    assert f"which runs for {name}?" in verb("down").stderr
    assert localcloud.running() is not None
    assert verb("down", YES_TEXT="1").stdout == "The local cloud is stopped.\n"
    assert localcloud.running_jobs() == []


@pytest.mark.usefixtures("stopped_after")
@pytest.mark.parametrize("is_used", [True, False])
def test_the_end_of_a_demo_stops_the_local_cloud_unless_a_command_uses_it(is_used: bool) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", END_OF_DEMO], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as demo:
        assert demo.stdout is not None
        pid = int(demo.stdout.readline())
        use = localcloud.use() if is_used else None
        output, _ = demo.communicate("\n", timeout=60)
        assert demo.returncode == 0
    if use is None:
        assert "The local cloud is stopped" in output
        wait_until(lambda: is_gone(pid))
        return
    assert "The local cloud runs on at http://127.0.0.1:" in output
    assert "for another command.\n`make cloud-down` stops it.\n" in output
    os.close(use)
    cloud = localcloud.running()
    assert cloud is not None
    assert cloud.pid == pid


def test_a_second_demo_is_refused_and_the_lock_of_a_killed_one_is_free(root: Path) -> None:
    program = (
        "import time\nfrom scripts.demo_steps import alone\nwith alone():\n    print(flush=True)\n    time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) as first:
        assert first.stdout is not None
        first.stdout.readline()
        with (
            pytest.raises(UserError, match=rf"A demo is running in this folder already \(process {first.pid}\)"),
            alone(),
        ):
            pass
        first.send_signal(signal.SIGKILL)
    with alone():
        pass
    assert root.exists()


def test_the_demo_finds_its_own_run_in_the_output_of_its_training() -> None:
    assert named(["Cost: 1", "Run: digits-1", "epoch 1"], RUN) == "digits-1"
    assert named(["Cost: 1", "Tuning: digits-2"], TUNING) == "digits-2"
    assert named(["Cost: 1"], RUN) is None
