"""Each row of the comparison in docs/bring-your-own-script.md, with SageMaker's training toolkit beside the trainer."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ROOT
from tests.toolkit.page import PAGE, insert_table
from tests.toolkit.sides import Ended, both
from tests.toolkit.table import BEHAVIOURS, JOBS, VALUES, Behaviour, Value

pytestmark = pytest.mark.e2e

# The arguments and hyperparameters have tables of their own. The image sets the folder of the code.
COMPARED_ELSEWHERE = {"SM_HPS", "SM_HP_HUGE", "SM_TRAINING_ENV", "SM_USER_ARGS"}


@pytest.fixture(scope="module")
def ends(toolkit: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Ended, Ended]]:
    """How each job ended: there, and here."""
    folder = tmp_path_factory.mktemp("sides")
    lister = folder / "programs" / "neuron-ls"
    lister.parent.mkdir()
    lister.write_text('#!/bin/sh\necho \'[{"nc_count": 2}, {"nc_count": 2}]\'\n')
    lister.chmod(0o755)
    return both(JOBS, folder, toolkit, lister.parent)


@pytest.fixture(scope="module")
def there(ends: dict[str, tuple[Ended, Ended]]) -> dict[str, Ended]:
    return {name: pair[0] for name, pair in ends.items()}


@pytest.fixture(scope="module")
def here(ends: dict[str, tuple[Ended, Ended]]) -> dict[str, Ended]:
    return {name: pair[1] for name, pair in ends.items()}


@pytest.mark.parametrize("value", VALUES, ids=lambda value: value.name)
def test_a_value_arrives_as_the_table_says(value: Value, there: dict[str, Ended], here: dict[str, Ended]) -> None:
    assert there["values"].argument(value.name) == value.there
    assert here["values"].argument(value.name) == value.here
    found = hyperparameter(there, value.name), hyperparameter(here, value.name)
    assert found == (value.hps_there or value.hps, value.hps)
    assert bool(value.why) == (value.there != value.here)


def hyperparameter(ends: dict[str, Ended], name: str) -> str:
    """A value of SM_HPS, as JSON."""
    return json.dumps(json.loads(ends["values"].variables["SM_HPS"])[name], separators=(",", ":"))


@pytest.mark.parametrize("row", BEHAVIOURS, ids=lambda row: row.title)
def test_a_program_finds_what_the_table_says(row: Behaviour, there: dict[str, Ended], here: dict[str, Ended]) -> None:
    assert (row.read(there), row.read(here)) == (row.there, row.here)
    assert bool(row.why) == (row.there != row.here)


def test_every_other_variable_is_that_of_the_toolkit(there: dict[str, Ended], here: dict[str, Ended]) -> None:
    found = [
        {name: text for name, text in side["values"].platform_variables.items() if name not in COMPARED_ELSEWHERE}
        for side in (there, here)
    ]
    assert found[1].pop("SAGEMAKER_SUBMIT_DIRECTORY") == "/opt/ml/code"  # of the image
    assert found[0] == found[1]
    assert len(found[0]) > len(VALUES) + 30


@pytest.mark.parametrize("job", ["values", "workers"])
def test_the_whole_environment_is_that_of_the_toolkit(
    job: str, there: dict[str, Ended], here: dict[str, Ended]
) -> None:
    whole: list[dict[str, Any]] = [json.loads(side[job].variables["SM_TRAINING_ENV"]) for side in (there, here)]
    assert [json.dumps(one.pop("hyperparameters"), separators=(",", ":")) for one in whole] == [
        side[job].variables["SM_HPS"] for side in (there, here)
    ]
    assert whole[0] == whole[1]


def test_the_arguments_are_in_a_variable_too(there: dict[str, Ended], here: dict[str, Ended]) -> None:
    for side in (there, here):
        assert json.loads(side["values"].variables["SM_USER_ARGS"]) == side["values"].arguments


def test_the_page_has_this_table() -> None:
    page = (ROOT / PAGE).read_text(encoding="utf-8")
    assert page == insert_table(page), "python -m tests.toolkit.page"
