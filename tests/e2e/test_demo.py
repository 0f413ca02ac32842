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


def test_its_model_recognises_digits_that_it_never_saw(yard: Project, demo: str) -> None:
    accuracy = re.search(r"Test accuracy +([01]\.\d+) on (\d+) images that the job never received", demo)
    assert accuracy, demo
    assert float(accuracy[1]) >= 0.97
    model = re.search(r"Model +(runs/\S+/model)", demo)
    assert model
    assert (yard.folder / model[1] / "model.keras").is_file()
    assert int(accuracy[2]) == len(list((yard.folder / "data/digits/test").glob("*/*.png")))


def test_it_shows_each_step_with_its_time_and_progress(yard: Project, demo: str) -> None:
    steps = re.findall(r"^<== (.+): done in .+ \(log: (.+)\)$", demo, flags=re.MULTILINE)
    assert [title for title, _ in steps] == ["Infrastructure", "Data", "Training", "Evaluation"]
    logs = {title: (yard.folder / log).read_text() for title, log in steps}
    applied = re.search(r"^    Applied: (\d+) of \1 resources$", demo, flags=re.MULTILINE)
    assert applied, demo
    assert f"Apply complete! Resources: {applied[1]} added" in logs["Infrastructure"]
    assert len(re.findall(r"^ +\d+/15  ", demo, flags=re.MULTILINE)) >= 5
    assert len(re.findall(r"^ *\d+/15  ", logs["Training"], flags=re.MULTILINE)) == 15


def test_it_shows_the_plan_s_verdict_and_names_the_review(yard: Project, demo: str) -> None:
    plan = re.search(r"^    Plan: .* Findings: none\.\n    Review, .*: (build/\S+/review\.html)$", demo, re.MULTILINE)
    assert plan, demo
    assert (yard.folder / plan[1]).is_file()


def test_it_fits_one_screen_of_100_columns(demo: str) -> None:
    progress = [line for line in demo.splitlines() if re.search(r" \([^()]+ s\)$", line)]  # a live line at a terminal
    assert len(demo.splitlines()) - len(progress) <= 40, demo
    assert max(map(len, demo.splitlines())) <= 100, demo


def test_it_prints_the_cost_and_the_commands_for_aws(demo: str) -> None:
    assert re.search(r"On AWS .*\$\d+\.\d+.*ml\.m5\.xlarge", demo)
    assert "Price from     local-cloud.toml\n" in demo
    assert re.findall(r"^  (make .*)$", demo, flags=re.MULTILINE)[-3:] == [
        "make infra",
        "make image JOB=digits",
        "make train JOB=digits",
    ]


def test_without_containers_it_prints_what_is_missing(yard: Project, demo: str) -> None:
    assert "No container: no Docker engine answers" in demo
    refused = yard.make("demo", "INSTANCES=2", code=2)
    assert "Error: 2 instances need containers, and here are none: no Docker engine answers" in refused
    assert "Infrastructure" not in refused


def test_the_test_channel_is_not_uploaded(yard: Project, demo: str) -> None:
    run = re.search(r"Model +(runs/\S+)/model", demo)
    assert run, demo
    request = json.loads((yard.folder / run[1] / "request.json").read_text())
    channels = [channel["ChannelName"] for channel in request["InputDataConfig"]]
    assert channels == ["training", "validation"]


def test_a_local_cloud_that_ran_before_is_left_running(yard: Project, demo: str) -> None:
    assert "it is left running" in demo
    assert "127.0.0.1" in yard.make("cloud-status")


def test_an_interrupt_leaves_no_process(tmp_path: Path, yard: Project) -> None:
    """Up to a minute: a demo in a folder of its own gets as far as its apply, which ends in its own time.

    tests/unit/demo_steps has SIGTERM, which reaches a step in another way.
    """
    project = Project(tmp_path / "clone")
    log = project.folder / "build/demo/infrastructure.log"
    with project.start("make", "demo") as process:
        while not log.exists() or "Creating..." not in log.read_text(errors="replace"):
            assert process.poll() is None
            time.sleep(0.1)
        os.killpg(process.pid, signal.SIGINT)  # as Ctrl-C at a terminal: everybody in the foreground gets it
        output, _ = process.communicate()
    assert process.returncode != 0, output
    assert "<== Infrastructure: not finished" in output
    assert "The local cloud is stopped" in output
    assert "The demo was interrupted" in output
    assert "Waiting for Terraform" in log.read_text(), "the step got the signal too, and ended in its own time"
    assert "Traceback" not in output
    assert processes_of(project.folder) == []


def test_a_killed_demo_leaves_no_process(tmp_path: Path, yard: Project) -> None:
    project = Project(tmp_path / "clone")
    with project.start("make", "demo") as process:
        assert process.stdout is not None
        for line in process.stdout:
            if "Infrastructure" in line:
                break
        os.killpg(process.pid, signal.SIGKILL)
        process.stdout.close()
    deadline = time.monotonic() + 60
    while processes_of(project.folder) and time.monotonic() < deadline:
        time.sleep(0.2)
    assert processes_of(project.folder) == []
