"""`make cloud-up FAULTS=…`, `make cloud-faults` and `make cloud-status`, as the documentation types them."""

import os
import subprocess
import sys
from pathlib import Path

import pytest


def verb(name: str, faults: str = "") -> str:
    """Run a command of the local cloud; give what it printed."""
    ended = subprocess.run(
        [sys.executable, "-m", "scripts.cloud", name],
        env={**os.environ, "FAULTS_TEXT": faults},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


@pytest.mark.e2e
def test_faults_are_set_shown_and_ended(stopped_after: Path) -> None:
    assert "  * 503 20%: struck 0 of 0 calls" in verb("up", "* 503 20%")
    assert "  sts expired: struck 0 of 0 calls" in verb("up", "sts expired")  # It runs already.
    assert "Faults, with seed=4:" in verb("faults", "* cut-before, seed=4")
    assert "  * cut-before: struck 0 of 0 calls" in verb("status")  # Its own calls get no faults.
    assert "sagemaker:CreateTrainingJob" in verb("faults", "sagemaker:CreateTrainingJob cut-after 1x")
    assert verb("faults") == "The local cloud gives no faults.\n"
    assert "Faults" not in verb("status")
