"""Three scripts in the shapes of public script-mode examples, unchanged under SageMaker's training toolkit and here.

They were written for this test; the shapes are those of
https://github.com/aws-samples/amazon-sagemaker-script-mode/blob/master/tf-2-workflow/train_model/train.py,
https://github.com/aws/amazon-sagemaker-examples/blob/main/frameworks/tensorflow/code/train.py and
https://docs.aws.amazon.com/sagemaker/latest/dg/debugger-htb-prepare-training-job.html.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from tests.toolkit.sides import Ended, Job, both, packages_of

pytestmark = pytest.mark.e2e

SCRIPTS = Path(__file__).parent / "shapes"

# A module that Python imports before the program: it reports what the program gets, and the program stays as it is.
REPORT_FIRST = """
import json, os, sys
(place,) = [number for number, each in enumerate(sys.orig_argv) if each.endswith("train.py")]
found = {"argv": sys.orig_argv[place:], "folder": os.getcwd(), "environ": dict(os.environ)}
with open(os.path.join(os.environ["SM_MODEL_DIR"], "found.json"), "w") as file:
    json.dump(found, file)
"""


@dataclass(frozen=True)
class Shape:
    """A script of the folder ``shapes``.

    Args:
        name: its name.
        hyperparameters: the content of hyperparameters.json.
        arguments: the arguments that the script gets.
        written: the files that it leaves in the folders ``model`` and ``output``, with the platform's own.
    """

    name: str
    hyperparameters: Mapping[str, str]
    arguments: str
    written: frozenset[str]


SHAPES = (
    Shape(
        "tabular",
        {"epochs": "2", "batch_size": "16", "learning_rate": "0.01", "model_dir": '"s3://bucket/job-1/model"'},
        "--batch_size 16 --epochs 2 --learning_rate 0.01 --model_dir s3://bucket/job-1/model",
        frozenset(
            {
                "model/1/fingerprint.pb",
                "model/1/saved_model.pb",
                "model/1/variables/variables.data-00000-of-00001",
                "model/1/variables/variables.index",
                "output/data/metrics.json",
                "output/success",
            }
        ),
    ),
    Shape(
        "gradient_tape",
        {"epochs": "1", "batch-size": "16", "learning-rate": "0.005", "beta_1": "0.8"},
        "--batch-size 16 --beta_1 0.8 --epochs 1 --learning-rate 0.005",
        frozenset({"model/model.keras", "output/success"}),
    ),
    Shape(
        "callbacks",
        {"epochs": "2", "learning_rate": "0.005", "patience": "1", "optimizer": '"adam"'},
        "--epochs 2 --learning_rate 0.005 --optimizer adam --patience 1",
        frozenset(
            {
                "model/best.keras",
                "model/model.keras",
                "output/data/history.json",
                "output/data/tensorboard/train/events.out.tfevents",
                "output/data/tensorboard/validation/events.out.tfevents",
                "output/success",
            }
        ),
    ),
)


@pytest.fixture(scope="module")
def channels(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Tiny data for all three: a table whose last column is a sum, and digits with their labels."""
    folder = tmp_path_factory.mktemp("channels")
    table = np.random.default_rng(7).random((80, 4), dtype="float32")
    table[:, -1] = table[:, :-1].sum(axis=1)
    from sklearn.datasets import load_digits  # a second of CPU: not while pytest collects

    digits = load_digits()
    for name, rows in {"train": slice(0, 64), "test": slice(64, 80)}.items():
        (folder / name).mkdir()
        np.savetxt(folder / name / f"{name}.csv", table[rows], delimiter=",")
        np.save(folder / name / "images.npy", digits.images[rows])
        np.save(folder / name / "labels.npy", digits.target[rows])
    return {name: folder / name for name in ("train", "test")}


@pytest.fixture(scope="module", params=SHAPES, ids=lambda shape: shape.name)
def shape(request: pytest.FixtureRequest) -> Shape:
    script: Shape = request.param
    return script


@pytest.fixture(scope="module")
def ends(
    shape: Shape, channels: dict[str, Path], toolkit: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Ended, Ended]:
    """How the script ended: there, and here."""
    job = Job(
        (SCRIPTS / f"{shape.name}.py").read_text(encoding="utf-8"),
        shape.hyperparameters,
        project={"sitecustomize.py": REPORT_FIRST},
        channels=channels,
        tensorflow=True,
        packages=[packages_of(toolkit) / "tensorboard"],
    )
    folder = tmp_path_factory.mktemp("sides")
    return both({shape.name: job}, folder, toolkit, folder)[shape.name]


def test_a_script_ends_alike(ends: tuple[Ended, Ended]) -> None:
    assert [end.exit_code for end in ends] == [0, 0]
    assert [dict(end.output) for end in ends] == [{"success": ""}, {"success": ""}]


def test_a_script_leaves_the_same_files(shape: Shape, ends: tuple[Ended, Ended]) -> None:
    for end in ends:
        # The names of TensorBoard's files end with time, host and process.
        assert {re.sub(r"(?<=\.tfevents)\..*", "", path) for path in end.written} == shape.written


def test_a_script_gets_the_same_arguments(shape: Shape, ends: tuple[Ended, Ended]) -> None:
    assert [" ".join(end.arguments) for end in ends] == [shape.arguments, shape.arguments]


def test_a_script_finds_the_same_variables(ends: tuple[Ended, Ended]) -> None:
    there, here = (end.platform_variables for end in ends)
    assert here.pop("SAGEMAKER_SUBMIT_DIRECTORY") == "/opt/ml/code"  # of the image
    assert there == here
    assert [here[f"SM_CHANNEL_{name}"] for name in ("TRAIN", "TEST")] == [
        "/opt/ml/input/data/train",
        "/opt/ml/input/data/test",
    ]
    assert [end.found["folder"] for end in ends] == ["/opt/ml/code", "/opt/ml/code"]
