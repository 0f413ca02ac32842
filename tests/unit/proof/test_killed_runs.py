"""Runs that are killed at random moments have the result of an uninterrupted run; a difference is found."""

import os
import random
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

import pytest

from scripts import digits, proof
from scripts.proof.attempts import Timing
from scripts.proof.job import environment
from scripts.proof.kills import TRAINING, Kill
from tests.conftest import ROOT, clean_environment
from tests.unit.trainer.forked import Program

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]

# 135 steps: enough for two kills, and a step of two hosts costs much.
EPOCHS = 3


@dataclass(frozen=True)
class Baseline:
    """The uninterrupted run that others are compared with."""

    root: Path
    result: proof.Result
    timing: Timing


def start_fork(base: Path, log: IO[bytes], *arguments: str) -> "subprocess.Popen[bytes]":
    """Start a host's program as a fork; tests/e2e/test_docs.py types `make prove-resume`, which starts processes."""
    environ = {**clean_environment(), **environment(base)}
    return cast("subprocess.Popen[bytes]", Program(["trainer", "train", *arguments], ROOT, environ, log))


def run_baseline(root: Path, hosts: int) -> Baseline:
    digits.write(root / "digits")
    return Baseline(root, *proof.run_uninterrupted(proof.Job(root, "baseline", hosts, start_fork, EPOCHS)))


@pytest.fixture(scope="module")
def baseline(tmp_path_factory: pytest.TempPathFactory) -> Baseline:
    return run_baseline(tmp_path_factory.mktemp("baseline"), 1)


def check_killed_run(baseline: Baseline, hosts: int, kills: int) -> None:
    """Kill a run and check that its result is that of the uninterrupted run."""
    seed = random.SystemRandom().randrange(10_000)
    print(f"make prove-resume SEED={seed} KILLS={kills} HOSTS={hosts}")  # pytest shows it if the test fails
    *records, result = proof.run_with_kills(
        proof.Job(baseline.root, "killed", hosts, start_fork, EPOCHS),
        proof.draw_kills(seed, kills, hosts),
        baseline.timing,
    )
    for number, record in enumerate(records, 1):
        assert isinstance(record, proof.AttemptRecord)
        print(proof.attempt_row(number, record, hosts))
    was_killed = [isinstance(record, proof.AttemptRecord) and record.kill is not None for record in records]
    assert was_killed == [*[True] * kills, False]
    assert result == baseline.result


def test_a_run_that_is_killed_twice_has_the_same_result(baseline: Baseline) -> None:
    """Half a minute: the run starts TensorFlow four times."""
    check_killed_run(baseline, hosts=1, kills=2)


def test_two_killed_workers_have_the_same_result(tmp_path: Path) -> None:
    """It takes half a minute or more: three times two workers start and find each other."""
    check_killed_run(run_baseline(tmp_path, 2), hosts=2, kills=1)


def test_a_run_that_resumes_from_weights_alone_is_not_equal(baseline: Baseline) -> None:
    """The optimizer, the step and the random state start from the beginning."""

    def from_weights(base: Path, log: IO[bytes]) -> "subprocess.Popen[bytes]":
        return start_fork(base, log, *(["--resume=weights"] if (base / "checkpoints").exists() else []))

    kill = Kill(signal.SIGKILL, TRAINING, 0.5, 0.5, (0,))
    *_, result = proof.run_with_kills(
        proof.Job(baseline.root, "weights", 1, from_weights, EPOCHS), [kill], baseline.timing
    )
    assert isinstance(result, proof.Result)
    assert result.step == baseline.result.step
    equal, lines = proof.compare(baseline.result, result)
    assert not equal
    assert lines[-1] == "NOT equal."


def test_a_failed_run_is_reported_with_its_log(tmp_path: Path) -> None:
    with pytest.raises(proof.ProofError, match=r"ended by itself with \[1\]"):  # there are no images
        proof.run_uninterrupted(proof.Job(tmp_path, "baseline", 1, start_fork))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_leaves_no_process_and_no_folder(tmp_path: Path, number: signal.Signals) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "scripts.prove_resume"],
        cwd=ROOT,
        env={**clean_environment(), "HOSTS_TEXT": "2", "TMPDIR": str(tmp_path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        try:
            deadline = time.monotonic() + 60
            while len(programs_below(tmp_path)) < 2:
                assert time.monotonic() < deadline
                time.sleep(0.1)
            process.send_signal(number)
            output, _ = process.communicate(timeout=60)
        finally:
            process.terminate()
    assert process.returncode == 130, output
    assert output.endswith("Interrupted. No process is left; run the same command to start over.\n")
    assert programs_below(tmp_path) == []
    assert list(tmp_path.iterdir()) == []


def programs_below(folder: Path) -> list[str]:
    """The processes whose job is in a folder (Linux only)."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and f"SAGEMAKER_BASE_DIR={folder}".encode() in (entry / "environ").read_bytes():
                found.append(entry.name)
        except OSError:
            continue  # ended meanwhile, or another user's
    return found


def test_the_verb_reports_a_difference(tmp_path: Path) -> None:
    """A trainer that ends at once without any output proves nothing."""
    (tmp_path / "trainer").mkdir()
    for name in ("__init__.py", "__main__.py"):
        (tmp_path / "trainer" / name).touch()
    ended = subprocess.run(
        [sys.executable, "-P", "-m", "scripts.prove_resume"],
        cwd=tmp_path,
        env={**clean_environment(), "PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}", "TMPDIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 1, ended.stderr
    assert "FAILED: The run ended by itself with [0]" in ended.stdout
    (kept,) = tmp_path.glob("prove-resume-*")
    assert str(kept) in ended.stdout
