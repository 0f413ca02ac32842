"""The demo in containers: its image is built, pushed, pulled by digest and run.

test_resume_job.py trains on two instances.
"""

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


def test_the_image_is_built_pushed_and_named_by_digest(dock: Project, one: str) -> None:
    """Half a minute or more: the demo builds and pushes the image, and trains all its epochs."""
    steps = re.findall(r"^<== (.+): done in .+$", one, flags=re.MULTILINE)
    assert [step.split()[0] for step in steps] == ["Infrastructure", "Data", "Image", "Training", "Evaluation"]
    request = next(iter(requests(dock).values()))
    assert DIGEST.fullmatch(request["AlgorithmSpecification"]["TrainingImage"])
    assert request["EnableNetworkIsolation"] is True
    assert accuracy(one) >= 0.97


def test_the_log_does_not_say_that_the_job_ran_as_a_process(dock: Project, one: str) -> None:
    run = next(iter(requests(dock)))
    assert "as a process" not in log_of(dock, run)


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
        output, _ = process.communicate(timeout=300)
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
