"""Your own program in the image: runs the program and the commands of docs/bring-your-own-script.md."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import ROOT, Project
from tests.container.by_hand import Container, built, copy_code, write_tree
from tests.few_digits import write_few_digits
from tests.unit.trainer.trainer_runs import Base, write_digits

pytestmark = pytest.mark.e2e

PAGE = (ROOT / "docs" / "bring-your-own-script.md").read_text(encoding="utf-8")

# Each text is one program; all of them are in one image.
FAILS = """
def learn():
    raise ValueError("no images")

learn()
"""
READS_JSON = """
import json, pathlib
hyperparameters = json.loads(pathlib.Path("/opt/ml/input/config/hyperparameters.json").read_text())
print("from the file:", hyperparameters["text"])
"""
# Waits until SIGTERM, with or without a handler of its own.
WAITS = """
import os, signal, sys, time

def stop(*_):
    open("/opt/ml/checkpoints/last", "w").write("kept")
    sys.exit(0)

if "--handle" in sys.argv:
    signal.signal(signal.SIGTERM, stop)
print("ready", flush=True)
while True:
    time.sleep(0.1)
"""
CONNECTS = """
import socket
try:
    socket.create_connection(("1.1.1.1", 53), timeout=3)
except OSError as error:
    print("no network:", error)
"""

HOSTS = ("algo-1", "algo-2")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE, flags=re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def image(base_image: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """An image with the page's program and the programs above."""
    folder = copy_code(tmp_path_factory.mktemp("code") / "trainer")
    (program,) = blocks("python")
    write_tree(
        folder,
        {
            "my_train.py": program,
            "fails.py": FAILS,
            "json.d/reads.py": READS_JSON,
            "waits.py": WAITS,
            "net.py": CONNECTS,
        },
    )
    with built(folder, base_image) as name:
        yield name


@pytest.fixture(scope="module")
def digits(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_digits(tmp_path_factory.mktemp("digits"), range(300))


@pytest.fixture
def container(image: str, tmp_path: Path, digits: Path) -> Container:
    base = Base(tmp_path / "ml").configure(inputdataconfig={"training": {"TrainingInputMode": "File"}})
    return Container(image, base, {"training": digits})


def test_the_page_s_program_is_about_thirty_lines() -> None:
    (program,) = blocks("python")
    assert len(program.splitlines()) <= 30


def test_the_page_s_program_saves_when_it_is_stopped(container: Container) -> None:
    container.base.configure(hyperparameters={"epochs": "10000"})
    with container.started("train", SAGEMAKER_PROGRAM="my_train.py") as name:
        container.wait_for(name, "Epoch 3/")
        assert container.stop(name) == 0, container.log(name)
    assert (container.base.root / "model" / "model.keras").is_file()


def test_a_failing_program_s_traceback_and_exit_code_are_passed_on(container: Container) -> None:
    code, log = container.run("train", SAGEMAKER_PROGRAM="fails.py")
    assert code == 1
    assert container.base.failure.splitlines()[:2] == ["ValueError: no images", "  /opt/ml/code/fails.py:3 in learn"]
    assert "Traceback (most recent call last)" in log
    assert 'File "/opt/ml/code/fails.py", line 3, in learn' in log


def test_a_program_can_read_its_hyperparameters_from_the_file(container: Container) -> None:
    container.base.configure(hyperparameters={"text": "007 'quoted' $x"})
    code, log = container.run("train", SAGEMAKER_PROGRAM="json.d/reads.py")
    assert code == 0
    assert log.splitlines()[0] == "from the file: 007 'quoted' $x"


@pytest.mark.parametrize(("handle", "code"), [(["--handle"], 0), ([], 143)])
def test_sigterm_is_passed_to_the_program(container: Container, handle: list[str], code: int) -> None:
    with container.started("train", *handle, SAGEMAKER_PROGRAM="waits.py") as name:
        container.wait_for(name, "ready")
        assert container.stop(name) == code
    assert (container.base.root / "checkpoints" / "last").exists() == bool(handle)


def test_a_program_in_a_container_without_a_network_cannot_connect(container: Container) -> None:
    code, log = container.run("train", SAGEMAKER_PROGRAM="net.py")
    assert code == 0
    assert log.startswith("no network:")


# Every worker prints what it has learned.
WEIGHTS = """
print("learned by", strategy.num_replicas_in_sync, *(float(tf.reduce_sum(each)) for each in model.trainable_variables))
"""


@pytest.fixture(scope="module")
def with_image(dock: Project, base_image: str) -> Project:
    """The project copy after the page's commands with CLOUD=local that write a job file and build and push an image.

    Half a minute or more. The jobs train on few images.
    """
    (program,) = blocks("python")
    several = (ROOT / "docs" / "examples" / "several_workers.py").read_text()
    write_tree(dock.folder.parent, {"my-project/train.py": program, "my-project/several_workers.py": several + WEIGHTS})
    write_few_digits(dock)
    dock.make("base", "CLOUD=local", f"BASE={base_image}")
    new, image, _ = commands()
    dock.make(*new)
    dock.make(*image, "CLOUD=local", "YES=1")
    return dock


def commands() -> list[list[str]]:
    """The words of the page's make commands."""
    found = [each.replace('"', "").split() for each in re.findall(r"^    make (.*)$", PAGE, flags=re.MULTILINE)]
    assert [words[0] for words in found] == ["new", "image", "train"]
    return found


def test_the_page_s_commands_run_the_program_in_a_container_of_the_image(with_image: Project) -> None:
    written = with_image.folder / "jobs" / "my-train.toml"
    job = blocks("toml")[0]
    assert written.read_text() == job
    written.write_text(job.replace("data/my-train/training", "data/few/training"))
    with_image.make(*commands()[2], "CLOUD=local", "YES=1")
    (run,) = (with_image.folder / "runs").glob("my-train-*")
    record = json.loads((run / "record.json").read_text())
    assert record["status"] == "Completed"
    assert record["metrics"]["accuracy"] > 0.8
    assert (run / "model" / "model.keras").stat().st_size > 10_000
    log = with_image.make("logs", "CLOUD=local", f"RUN={run.name}")
    assert "as a process" not in log
    assert "Epoch 20/20" in log


def test_a_loop_that_knows_only_tf_config_trains_on_two_instances(with_image: Project) -> None:
    """The page's second job file, with docs/examples/several_workers.py. Both instances have the same results."""
    job = blocks("toml")[1].replace("data/digits/training", "data/few/training")
    (with_image.folder / "jobs" / "several.toml").write_text(job)
    log = with_image.make("train", "CLOUD=local", "YES=1", "JOB=several", "HP=epochs=3 batch_size=10")
    learned = {host: re.findall(rf"^{host}: (learned by 2 .*)$", log, flags=re.MULTILINE) for host in HOSTS}
    assert len(learned["algo-1"]) == 1, log
    assert learned["algo-1"] == learned["algo-2"]
    losses = [
        [float(loss) for loss in re.findall(rf"^{host}: epoch \d loss (.*)$", log, re.MULTILINE)] for host in HOSTS
    ]
    assert losses[0] == losses[1] == sorted(losses[0], reverse=True)
    assert len(losses[0]) == 3
    (run,) = (with_image.folder / "runs").glob("several-*")
    record = json.loads((run / "record.json").read_text())
    assert (record["status"], record["metrics"]["loss"]) == ("Completed", losses[0][-1])
    request = json.loads((run / "request.json").read_text())
    assert request["HyperParameters"]["sagemaker_multi_worker_mirrored_strategy_enabled"] == "true"
    assert (run / "model" / "model.keras").is_file()
