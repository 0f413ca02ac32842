import json
import re
import subprocess
import sys
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.trainer.trainer_runs import ROOT, environment, trainer
from trainer.contract import describe, hyperparameters

REGEXES = {metric.name: metric.regex for metric in describe.METRICS}


def test_it_answers_at_once_with_json() -> None:
    started = time.monotonic()
    ended = trainer("describe")
    assert time.monotonic() - started < 3  # 0.05 s where nothing else runs; TensorFlow's import alone takes 3
    assert ended.stderr == ""
    assert json.loads(ended.stdout) == json.loads(json.dumps(describe.describe()))


def test_it_imports_neither_tensorflow_nor_keras_nor_numpy() -> None:
    code = (
        "import sys; from trainer import commands; from trainer.contract.stop import Stop; "
        "commands.main(['describe'], Stop()); "
        "sys.exit(sorted({'tensorflow', 'keras', 'numpy'} & set(sys.modules)) or 0)"
    )
    command = [sys.executable, "-c", code]
    ended = subprocess.run(command, cwd=ROOT, env=environment(), capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr


def test_every_hyperparameter_is_whole_and_takes_its_own_default() -> None:
    for one in hyperparameters.describe():
        assert set(one) == {"name", "type", "default", "min", "max", "choices", "decisive", "help"}
        assert one["type"] == type(one["default"]).__name__
        assert one["choices"] is None or one["default"] in one["choices"]
        assert one["min"] is None or one["min"] <= one["default"] <= one["max"]


def test_the_regexes_keep_sagemakers_limits() -> None:
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
    line = describe.epoch_line({"epoch": 1, **values})
    for name, regex in REGEXES.items():
        found = re.search(regex, line)
        assert (found is not None) == (name in values)
        if found:
            assert float(found[1]) == pytest.approx(values[name], rel=5e-4)  # four digits


def test_an_epoch_line_reads_as_documented() -> None:
    values = {"epoch": 3, "epochs": 10, "loss": 0.12341, "val_loss": 1e-05, "images_per_second": 1800.0}
    assert describe.epoch_line(values) == "epoch=3 epochs=10 loss=0.1234 val_loss=1e-05 images_per_second=1800"


def test_an_unknown_command_shows_the_usage() -> None:
    for arguments in ([], ["fly"], ["describe", "more"]):
        ended = trainer(*arguments)
        assert ended.returncode == 2
        assert ended.stderr.startswith("usage: python -m trainer train")
