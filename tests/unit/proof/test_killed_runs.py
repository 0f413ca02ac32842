"""Runs that are killed at random moments end as one that was left alone, and one that does not is found."""

import os
import random
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import pytest

from scripts import digits, proof
from scripts.proof.job import environment
from scripts.proof.journey import Pace
from scripts.proof.kills import TRAINING, Kill
from tests.conftest import ROOT, clean_environment

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]


@dataclass(frozen=True)
class Alone:
    """A run that was left alone."""

    root: Path
    result: proof.Result
    pace: Pace


def left_alone(root: Path, hosts: int) -> Alone:
    digits.write(root / "digits")
    return Alone(root, *proof.uninterrupted(proof.Job(root, "alone", hosts, proof.as_process)))


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Alone:
    return left_alone(tmp_path_factory.mktemp("alone"), 1)


def killed(alone: Alone, hosts: int) -> None:
    """Kill a run twice and see that it ends as the one left alone."""
    seed = random.SystemRandom().randrange(10_000)
    print(f"make prove-resume SEED={seed} KILLS=2 HOSTS={hosts}")  # shown where it fails
    *legs, result = proof.travel(
        proof.Job(alone.root, "killed", hosts, proof.as_process), proof.draw(seed, 2, hosts), alone.pace
    )
    for number, leg in enumerate(legs, 1):
        assert isinstance(leg, proof.Leg)
        print(proof.row(number, leg, hosts))
    assert [isinstance(leg, proof.Leg) and leg.kill is not None for leg in legs] == [True, True, False]
    assert result == alone.result


def test_killed_twice_it_ends_as_if_nothing_had_happened(alone: Alone) -> None:
    killed(alone, 1)


def test_two_workers_end_as_if_nothing_had_happened(tmp_path: Path) -> None:
    killed(left_alone(tmp_path, 2), 2)


def test_a_run_that_goes_on_otherwise_is_found(alone: Alone) -> None:
    """It goes on from the weights alone: the optimizer, the step and the random state begin anew."""

    def from_weights(base: Path, log: IO[bytes]) -> "subprocess.Popen[bytes]":
        more = ["--resume=weights"] if (base / "checkpoints").exists() else []
        return subprocess.Popen(
            [sys.executable, "-m", "trainer", "train", *more],
            env={**clean_environment(), **environment(base)},
            stdout=log,
            stderr=subprocess.STDOUT,
        )

    kill = Kill(signal.SIGKILL, TRAINING, 0.5, 0.5, (0,))
    *_, result = proof.travel(proof.Job(alone.root, "otherwise", 1, from_weights), [kill], alone.pace)
    assert isinstance(result, proof.Result)
    assert result.step == alone.result.step
    equal, lines = proof.verdict(alone.result, result)
    assert not equal
    assert lines[-1] == "NOT equal."


def test_a_run_that_fails_is_told_with_its_log(tmp_path: Path) -> None:
    with pytest.raises(proof.BrokenError, match=r"ended by itself with \[1\]"):  # there are no images
        proof.uninterrupted(proof.Job(tmp_path, "alone", 1, proof.as_process))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_leaves_no_process_and_no_folder(tmp_path: Path, number: signal.Signals) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "scripts.prove_resume"],
        cwd=ROOT,
        env={**clean_environment(), "HOSTS_TEXT": "2", "TMPDIR": str(tmp_path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        # What ignores SIGINT hands that on, as a shell does to what it starts in the background.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    ) as process:
        try:
            deadline = time.monotonic() + 60
            while len(programs_below(tmp_path)) < 2:
                assert time.monotonic() < deadline
                time.sleep(0.1)
            process.send_signal(number)
            said, _ = process.communicate(timeout=60)
        finally:
            process.terminate()
    assert process.returncode == 130, said
    assert said.endswith("Interrupted; no process is left. The same command starts anew.\n")
    assert programs_below(tmp_path) == []
    assert list(tmp_path.iterdir()) == []


def programs_below(folder: Path) -> list[str]:
    """The processes whose job is below a folder (Linux only)."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and f"SAGEMAKER_BASE_DIR={folder}".encode() in (entry / "environ").read_bytes():
                found.append(entry.name)
        except OSError:
            continue  # ended meanwhile, or another user's
    return found


def test_the_verb_tells_of_a_difference(tmp_path: Path) -> None:
    """A trainer that ends at once, without a word, is no proof."""
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
    assert "NOT as it should be: The run ended by itself with [0]" in ended.stdout
    (kept,) = tmp_path.glob("prove-resume-*")
    assert str(kept) in ended.stdout
