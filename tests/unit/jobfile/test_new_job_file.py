"""`make new`: a job file from what a training script says, without running it."""

import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scripts.core.errors import UserError
from scripts.jobfile.reading import parse_job
from scripts.jobfile.script import Argument, Script, read_script
from scripts.jobfile.template import job_file

SCRIPT = """
import argparse, os
raise SystemExit("it must not run")
parser = argparse.ArgumentParser()
parser.add_argument("--epochs", type=int, default=10)
parser.add_argument("-b", "--batch-size", type=int, default=-1)
parser.add_argument("--optimizer", default="it's \\"adam\\"")
parser.add_argument("--shuffle", action="store_true")
parser.add_argument("--rate", type=float, default=1e-3)
parser.add_argument("--seed", type=int, default=random.randrange(10))
parser.add_argument("--model_dir", default=os.environ["SM_MODEL_DIR"])
parser.add_argument("data", nargs="*")
train, test = os.environ["SM_CHANNEL_TRAIN"], os.environ.get("SM_CHANNEL_TEST")
model.compile(optimizer, loss="mse", metrics=["mae", "accuracy"])
model.fit(train, validation_data=test, verbose=2)
"""


@pytest.fixture
def script(tmp_path: Path) -> Script:
    (tmp_path / "train.py").write_text(SCRIPT)
    return read_script(tmp_path / "train.py")


def test_the_script_s_arguments_channels_and_metrics_are_found(script: Script) -> None:
    assert script.arguments == (
        Argument("epochs", 10),
        Argument("batch-size", -1),
        Argument("optimizer", 'it\'s "adam"'),
        Argument("shuffle", flag=True),
        Argument("rate", 0.001),
        Argument("seed"),
    )
    assert script.channels == ("train", "test")
    assert script.metrics == ("loss", "mae", "accuracy", "val_loss", "val_mae", "val_accuracy")
    assert script.saves


def test_the_job_file_is_valid_as_it_is_and_with_its_comments_removed(script: Script) -> None:
    text = job_file("my-job", "../my-project", "train.py", script)
    spec = parse_job(tomllib.loads(text), "jobs/my-job.toml")
    assert (spec.code, spec.program, spec.hyperparameters) == ("../my-project", "train.py", {})
    assert {name: channel.source for name, channel in spec.channels.items()} == {
        "train": "data/my-job/train",
        "test": "data/my-job/test",
    }
    assert list(spec.metrics) == list(script.metrics)
    for name in ("epochs", "batch-size", "optimizer", "rate"):
        text = text.replace(f"# {name} = ", f"{name} = ")
    values = parse_job(tomllib.loads(text), "x").hyperparameters
    assert values == {"epochs": 10, "batch-size": -1, "optimizer": 'it\'s "adam"', "rate": 0.001}


def test_a_script_without_any_of_it_has_a_job_file_too(tmp_path: Path) -> None:
    (tmp_path / "train.py").write_text("print('hello')\n")
    script = read_script(tmp_path / "train.py")
    assert script == Script((), (), (), False)
    assert parse_job(tomllib.loads(job_file("x", "code", "train.py", script)), "x").channels == {}


@pytest.mark.parametrize("text", [b"def broken(:\n", b"\xff\xfe", b"x = 'a\0b'\n"])
def test_what_is_no_python_is_refused(tmp_path: Path, text: bytes) -> None:
    (tmp_path / "train.py").write_bytes(text)
    with pytest.raises(UserError, match="is not Python"):
        read_script(tmp_path / "train.py")


SCALARS = st.one_of(
    st.text(), st.integers(-(2**62), 2**62), st.booleans(), st.floats(allow_nan=False, allow_infinity=False)
)


@given(st.dictionaries(st.text(min_size=1), SCALARS, max_size=4), st.text())
def test_any_name_and_default_gives_valid_toml(arguments: dict[str, str | int | float | bool], code: str) -> None:
    script = Script(tuple(Argument(name, default) for name, default in arguments.items()), (), ("loss",), True)
    text = job_file("x", code, "train.py", script)
    loaded = tomllib.loads(text)
    assert loaded["code"] == code
    table = text.partition("[hyperparameters]\n")[2].partition("\n\n")[0]
    assert tomllib.loads("\n".join(line[2:] for line in table.rstrip("\n").split("\n"))) == arguments
