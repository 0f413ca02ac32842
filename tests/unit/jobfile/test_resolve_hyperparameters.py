import json
import re
import shlex
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scripts.core.errors import UserError
from scripts.jobfile.hyperparameters import (
    describe_trainer,
    encode,
    parse_description,
    read_assignments,
    resolve_hyperparameters,
)
from trainer.contract.folders import Folders, read_hyperparameters
from trainer.contract.program_values import decode, to_argument

KNOWN = parse_description(
    {
        "hyperparameters": [
            {"name": "epochs", "type": "int", "default": 1, "min": 1, "max": 100, "choices": None, "help": ""},
            {"name": "rate", "type": "float", "default": 1, "min": 0, "max": None, "choices": None, "help": ""},
            {"name": "fast", "type": "bool", "default": True, "min": None, "max": None, "choices": None, "help": ""},
            {"name": "model", "type": "str", "default": "a", "min": None, "max": None, "choices": None, "help": ""},
            {"name": "grey", "type": "int", "default": 1, "min": None, "max": None, "choices": [1, 3], "help": ""},
        ],
        "metrics": [{"name": "loss", "regex": "loss=([0-9.]+)", "direction": "minimize", "help": ""}],
    }
)
NAMES = st.text(min_size=1, max_size=20).filter(lambda name: "=" not in name)


VALUES = st.text(st.characters(exclude_categories=["Cs"]), max_size=50)


@given(VALUES | st.text('"\\n', max_size=6) | VALUES.map(json.dumps))
def test_encoded_value_passes_sagemaker_and_the_trainer_decodes_it(value: str) -> None:
    encoded = encode(value)
    assert re.fullmatch(".*", encoded)  # SageMaker's pattern
    with tempfile.TemporaryDirectory() as base:
        folders = Folders(Path(base))
        folders.config.mkdir(parents=True)
        (folders.config / "hyperparameters.json").write_text(json.dumps({"value": encoded}))
        assert read_hyperparameters(folders) == {"value": value}


@pytest.mark.parametrize("value", ["0.10", "two  words ", "it's", "$HOME `id`", "naïve 🚂", "[1, 2]", "", "\\n"])
def test_ordinary_value_is_not_encoded(value: str) -> None:
    assert encode(value) == value


@given(st.dictionaries(NAMES, VALUES, max_size=5), st.booleans())
def test_command_line_values_arrive_unchanged(values: dict[str, str], quoted: bool) -> None:
    words = [f"{name}={value}" for name, value in values.items()]
    assigned = read_assignments(shlex.join(words), []) if quoted else read_assignments("", words)
    assert assigned == values
    assert resolve_hyperparameters({}, assigned, None) == {name: encode(value) for name, value in values.items()}


JSON = st.recursive(st.none() | st.booleans() | st.floats() | st.integers(), st.lists)


@given(VALUES | JSON.map(json.dumps) | st.sampled_from(["007", " 1 ", "NaN", '"a" ', "[" * 2000]))
def test_a_string_of_a_job_file_arrives_as_that_string_at_a_program(value: str) -> None:
    sent = resolve_hyperparameters({"value": value}, {}, None)["value"]
    assert re.fullmatch(".*", sent)
    assert (to_argument(sent), decode(sent)) == (value, value)


def test_a_boolean_and_a_string_are_sent_distinguishably_to_a_program() -> None:
    values: dict[str, str | int] = {"flag": True, "text": "true", "number": 1, "version": "1.10"}
    sent = {"flag": "true", "text": '"true"', "number": "1", "version": '"1.10"'}
    assert resolve_hyperparameters(values, {}, None) == sent
    assert resolve_hyperparameters({"model": "true"}, {}, KNOWN) == {"model": "true"}


def test_a_typed_value_has_the_type_of_the_job_file() -> None:
    typed = {"flag": "false", "text": "false", "new": "false"}
    sent = {"flag": "false", "text": '"false"', "new": "false"}
    assert resolve_hyperparameters({"flag": True, "text": "true"}, typed, None) == sent


def test_command_line_replaces_values_of_the_job_file() -> None:
    assigned = read_assignments("epochs=3 'model=a b'", ["rate=1e-3"])
    assert resolve_hyperparameters({"epochs": 9, "fast": False, "rate": 0.5}, assigned, KNOWN) == {
        "epochs": "3",
        "fast": "false",
        "rate": "1e-3",
        "model": "a b",
    }


@pytest.mark.parametrize("text", ["epochs", "=3", "a=1 a=2", "a='1", "''"])
def test_text_without_name_and_value_is_refused(text: str) -> None:
    with pytest.raises(UserError):
        read_assignments(text, [])


@pytest.mark.parametrize(
    ("name", "value", "fix"),
    [
        ("epoch", "3", "Did you mean epochs?"),
        ("epochs", "3.0", "a whole number from 1 to 100"),
        ("epochs", "", "a whole number"),
        ("epochs", "0", "from 1 to 100"),
        ("epochs", "101", "from 1 to 100"),
        ("rate", "fast", "a number of at least 0"),
        ("rate", "nan", "a number"),
        ("rate", "-1", "at least 0"),
        ("fast", "yes", "true or false"),
        ("grey", "2", "Allowed: 1, 3"),
        ("model", "x" * 2501, "file of a channel"),
    ],
)
def test_values_that_the_trainer_does_not_accept_are_refused(name: str, value: str, fix: str) -> None:
    with pytest.raises(UserError) as caught:
        resolve_hyperparameters({}, {name: value}, KNOWN)
    assert name in caught.value.problem
    assert fix in caught.value.fix


def test_another_program_accepts_any_hyperparameter() -> None:
    assert resolve_hyperparameters({"anything": 1}, {"else": "x"}, None) == {"anything": "1", "else": "x"}


def test_description_of_the_trainer_can_be_read() -> None:
    known = describe_trainer()
    assert "epochs" in {one.name for one in known.hyperparameters}
    assert resolve_hyperparameters({}, {"epochs": "3"}, known) == {"epochs": "3"}
    assert known.metrics
