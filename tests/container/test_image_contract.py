"""Tests of trainer/Dockerfile and trainer/.dockerignore, from outside and inside the image.

The image is built and run by hand, with plain `docker build` and `docker run`.
"""

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from scripts.container import context
from tests.conftest import ROOT
from tests.container.by_hand import Container, built, copy_code, docker, write_tree
from tests.signals import wait_for_handler
from tests.unit.trainer.trainer_runs import Base, trainer, write_digits

pytestmark = pytest.mark.e2e

SIZES = {"image_size": "8", "channels": "1", "batch_size": "32"}
CHANNELS = ("training", "validation", "test")

# A separate program reports this, so that the entry point has done its work before.
PROBE = """
import json, os, sys
report = {
    "parent": os.getppid(), "argv": sys.argv, "cwd": os.getcwd(), "environ": dict(os.environ), "python": sys.executable,
    "mounted": {name: os.access("/opt/ml/" + name, os.W_OK) for name in ("model", "output", "checkpoints")},
    "code": sorted(os.path.relpath(os.path.join(at, name)) for at, _, names in os.walk(".") for name in names),
    "command": open("/proc/1/cmdline").read().split("\\0")[:-1],
}
json.dump(report, open(os.path.join(os.environ["SM_OUTPUT_DATA_DIR"], "report.json"), "w"))
"""
EXCLUDED = [
    *(
        ".env",
        ".env.local",
        "server.pem",
        "my.key",
        ".aws/credentials",
        "credentials",
        "deep/.ssh/id_rsa",
        "id_ed25519",
    ),
    *(".netrc", ".docker/config.json", "terraform.tfstate", "terraform.tfstate.backup", "x.tfplan", "dev.tfvars"),
    *(".terraform/modules/x.json", "data/digits/3/0001.png", "data/labels.csv", "data/raw/ubyte", "picture.jpg"),
    *("weights.h5", "deep/model.keras", "arrays.npz", "data.tar.gz", "runs/one/record.json", "base.lock.json"),
    *("__pycache__/x.cpython-311.pyc", "deep/__pycache__/y.pyc", ".git/config", ".gitignore", ".idea/x.xml"),
    *(".vscode/settings.json", "notes.txt~", ".my_train.py.swp", ".DS_Store"),
]
INCLUDED = ["probe.py", "deep/module.py", "data/loader.py", "words.txt", "settings.json"]


