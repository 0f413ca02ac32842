"""A container of a job on two instances is killed, and a new job resumes from its checkpoints.

It takes a minute or more: three jobs start TensorFlow in two containers each. Jobs on one instance are resumed by
tests/e2e/test_resume.py.
"""

import json
import re
import time
from collections.abc import Callable
from typing import Any

import boto3
import docker
import pytest

from tests.conftest import Project
from tests.errors.scene import running
from tests.few_digits import write_few_digits

pytestmark = pytest.mark.e2e

LOCAL = "CLOUD=local"
HP = "HP=batch_size=10 epochs=4 checkpoint_steps=2"  # ten steps an epoch
JOB = re.compile(r"^Run: (few-\S+)$", re.MULTILINE)
STATE = re.compile(r"^algo-1: (state after step 40 of 40: sha256 [0-9a-f]{64})", re.MULTILINE)
RESUMED = re.compile(r"^algo-1: resumes from .*: step ([1-9]\d*) of", re.MULTILINE)


@pytest.fixture(scope="module")
def yard(dock: Project, base_image: str) -> Project:
    """The project copy with an applied stack, data and the image."""
    write_few_digits(dock)
    dock.make("base", LOCAL, "JOB=few", f"BASE={base_image}")
    dock.make("image", LOCAL, "JOB=few", timeout=600)
    return dock


def job_with_a_killed_container(yard: Project, engine: docker.DockerClient) -> tuple[str, str]:
    """Run a job and kill its second container, when S3 has a checkpoint; returns the job's name and the output."""
    output = ""
    with yard.start("make", "train", "JOB=few", HP, "INSTANCES=2", "YES=1", LOCAL) as process:
        assert process.stdout is not None
        for line in process.stdout:
            output += line
            if "Training: " in line:
                kill_second_container(yard, engine, JOB.findall(output)[0])
    assert process.returncode == 2, output  # make's exit code; the command's own is 1
    (job,) = JOB.findall(output)
    return job, output


def kill_second_container(yard: Project, engine: docker.DockerClient, job: str) -> None:
    """Kill it in the second epoch. Paused meanwhile, so that the run is not over before S3 has a checkpoint."""
    checkpoints = yard.folder / "build" / "local-cloud" / "jobs" / job / "algo-1" / "checkpoints"
    wait_until(lambda: any(step_of(path.parent.name) >= 12 for path in checkpoints.glob("step-*/manifest.json")))
    found = engine.containers.list(filters={"label": f"trainyard.job={job}"})
    (second,) = (container for container in found if container.attrs["Config"]["Hostname"] == "algo-2")
    second.pause()
    cloud, uri = running(yard), request(yard, job)["CheckpointConfig"]["S3Uri"]
    s3 = boto3.Session("local", "local", region_name=cloud.region).client("s3", endpoint_url=cloud.url)
    wait_until(lambda: bool(manifests(s3, uri)))
    second.unpause()
    second.kill()


def wait_until(condition: Callable[[], bool]) -> None:
    """Wait for a condition; the test's own time limit ends it."""
    while not condition():
        time.sleep(0.1)


def step_of(folder: str) -> int:
    """The step of a checkpoint, by its folder's name."""
    return int(folder.removeprefix("step-"))


def manifests(s3: Any, uri: str) -> list[str]:
    """The keys of the manifests of a job's checkpoints in S3: each checkpoint is complete with its manifest."""
    bucket, prefix = uri.removeprefix("s3://").split("/", 1)
    found = s3.list_objects_v2(Bucket=bucket, Prefix=prefix).get("Contents", [])
    return [entry["Key"] for entry in found if entry["Key"].endswith("/manifest.json")]


def request(yard: Project, job: str) -> dict[str, Any]:
    """The request that created a job."""
    found: dict[str, Any] = json.loads((yard.folder / "runs" / job / "request.json").read_text())
    return found


def image_of(yard: Project, job: str) -> str:
    """The image of a job."""
    return str(request(yard, job)["AlgorithmSpecification"]["TrainingImage"])


def test_a_job_with_a_killed_container_can_be_resumed(yard: Project, engine: docker.DockerClient) -> None:
    uninterrupted = yard.make("train", "JOB=few", HP, "INSTANCES=2", "YES=1", LOCAL)
    (state,) = STATE.findall(uninterrupted)
    (whole,) = JOB.findall(uninterrupted)
    printed = {line.partition(":")[0] for line in uninterrupted.splitlines() if re.match(r"algo-\d: +\d+/\d+ ", line)}
    assert printed == {"algo-1"}, "only the first instance prints epochs"

    first, output = job_with_a_killed_container(yard, engine)
    assert f"{first}: Failed: AlgorithmError: algo-2, exit code: 137" in output
    assert STATE.findall(output) == []

    # The image's label tells what the results depend on, so the refusal costs no instance.
    refused = yard.make("resume", f"RUN={first}", "HP=learning_rate=0.1", LOCAL, code=2)
    assert f"{first} started with learning_rate=0.002, and its results depend on it with resume=exact." in refused
    assert "Keep that value, or set resume too: " in refused

    output = yard.make("resume", f"RUN={first}", LOCAL)
    (second,) = JOB.findall(output)
    assert len(RESUMED.findall(output)) == 1, output
    assert STATE.findall(output) == [state]
    assert image_of(yard, second) == image_of(yard, first) == image_of(yard, whole)
    assert "@sha256:" in image_of(yard, second)
    assert (yard.folder / "runs" / second / "model" / "model.keras").is_file()
