"""A job that loses its spot instance, gets more epochs, is stopped and resumes has the result of an uninterrupted job.

It takes half a minute or more: each of its five runs starts TensorFlow. What interrupts a run finds it paused at a
checkpoint, so the runs can be short.
"""

import json
import os
import re
import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.conftest import Project
from tests.few_digits import write_few_digits

pytestmark = pytest.mark.e2e

LOCAL = "CLOUD=local"
# Five steps an epoch. This schedule does not depend on the epochs.
HP = "HP=batch_size=20 epochs={epochs} checkpoint_steps=2 learning_rate_schedule=constant"
JOB = re.compile(r"^Run: (few-\S+)$", re.MULTILINE)
EPOCH = re.compile(r"^ *(\d+)/\d+  +(.*?) +\S+ +\S+$", re.MULTILINE)  # the last two columns are times
STATE = re.compile(r"^state after step \d+ of \d+: sha256 [0-9a-f]{64}", re.MULTILINE)


@pytest.fixture(scope="module")
def few(yard: Project, demo: str) -> Project:
    """The yard with a small job."""
    write_few_digits(yard)
    return yard


def pause(process: "subprocess.Popen[str]", step: int) -> tuple[str, int, str]:
    """Wait until the program of a job that make has started has a checkpoint of this step or later, and pause it.

    Returns:
        The job's name, the number of its program's process, and what make has printed.
    """
    assert process.stdout is not None
    output = ""
    for line in process.stdout:
        output += line
        if "Training: " in line:
            break
    job, program = JOB.findall(output)[0], None
    while program is None:
        assert process.poll() is None, output
        time.sleep(0.1)
        program = program_of(job)
    checkpoints = Path(environment(program)["SAGEMAKER_BASE_DIR"], "checkpoints")
    while not any(int(path.parent.name[5:]) >= step for path in checkpoints.glob("step-*/manifest.json")):
        assert process.poll() is None, output
        time.sleep(0.01)
    os.kill(program, signal.SIGSTOP)
    return job, program, output


def program_of(job: str) -> int | None:
    """The process in which a job's program runs."""
    numbers = (int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit())
    return next((number for number in numbers if environment(number).get("TRAINING_JOB_NAME") == job), None)


def environment(process: int) -> dict[str, str]:
    """The environment variables of a process; none of one that has ended, or is another user's."""
    try:
        entries = Path("/proc", str(process), "environ").read_text().split("\0")
    except OSError:
        return {}
    return dict(entry.split("=", 1) for entry in entries if "=" in entry)


def epochs(output: str) -> dict[int, str]:
    """What came of each epoch, without what differs between any two runs."""
    return {int(number): values for number, values in EPOCH.findall(output)}


def test_an_interrupted_stopped_and_resumed_job_has_the_uninterrupted_result(few: Project) -> None:
    uninterrupted = few.make("train", "JOB=few", HP.format(epochs=10), "YES=1", LOCAL)
    (state,) = STATE.findall(uninterrupted)

    first, begun = spot_job_that_loses_its_instance(few)
    second, step = stopped_job_with_more_epochs(few, first)
    end = few.make("resume", f"RUN={second}", LOCAL)

    (third,) = JOB.findall(end)
    assert STATE.findall(end) == [state]
    assert {**epochs(begun), **epochs(end)}.items() <= epochs(uninterrupted).items()
    assert list(epochs(begun)) == [1, 2, 3, 4]
    assert list(epochs(end))[-1] == 10
    assert resumed_from(end) == step
    assert (few.folder / "runs" / third / "model" / "model.keras").is_file()
    assert re.search(rf"^{third} +Completed .* {second}$", few.make("jobs", LOCAL), re.MULTILINE)


def resumed_from(output: str) -> int:
    """The step that a job says it resumes from."""
    (step,) = re.findall(r"^resumes from .*: step (\d+) of", output, re.MULTILINE)
    return int(step)


def spot_job_that_loses_its_instance(few: Project) -> tuple[str, str]:
    """Run four epochs as a spot job; its instance is taken away after a checkpoint. Gives its name and the output."""
    job_file = few.folder / "jobs" / "few.toml"  # a job of another name would upload its images anew
    on_demand = job_file.read_text()
    job_file.write_text("spot = true\n" + on_demand)
    typed = ("train", LOCAL, "JOB=few", HP.format(epochs=4), "YES=1", "INTERRUPT=0s:checkpoint:kill")
    with few.start("make", *typed) as process:
        job, _, output = pause(process, 2)
        output += process.communicate()[0]
    job_file.write_text(on_demand)
    assert process.returncode == 0, output
    assert re.search(r"^\S+ Interrupted: The managed spot training instances were interrupted$", output, re.MULTILINE)
    assert 0 < resumed_from(output) < 20
    record = json.loads((few.folder / "runs" / job / "record.json").read_text())
    assert (record["status"], record["interruptions"]) == ("Completed", 1)
    assert record["billable_seconds"] == -(-record["seconds"] * 3 // 10)
    assert record["saved_seconds"] == record["seconds"] - record["billable_seconds"]
    assert "interrupted once; saved" in output
    return job, output


def stopped_job_with_more_epochs(few: Project, completed: str) -> tuple[str, int]:
    """Resume a job with more epochs; Ctrl-C leaves it running, and `make stop` stops it. Gives its name and step."""
    with few.start("make", "resume", f"RUN={completed}", "HP=epochs=10", LOCAL) as process:
        job, program, output = pause(process, 22)
        os.killpg(process.pid, signal.SIGINT)
        output += process.communicate()[0]
    assert f"{job} resumes {completed} from s3://" in output
    assert "the job before it cost" in output.lower()
    assert f"make logs RUN={job}" in output
    assert f"make stop RUN={job}" in output
    assert "InProgress" in few.make("jobs", LOCAL)
    few.make("stop", f"RUN={job}", LOCAL)
    os.kill(program, signal.SIGCONT)
    few.make("model", f"RUN={job}", LOCAL)
    record = json.loads((few.folder / "runs" / job / "record.json").read_text())
    assert record["status"] == "Stopped"
    assert (few.folder / "runs" / job / "model" / "model.keras").is_file()
    log = few.make("logs", f"RUN={job}", LOCAL)
    assert resumed_from(log) == 20
    (step,) = re.findall(r"^state after step (\d+) of 50:", log, re.MULTILINE)
    assert 22 <= int(step) < 50
    return job, int(step)
