"""The JSON schema of job files: current, complete, and of one mind with the model about single keys."""

import json
import re
import tomllib
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from scripts.core.errors import UserError
from scripts.jobfile import schema
from scripts.jobfile.reading import parse_job
from scripts.jobfile.script import Script
from scripts.jobfile.spec import Channel, JobSpec
from scripts.jobfile.template import SCHEMA_LINE, job_file
from scripts.jobfile.tuning_table import TuningTable
from tests.conftest import ROOT

SCHEMA: dict[str, Any] = json.loads((ROOT / schema.FILE).read_text(encoding="utf-8"))
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)
TRAINING = {"channels": {"training": {"source": "data/x"}}}


def test_the_file_is_current() -> None:
    assert (ROOT / schema.FILE).read_text(encoding="utf-8") == schema.text(), "python -m scripts.jobfile.schema"
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    assert "null" not in json.dumps(SCHEMA)  # TOML has none


def test_every_key_has_a_description_and_a_row_in_the_docs() -> None:
    page = "".join((ROOT / "docs" / name).read_text(encoding="utf-8") for name in ("jobs.md", "tuning.md"))
    rows = set(re.findall(r"`\[?([a-z_]+)", "".join(re.findall(r"^\|([^|]*)\|", page, re.MULTILINE))))
    defined = {model: SCHEMA["$defs"][model.__name__]["properties"] for model in (Channel, TuningTable)}
    places = ((JobSpec, SCHEMA["properties"]), *defined.items())
    for model, properties in places:
        assert list(model.model_fields) == list(properties)
        assert [name for name, found in properties.items() if not found.get("description")] == []
        assert set(properties) - rows == set()


@pytest.mark.parametrize("path", sorted((ROOT / "jobs").glob("*.toml")), ids=lambda path: path.name)
def test_the_job_files_name_the_schema_and_are_valid(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.startswith(f"{SCHEMA_LINE}\n")
    assert (path.parent / SCHEMA_LINE.removeprefix("#:schema ")).resolve() == (ROOT / schema.FILE).resolve()
    assert list(VALIDATOR.iter_errors(tomllib.loads(text))) == []


def test_a_new_job_file_and_the_examples_of_the_docs_are_valid() -> None:
    new = job_file("mine", "../code", "train.py", Script((), ("training",), ("loss",), True))
    assert new.startswith(f"{SCHEMA_LINE}\n")
    page = (ROOT / "docs/jobs.md").read_text(encoding="utf-8")
    texts = [new, *re.findall(r"^```toml\n(.*?)^```$", page, re.DOTALL | re.MULTILINE)]
    assert len(texts) >= 2
    for text in texts:
        assert list(VALIDATOR.iter_errors(tomllib.loads(text))) == []
        parse_job(tomllib.loads(text), "jobs/x.toml")


@pytest.mark.parametrize(
    "values",
    [
        {"instance_tipe": "x"}, {"instance_type": "m5"}, {"instance_count": 0}, {"instance_count": "2"}, {"spot": 1},
        {"retries": 31}, {"entrypoint": "x"}, {"entrypoint": []}, {"entrypoint": ["a\nb"]}, {"vpc": "mine"},
        {"vpc": {"subnets": ["a"], "security_groups": ["sg-0a"]}}, {"vpc": {"subnets": ["subnet-0a"]}}, {"vpc": 1},
        {"output_compression": "zip"}, {"output_kms_key": "a b"}, {"max_cost": 0}, {"tags": {"a": 1}},
        {"hyperparameters": {"a": [1]}}, {"environment": {"1A": "x"}}, {"request": []},
        {"channels": {"training": "data/x"}}, {"channels": {"training": {"source": "data/x", "input_mode": "Fast"}}},
    ],
)  # fmt: skip
def test_a_mistake_in_one_key_is_one_for_both(values: dict[str, Any]) -> None:
    with pytest.raises(UserError):
        parse_job(TRAINING | values, "jobs/x.toml")
    assert list(VALIDATOR.iter_errors(TRAINING | values)) != []


@pytest.mark.parametrize(
    "values",
    [
        {"vpc": "stack"}, {"vpc": {"subnets": ["subnet-0a"], "security_groups": ["sg-0a"]}}, {"max_cost": 1},
        {"hyperparameters": {"a": True, "b": 1, "c": 0.5, "d": "x"}}, {"entrypoint": ["sh", "-c", ""]},
        {"request": {"RemoteDebugConfig": {"EnableRemoteDebug": True}}}, {"retries": 30, "infra_check": True},
    ],
)  # fmt: skip
def test_what_is_valid_is_so_for_both(values: dict[str, Any]) -> None:
    parse_job(TRAINING | values, "jobs/x.toml")
    assert list(VALIDATOR.iter_errors(TRAINING | values)) == []
