"""A container is killed, and a new job resumes from its checkpoints: on one instance and on two.

Each takes a minute or more: three jobs, each of which starts TensorFlow in its containers.
"""

import json
import re
from pathlib import Path

import docker
import pytest

from tests.conftest import Project

pytestmark = pytest.mark.e2e

LOCAL = "CLOUD=local"
# Long enough for a container to be killed in its middle: 135 steps an epoch; on two instances a step takes longer.
HP = {instances: f"HP=batch_size=8 epochs={epochs} checkpoint_steps=50" for instances, epochs in ((1, 4), (2, 2))}
JOB = re.compile(r"^Run: (digits-\S+)$", re.MULTILINE)
STATE = re.compile(r"^(?:algo-1: )?(state after step \d+ of \d+: sha256 [0-9a-f]{64})", re.MULTILINE)
RESUMED = re.compile(r"^(?:algo-1: )?resumes from .*: step ([1-9]\d*) of", re.MULTILINE)


@pytest.fixture(scope="module")
def yard(dock: Project, base_image: str) -> Project:
    """The project copy with an applied stack, data and the image."""
    dock.make("digits")
    dock.make("base", LOCAL, "JOB=digits", f"BASE={base_image}")
    dock.make("image", LOCAL, "JOB=digits", timeout=600)
    return dock


def killed_after_an_epoch(yard: Project, engine: docker.DockerClient, instances: int) -> tuple[str, str]:
    """Run a job and kill its last host's container after the first epoch; returns the job's name and the output."""
    output = ""
    with yard.start("make", "train", "JOB=digits", HP[instances], f"INSTANCES={instances}", "YES=1", LOCAL) as process:
        assert process.stdout is not None
        for line in process.stdout:
            output += line
            if re.match(r"(algo-1: )? *1/\d+  ", line):
                label = f"trainyard.job={JOB.findall(output)[0]}"
                for container in engine.containers.list(filters={"label": label}):
                    if container.attrs["Config"]["Hostname"] == f"algo-{instances}":
                        container.kill()
    assert process.returncode == 2, output  # make's exit code; the command's own is 1
    (job,) = JOB.findall(output)
    return job, output


def image_of(folder: Path, job: str) -> str:
    request = json.loads((folder / "runs" / job / "request.json").read_text())
    return str(request["AlgorithmSpecification"]["TrainingImage"])


@pytest.mark.parametrize("instances", [1, 2])
def test_a_job_with_a_killed_container_can_be_resumed(
    yard: Project, engine: docker.DockerClient, instances: int
) -> None:
    uninterrupted = yard.make("train", "JOB=digits", HP[instances], f"INSTANCES={instances}", "YES=1", LOCAL)
    (state,) = STATE.findall(uninterrupted)
    (whole,) = JOB.findall(uninterrupted)
    printed = {line.partition(":")[0] for line in uninterrupted.splitlines() if re.match(r"algo-\d: +\d+/\d+ ", line)}
    assert printed == ({"algo-1"} if instances > 1 else set()), "only the first instance prints epochs"

    first, output = killed_after_an_epoch(yard, engine, instances)
    host = f"algo-{instances}" if instances > 1 else ""
    assert f"{first}: Failed: AlgorithmError: {host}, exit code: 137" in output
    assert STATE.findall(output) == []

    # The image's label tells what the results depend on, so the refusal costs no instance.
    refused = yard.make("resume", f"RUN={first}", "HP=learning_rate=0.1", LOCAL, code=2)
    assert f"{first} started with learning_rate=0.002, and its results depend on it with resume=exact." in refused
    assert "Keep that value, or set resume too: " in refused

    output = yard.make("resume", f"RUN={first}", LOCAL)
    (second,) = JOB.findall(output)
    assert len(RESUMED.findall(output)) == 1, output
    assert STATE.findall(output) == [state]
    assert image_of(yard.folder, second) == image_of(yard.folder, first) == image_of(yard.folder, whole)
    assert "@sha256:" in image_of(yard.folder, second)
    assert (yard.folder / "runs" / second / "model" / "model.keras").is_file()