@pytest.fixture(scope="module")
def code(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of trainer/ with files that must not be in the image, and some that must."""
    folder = copy_code(tmp_path_factory.mktemp("code") / "trainer")
    write_tree(folder, dict.fromkeys(EXCLUDED, "canary") | dict.fromkeys(INCLUDED, "") | {"probe.py": PROBE})
    return folder


@pytest.fixture(scope="module")
def image(code: Path, base_image: str) -> Iterator[str]:
    with built(code, base_image) as name:
        yield name


@pytest.fixture(scope="module")
def digits(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A folder for each of two channels."""
    folder = tmp_path_factory.mktemp("digits")
    ranges = {"training": range(200), "validation": range(200, 260)}
    return {name: write_digits(folder / name, numbers) for name, numbers in ranges.items()}


@pytest.fixture
def container(image: str, base: Base, digits: dict[str, Path]) -> Container:
    return Container(image, base, dict(digits))


@pytest.fixture
def base(tmp_path: Path) -> Base:
    return Base(tmp_path / "ml")


def probe(container: Container, *arguments: str, **environment: str) -> dict[str, Any]:
    code, log = container.run("train", *arguments, SAGEMAKER_PROGRAM="probe.py", **environment)
    assert code == 0, log
    report: dict[str, Any] = json.loads((container.base.root / "output" / "data" / "report.json").read_text())
    return report


def configuration(image: str) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(docker("inspect", "--format", "{{json .Config}}", image))
    return loaded


def layers(image: str) -> list[str]:
    loaded: list[str] = json.loads(docker("inspect", "--format", "{{json .RootFS.Layers}}", image))
    return loaded


def sizes(image: str) -> list[int]:
    """The bytes of each layer, including the base's layers."""
    return [int(size) for size in docker("history", "--human=false", "--format", "{{.Size}}", image).split()]


def test_the_image_sets_the_paths_and_the_entry_point(image: str) -> None:
    config = configuration(image)
    environ = dict(variable.split("=", 1) for variable in config["Env"])
    assert environ["SAGEMAKER_SUBMIT_DIRECTORY"] == config["WorkingDir"] == "/opt/ml/code"
    assert environ["SAGEMAKER_PROGRAM"] == "__main__.py"
    assert environ["SM_MODEL_DIR"] == "/opt/ml/model"
    assert environ["SM_OUTPUT_DATA_DIR"] == "/opt/ml/output/data"
    for channel in CHANNELS:
        assert environ[f"SM_CHANNEL_{channel.upper()}"] == f"/opt/ml/input/data/{channel}"
    assert config["Entrypoint"] == ["python", "-m", "trainer"]


def test_a_base_is_required(code: Path) -> None:
    ended = subprocess.run(["docker", "build", "--quiet", str(code)], capture_output=True, text=True, check=False)
    assert ended.returncode != 0


def test_describe_gives_the_same_in_the_image_and_outside(image: str) -> None:
    assert json.loads(docker("run", "--rm", "--network", "none", image, "describe")) == json.loads(
        trainer("describe").stdout
    )


def test_a_program_finds_its_arguments_folders_and_variables(container: Container) -> None:
    container.base.configure(hyperparameters={"n_trees": "7"}, inputdataconfig={"training": {}, "validation": {}})
    report = probe(container, "--more", "1")
    assert report["parent"] == 1  # the entry point gets SIGTERM, and passes it on
    assert report["command"] == ["python", "-m", "trainer", "train", "--more", "1"]
    assert report["argv"] == ["/opt/ml/code/probe.py", "--n_trees", "7", "--more", "1"]
    assert report["cwd"] == "/opt/ml/code"
    assert report["mounted"] == {"model": True, "output": True, "checkpoints": True}
    assert report["python"].startswith("/opt/venv/")
    environ = report["environ"]
    assert environ["SM_MODEL_DIR"] == "/opt/ml/model"
    assert [name for name in sorted(environ) if name.startswith("SM_CHANNEL_")] == [
        "SM_CHANNEL_TRAINING",
        "SM_CHANNEL_VALIDATION",
    ]
    assert environ["PYTHONUNBUFFERED"] == "1"


def test_without_a_configuration_each_data_folder_is_a_channel(container: Container) -> None:
    del container.channels["validation"]
    environ = probe(container)["environ"]
    assert [name for name in environ if name.startswith("SM_CHANNEL_")] == ["SM_CHANNEL_TRAINING"]


def test_data_state_and_secrets_are_not_in_the_image(container: Container, code: Path) -> None:
    inside = probe(container)["code"]
    assert set(EXCLUDED).isdisjoint(inside)
    ours = {path.relative_to(ROOT / "trainer").as_posix() for path in (ROOT / "trainer").rglob("*.py")}
    ours |= {path.relative_to(ROOT).as_posix() for path in (ROOT / "trainyard").rglob("*.py")}
    assert set(inside) == ours | {*INCLUDED, "requirements.txt", "Dockerfile", ".dockerignore"}
    assert {file.name for file in context.read(code)} == set(inside), "`make image` and `docker build` send the same"


def test_the_image_adds_only_kilobytes_to_its_base(image: str, base_image: str) -> None:
    """So no layer can contain pip's cache or a compiler."""
    below = layers(base_image)
    assert layers(image)[: len(below)] == below
    assert sum(sizes(image)) - sum(sizes(base_image)) < 400_000


def test_changed_code_changes_only_the_last_layer(image: str, code: Path, base_image: str, tmp_path: Path) -> None:
    changed = tmp_path / "trainer"
    shutil.copytree(code, changed)
    (changed / "commands.py").write_text((changed / "commands.py").read_text() + "\n# changed\n")
    with built(changed, base_image) as other:
        assert layers(other)[:-1] == layers(image)[:-1]
        assert layers(other)[-1] != layers(image)[-1]


def test_training_leaves_a_model_a_history_and_checkpoints(container: Container) -> None:
    container.base.configure(hyperparameters={**SIZES, "epochs": "1"})
    code, log = container.run("train")
    assert code == 0, log
    assert "epoch=1 epochs=1 " in log
    assert "val_accuracy=" in log
    model = container.base.root / "model"
    assert {path.name for path in model.iterdir()} == {"1", "labels.json", "model.keras"}
    assert len(container.base.history["history"]) == 1
    assert container.base.steps
    assert not (container.base.root / "output" / "failure").exists()


def test_a_failure_writes_its_reason(container: Container) -> None:
    code, log = container.run("train", "--epoch", "3")
    assert code == 1
    assert container.base.failure == "Unknown hyperparameter 'epoch': did you mean epochs?"
    assert container.base.failure in log


def test_after_sigterm_there_are_a_checkpoint_and_a_model(container: Container) -> None:
    container.base.configure(hyperparameters={**SIZES, "epochs": "10000"})
    with container.started("train") as name:
        container.wait_for(name, "epoch=2 ")
        assert container.stop(name) == 0, container.log(name)
    assert container.base.steps
    assert (container.base.root / "model" / "model.keras").is_file()


def test_a_sigterm_while_tensorflow_is_imported_takes_effect(container: Container) -> None:
    container.base.configure(hyperparameters={**SIZES, "epochs": "10000"})
    with container.started("train") as name:
        wait_for_handler(lambda: docker("exec", name, "cat", "/proc/1/status"))
        assert "epoch=" not in container.log(name)
        assert container.stop(name) == 0, container.log(name)
    assert (container.base.root / "model" / "model.keras").is_file()
