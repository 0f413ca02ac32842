import json
import re
import subprocess
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.trainer.trainer_runs import ROOT, environment, trainer
from trainer.contract import describe, hyperparameters
from trainyard.loop import lines

REGEXES = {metric.name: metric.regex for metric in describe.METRICS}


def test_describe_prints_json() -> None:
    result = trainer("describe")
    assert result.stderr == ""
    assert json.loads(result.stdout) == json.loads(json.dumps(describe.describe()))


def test_describe_imports_neither_tensorflow_nor_keras_nor_numpy() -> None:
    code = (
        "import sys; from trainer import commands; from trainyard.stop import Stop; "
        "commands.main(['describe'], Stop()); "
        "sys.exit(sorted({'tensorflow', 'keras', 'numpy'} & set(sys.modules)) or 0)"
    )
    command = [sys.executable, "-c", code]
    result = subprocess.run(command, cwd=ROOT, env=environment(), capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr


def test_every_hyperparameter_has_all_keys_and_allows_its_default() -> None:
    for entry in hyperparameters.describe():
        assert set(entry) == {"name", "type", "default", "min", "max", "choices", "decisive", "tune", "help"}
        assert entry["type"] == type(entry["default"]).__name__
        assert entry["choices"] is None or entry["default"] in entry["choices"]
        assert entry["min"] is None or entry["min"] <= entry["default"] <= entry["max"]


@pytest.mark.parametrize(
    "entry", [one for one in hyperparameters.describe() if one["tune"]], ids=lambda one: one["name"]
)
def test_a_range_for_tuning_is_within_the_limits_and_around_the_default(entry: dict[str, Any]) -> None:
    tune = entry["tune"]
    if "values" in tune:
        assert set(tune["values"]) <= set(entry["choices"])
        assert entry["default"] in tune["values"]
        return
    assert entry["min"] <= tune["min"] < entry["default"] < tune["max"] <= entry["max"]
    assert type(tune["min"]) is type(tune["max"]) is type(entry["default"])
    assert tune["min"] > 0 or tune["scaling"] == "Linear"


def test_the_page_has_each_hyperparameter_with_its_default() -> None:
    page = (ROOT / "docs" / "trainer.md").read_text(encoding="utf-8")
    table = page.partition("| hyperparameter | default |")[2].partition("\n\n")[0]
    rows = dict(re.findall(r"^\| `(\w+)` \| `([^`]+)` \|", table, flags=re.MULTILINE))
    defaults = {one["name"]: one["default"] for one in hyperparameters.describe()}
    assert rows == {name: json.dumps(value).strip('"') for name, value in defaults.items()}


def test_names_and_regexes_are_within_sagemakers_limits() -> None:
    for metric in describe.METRICS:
        assert len(metric.name) <= 255
        assert len(metric.regex) <= 500
        assert re.compile(metric.regex).groups == 1


@given(
    st.dictionaries(
        st.sampled_from(sorted(REGEXES)), st.floats(allow_nan=False, allow_infinity=False, width=32), min_size=1
    )
)
def test_each_regex_finds_its_own_number_in_an_epoch_line(values: dict[str, float]) -> None:
    line = lines.epoch_line({"epoch": 1, **values})
    for name, regex in REGEXES.items():
        found = re.search(regex, line)
        assert (found is not None) == (name in values)
        if found:
            assert float(found[1]) == pytest.approx(values[name], rel=5e-4)  # four digits


def test_the_format_of_an_epoch_line() -> None:
    values = {"epoch": 3, "epochs": 10, "loss": 0.12341, "val_loss": 1e-05, "images_per_second": 1800.0}
    assert lines.epoch_line(values) == "epoch=3 epochs=10 loss=0.1234 val_loss=1e-05 images_per_second=1800"


def test_an_unknown_command_shows_the_usage() -> None:
    for arguments in ([], ["fly"], ["describe", "more"]):
        result = trainer(*arguments)
        assert result.returncode == 2
        assert result.stderr.startswith("usage: python -m trainer train")
