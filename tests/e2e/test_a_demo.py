"""`make demo`: the main job, on real data, in one command."""

import json
import os
import re
import signal
import time
from pathlib import Path

import pytest

from tests.conftest import Project, processes_of

pytestmark = pytest.mark.e2e


def test_it_ends_with_a_model_that_knows_unseen_digits(yard: Project, demo: str) -> None:
    accuracy = re.search(r"Test accuracy +([01]\.\d+) on (\d+) images that the job never received", demo)
    assert accuracy, demo
    assert float(accuracy[1]) >= 0.97
    model = re.search(r"Model +(runs/\S+/model)", demo)
    assert model
    assert (yard.folder / model[1] / "model.keras").is_file()
    assert int(accuracy[2]) == len(list((yard.folder / "data/digits/test").glob("*/*.png")))


def test_it_says_each_step_with_its_time_and_progress(demo: str) -> None:
    steps = re.findall(r"^<== (.+): done in .+$", demo, flags=re.MULTILINE)
    assert [step.split()[0] for step in steps] == ["Infrastructure", "Data", "Training", "Evaluation"]
    assert "Apply complete!" in demo
    assert len(re.findall(r"\bepoch=\d+ ", demo)) >= 5


def test_it_says_what_it_would_cost_and_how_to_do_it_on_aws(demo: str) -> None:
    assert re.search(r"On AWS .*\$\d+\.\d+.*ml\.m5\.xlarge", demo)
    assert re.findall(r"^  (make .*)$", demo, flags=re.MULTILINE)[-3:] == [
        "make infra",
        "make image JOB=digits",
        "make train JOB=digits",
    ]


def test_without_a_container_it_says_what_is_missing(yard: Project, demo: str) -> None:
    assert "No container: no Docker engine answers" in demo
    refused = yard.make("demo", "INSTANCES=2", code=2)
    assert "Error: 2 instances need containers, and here are none: no Docker engine answers" in refused
    assert "Infrastructure" not in refused


def test_the_test_channel_stays_at_home(yard: Project, demo: str) -> None:
    (request,) = (yard.folder / "runs").glob("digits-*/request.json")
    channels = [channel["ChannelName"] for channel in json.loads(request.read_text())["InputDataConfig"]]
    assert channels == ["training", "validation"]


def test_a_local_cloud_that_ran_before_is_left_running(yard: Project, demo: str) -> None:
    assert "it is left running" in demo
    assert "127.0.0.1" in yard.make("cloud-status")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_in_its_middle_it_leaves_nothing(tmp_path: Path, yard: Project, number: signal.Signals) -> None:
    project = Project(tmp_path / "clone")
    with project.start("make", "demo") as process:
        assert process.stdout is not None
        said = []
        for line in process.stdout:
            said.append(line)
            if "Creating..." in line:
                break
        started = time.monotonic()
        if number == signal.SIGINT:
            os.killpg(process.pid, number)  # as Ctrl-C at a terminal: everybody in the foreground gets it
        else:
            os.kill(process.pid, number)
        rest = process.stdout.read()
    output = "".join(said) + rest
    assert process.returncode != 0, output
    assert time.monotonic() - started < 60
    assert "The local cloud is stopped" in rest, output
    assert "The demo was interrupted" in rest, output
    assert "Traceback" not in output
    assert processes_of(project.folder) == []


def test_killed_outright_its_cloud_goes_with_it(tmp_path: Path, yard: Project) -> None:
    project = Project(tmp_path / "clone")
    with project.start("make", "demo") as process:
        assert process.stdout is not None
        for line in process.stdout:
            if "Infrastructure" in line:
                break
        os.killpg(process.pid, signal.SIGKILL)
        process.stdout.close()
    deadline = time.monotonic() + 20
    while processes_of(project.folder) and time.monotonic() < deadline:
        time.sleep(0.2)
    assert processes_of(project.folder) == []
