"""Runs that are killed are started again to their end; a result that differs is found.

The runs are of a program that starts at once. With our trainer, tests/e2e/test_docs.py types `make prove-resume`, and
tests/unit/trainer/test_several_hosts.py kills two hosts.
"""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import IO

import pytest

from scripts import proof
from scripts.proof.job import StartProgram, environment
from scripts.proof.kills import TRAINING, Kill
from tests.conftest import ROOT, clean_environment

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]

COUNTER = Path(__file__).with_name("counter.py")


def start(base: Path, log: IO[bytes], *arguments: str) -> "subprocess.Popen[bytes]":
    """Start a host's program."""
    environ = {**clean_environment(), **environment(base)}
    return subprocess.Popen([sys.executable, str(COUNTER), *arguments], env=environ, stdout=log, stderr=log)


def start_to_be_killed(kills: int, *arguments: str) -> StartProgram:
    """Starts a host's program; its first ``kills`` attempts run until they are killed."""

    def start_attempt(base: Path, log: IO[bytes]) -> "subprocess.Popen[bytes]":
        attempt = len(list(base.glob("log-*.txt")))
        return start(base, log, *arguments, *(["--to-be-killed"] if attempt <= kills else []))

    return start_attempt


def start_failing(base: Path, log: IO[bytes]) -> "subprocess.Popen[bytes]":
    """Start a program that fails."""
    return start(base, log, "--fail")


@pytest.mark.parametrize("hosts", [1, 2])
def test_a_run_that_is_killed_at_each_moment_has_the_same_result(tmp_path: Path, hosts: int) -> None:
    uninterrupted, timing = proof.run_uninterrupted(proof.Job(tmp_path, "uninterrupted", hosts, start, 1))
    assert (uninterrupted.step, timing.steps) == (80, 80)
    kills = proof.draw_kills(1, 3, hosts)
    job = proof.Job(tmp_path, "killed", hosts, start_to_be_killed(len(kills)), 1)
    *records, result = proof.run_with_kills(job, kills, timing)
    rows = [
        proof.attempt_row(number, record, hosts)
        for number, record in enumerate(records, 1)
        if isinstance(record, proof.AttemptRecord)
    ]
    assert [record.kill for record in records if isinstance(record, proof.AttemptRecord)] == [*kills, None], rows
    assert result == uninterrupted, rows


@pytest.mark.parametrize("hosts", [(0,), (1,), (0, 1)])
def test_hosts_that_are_not_killed_end_by_themselves(tmp_path: Path, hosts: tuple[int, ...]) -> None:
    timing = proof.Timing(start=0.2, checkpoint=0.1, steps=80)
    kill = Kill(signal.SIGKILL, TRAINING, 0.5, 0.5, hosts)
    job = proof.Job(tmp_path, "killed", 2, start_to_be_killed(1), 1)
    first, last, _ = proof.run_with_kills(job, [kill], timing)
    assert isinstance(first, proof.AttemptRecord)
    assert isinstance(last, proof.AttemptRecord)
    other = 1 - hosts[0]
    assert first.exit_codes[hosts[0]] == -signal.SIGKILL
    # A host that is killed as the second may have ended before, because the first was lost.
    assert first.exit_codes[other] == 1 or (first.exit_codes[other] == -signal.SIGKILL and other in hosts)
    assert (first.survivor_seconds is None) == (len(hosts) == 2)
    assert last.resumed_from in {20, 30, 40, 50, 60, 70}
    assert last.exit_codes == (0, 0)


def test_a_run_that_loses_something_when_it_resumes_is_not_equal(tmp_path: Path) -> None:
    uninterrupted, timing = proof.run_uninterrupted(proof.Job(tmp_path, "uninterrupted", 1, start, 1))
    kill = Kill(signal.SIGKILL, TRAINING, 0.5, 0.5, (0,))
    forgetful = start_to_be_killed(1, "--forget")
    *_, result = proof.run_with_kills(proof.Job(tmp_path, "killed", 1, forgetful, 1), [kill], timing)
    assert isinstance(result, proof.Result)
    assert result.step == uninterrupted.step
    equal, lines = proof.compare(uninterrupted, result)
    assert not equal
    assert lines[-1] == "NOT equal."


def test_a_failed_run_is_reported_with_its_log(tmp_path: Path) -> None:
    with pytest.raises(proof.ProofError, match=r"ended by itself with \[1\]:\n.*there are no images"):
        proof.run_uninterrupted(proof.Job(tmp_path, "baseline", 1, start_failing, 1))


def test_an_interrupt_while_a_program_is_started_ends_it_too(tmp_path: Path) -> None:
    started = []

    def start(_base: Path, _log: IO[bytes]) -> "subprocess.Popen[bytes]":
        started.append(subprocess.Popen(["sleep", "60"]))
        signal.raise_signal(signal.SIGINT)  # as if it came before Popen has returned
        return started[0]

    with pytest.raises(KeyboardInterrupt), proof.Job(tmp_path, "baseline", 2, start, 1).attempt():
        pass
    assert [program.returncode for program in started] == [-signal.SIGKILL]


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
            deadline = time.monotonic() + 300  # only ends a test that hangs: it takes 20 s on a busy machine
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
