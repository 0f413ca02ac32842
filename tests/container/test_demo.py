"""The main job in containers: built, pushed, pulled by digest and run, on one instance and on two."""

import json
import re
import subprocess
from typing import Any

import pytest

from tests.conftest import Project

pytestmark = pytest.mark.e2e

DIGEST = re.compile(r"localhost:\d+/trainyard-local-trainer@sha256:[0-9a-f]{64}")


def requests(project: Project) -> dict[str, dict[str, Any]]:
    found = sorted((project.folder / "runs").glob("digits-*/request.json"))
    return {path.parent.name: json.loads(path.read_text()) for path in found}


def newest(project: Project) -> tuple[str, dict[str, Any]]:
    return list(requests(project).items())[-1]


def log_of(project: Project, run: str) -> str:
    return project.make("logs", "CLOUD=local", f"RUN={run}")


def accuracy(output: str) -> float:
    found = re.search(r"Test accuracy +([01]\.\d+) on \d+ images", output)
    assert found, output
    return float(found[1])


@pytest.fixture(scope="module")
def one(dock: Project) -> str:
    """The output of `make demo`."""
    return dock.make("demo", timeout=600)


@pytest.fixture(scope="module")
def two(dock: Project, one: str) -> str:
    """The output of `make demo INSTANCES=2`, run after `make demo`."""
    return dock.make("demo", "INSTANCES=2", timeout=600)


def test_the_image_is_built_pushed_and_named_by_digest(dock: Project, one: str) -> None:
    steps = re.findall(r"^<== (.+): done in .+$", one, flags=re.MULTILINE)
    assert [step.split()[0] for step in steps] == ["Infrastructure", "Data", "Image", "Training", "Evaluation"]
    request = next(iter(requests(dock).values()))
    assert DIGEST.fullmatch(request["AlgorithmSpecification"]["TrainingImage"])
    assert request["EnableNetworkIsolation"] is True
    assert accuracy(one) >= 0.97


def test_the_log_does_not_say_that_the_job_ran_as_a_process(dock: Project, one: str) -> None:
    run = next(iter(requests(dock)))
    assert "as a process" not in log_of(dock, run)


def test_two_instances_train_one_model_of_the_same_image(dock: Project, one: str, two: str) -> None:
    first, *_, last = requests(dock).values()
    assert last["ResourceConfig"]["InstanceCount"] == 2
    images = [request["AlgorithmSpecification"]["TrainingImage"] for request in (first, last)]
    assert images[0] == images[1]
    assert accuracy(two) >= 0.97
    run = list(requests(dock))[-1]
    epochs = [int(epoch) for epoch in re.findall(r"\bepoch=(\d+) ", log_of(dock, run))]
    assert epochs == list(range(1, len(epochs) + 1)), "only the first instance prints epochs"
    assert re.search(r"^    algo-1: 15/15  ", two, re.MULTILINE)
    assert "algo-2: 15/15" not in two


def test_an_image_that_exists_is_not_built_again(dock: Project, one: str) -> None:
    output = dock.make("-s", "image", "CLOUD=local", "JOB=digits")
    assert len(output.splitlines()) == 1, output
    assert "trainer-" in output


def test_the_docker_command_of_the_image_page_trains_a_model(dock: Project, one: str) -> None:
    page = (dock.folder / "docs" / "image.md").read_text()
    (command,) = re.findall(r"^    (docker run .*)$", page, flags=re.MULTILINE)
    tag = re.search(r"trainer-[0-9a-f]{12}", dock.make("-s", "image", "CLOUD=local", "JOB=digits"))
    assert tag
    typed = command.replace(" IMAGE ", f" trainyard:{tag[0]} ").replace("--rm ", "--rm --network none ")
    with dock.start("sh", "-c", typed) as process:
        output, _ = process.communicate(timeout=120)
    assert process.returncode == 0, output
    assert "epoch=2 " in output
    assert (dock.folder / "build" / "model" / "labels.json").is_file()


def test_make_shell_opens_a_shell_in_the_job_s_container(dock: Project, one: str) -> None:
    typed = "ls /opt/ml/input/data; python -m trainer describe | head -c 1; exit 3\n"
    ended = subprocess.run(
        ["make", "-s", "shell", "CLOUD=local", "JOB=digits"],
        cwd=dock.folder,
        env=dock.environment,
        input=typed,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ended.stdout.split()[-3:] == ["training", "validation", "{"], ended.stdout + ended.stderr
    assert "Error 3" in ended.stderr
