"""A job that is stopped, killed and resumed, or loses its spot instance, has the result of the uninterrupted job.

The first two tests take half a minute or more: each run of the trainer starts TensorFlow and trains for some seconds,
so that it can be interrupted in its middle.
"""

import json
import os
import re
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import Project

pytestmark = pytest.mark.e2e

LOCAL = "CLOUD=local"
# Small batches make the job long enough to be interrupted in its middle. This schedule does not depend on the epochs.
HP = "HP=batch_size=4 epochs=6 checkpoint_steps=100 learning_rate_schedule=constant"
JOB = re.compile(r"^Run: (digits-\S+)$", re.MULTILINE)
EPOCH = re.compile(r"^ *(\d+)/\d+  +(.*?) +\S+ +\S+$", re.MULTILINE)  # the last two columns are times
STATE = re.compile(r"^state after step \d+ of \d+: sha256 [0-9a-f]{64}", re.MULTILINE)


def followed(project: Project, *typed: str, interrupt: Callable[[str], None], epochs: int) -> tuple[str, str]:
    """Type make, and interrupt the job after so many epochs; gives the name of the job and the output."""
    output = ""
    with project.start("make", *typed, LOCAL) as process:
        assert process.stdout is not None
        for line in process.stdout:
            output += line
            if EPOCH.match(line) and len(EPOCH.findall(output)) == epochs:
                interrupt(JOB.findall(output)[0])
    assert process.returncode == 2, output  # make's, for the verb's 1
    (job,) = JOB.findall(output)
    return job, output


def program_of(job: str) -> int:
    """The process in which a job's program runs."""
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and f"TRAINING_JOB_NAME={job}\0" in (entry / "environ").read_text():
                return int(entry.name)
        except OSError:
            continue  # ended meanwhile, or another user's
    raise AssertionError(f"no process runs {job}")


def epochs(output: str) -> dict[int, str]:
    """What came of each epoch, without what differs between any two runs."""
    return {int(number): values for number, values in EPOCH.findall(output)}


@pytest.fixture(scope="module")
def uninterrupted(yard: Project, demo: str) -> str:
    """What `make train` printed for an uninterrupted job."""
    return yard.make("train", "JOB=digits", HP, "YES=1", LOCAL)


def test_an_interrupted_spot_job_has_the_uninterrupted_result(yard: Project, uninterrupted: str) -> None:
    job_file = yard.folder / "jobs" / "digits.toml"  # a job of another name would upload its images anew
    on_demand = job_file.read_text()
    job_file.write_text("spot = true\n" + on_demand)
    output = yard.make("train", LOCAL, "JOB=digits", HP, "YES=1", "INTERRUPT=0s:checkpoint:kill", code=None)
    job_file.write_text(on_demand)
    assert re.search(r"^\S+ Interrupted: The managed spot training instances were interrupted$", output, re.MULTILINE)
    assert STATE.findall(output) == STATE.findall(uninterrupted)
    assert epochs(output) == epochs(uninterrupted)
    (job,) = JOB.findall(output)
    record = json.loads((yard.folder / "runs" / job / "record.json").read_text())
    assert (record["status"], record["interruptions"]) == ("Completed", 1)
    assert record["billable_seconds"] == -(-record["seconds"] * 3 // 10)
    assert record["saved_seconds"] == record["seconds"] - record["billable_seconds"]
    assert "interrupted once; saved" in output


def test_a_stopped_and_killed_job_resumes_to_the_uninterrupted_result(yard: Project, uninterrupted: str) -> None:
    def stop(job: str) -> None:
        program = program_of(job)
        os.kill(program, signal.SIGSTOP)  # it could be done before `make stop` is
        yard.make("stop", f"RUN={job}", LOCAL)
        os.kill(program, signal.SIGCONT)

    first, begun = followed(yard, "train", "JOB=digits", HP, "YES=1", interrupt=stop, epochs=1)
    assert f"{first}: Stopped" in begun

    def kill(job: str) -> None:
        os.kill(program_of(job), signal.SIGKILL)

    # By its third epoch, checkpoints of its own are in S3.
    second, middle = followed(yard, "resume", f"RUN={first}", interrupt=kill, epochs=3)
    assert f"{second} resumes {first} from s3://" in middle
    assert "the job before it cost" in middle.lower()
    assert f"{second}: Failed: AlgorithmError: , exit code: 137" in middle

    end = yard.make("resume", f"RUN={second}", LOCAL)
    (third,) = JOB.findall(end)
    assert epochs(begun) | epochs(middle) | epochs(end) == epochs(uninterrupted)
    log = begun + middle + end
    resumed_from = [int(step) for step in re.findall(r"^resumes from .*: step (\d+) of", log, re.MULTILINE)]
    assert len(resumed_from) == 2, resumed_from
    assert 0 < resumed_from[0] < resumed_from[1]
    (state,) = STATE.findall(uninterrupted)
    assert STATE.findall(end) == [state]
    assert (yard.folder / "runs" / third / "model" / "model.keras").is_file()
    assert re.search(rf"^{third} +Completed .* {second}$", yard.make("jobs", LOCAL), re.MULTILINE)


def test_a_completed_job_resumes_with_more_epochs(yard: Project, uninterrupted: str) -> None:
    (done,) = JOB.findall(uninterrupted)
    output = yard.make("resume", f"RUN={done}", "HP=epochs=7", LOCAL)
    assert list(epochs(output)) == [7]
    assert len(STATE.findall(output)) == 1  # tests/unit/trainer compares such a state with the uninterrupted one
