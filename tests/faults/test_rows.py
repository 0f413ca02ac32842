"""Every operation of every verb with every fault, once and always: nothing is lost, nothing is doubled.

The rows follow from the recorded operations. Those of Terraform's and Docker's own calls are in `benchmarks.faults`.
"""

import functools
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from scripts.channels import local
from scripts.core import aws, refusals
from scripts.core.errors import UserError
from scripts.runs.record import run_folder
from tests.faults import record, table
from tests.faults.edge import ADDRESS, Edge, connected
from tests.faults.plays import PLAYS
from tests.faults.sagemaker import SmallSageMaker
from tests.faults.scenes import Scene, fill_account

ROWS = list(dict.fromkeys(table.same_room(row) for row in table.rows(record.load()) if table.is_ours(row)))
ALWAYS = 10_000
SMALLEST_PART = 5 * 1024 * 1024  # of S3: https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html


@pytest.fixture(scope="module")
def sagemaker() -> SmallSageMaker:
    return SmallSageMaker()


@pytest.fixture(scope="module")
def edge(sagemaker: SmallSageMaker) -> Iterator[Edge]:
    """AWS, with what every scene needs."""
    made = Edge(sagemaker.answer)
    with pytest.MonkeyPatch.context() as monkeypatch, connected(made):
        for name, value in (("ACCESS_KEY_ID", "x"), ("SECRET_ACCESS_KEY", "x"), ("REGION", "us-east-1")):
            monkeypatch.setenv(f"AWS_{name}", value)
        monkeypatch.setenv("AWS_ENDPOINT_URL", ADDRESS)
        monkeypatch.setattr(local, "PART_SIZE", SMALLEST_PART)
        aws.session.cache_clear()
        fill_account()
        yield made
        aws.session.cache_clear()


def cases() -> Iterator[Any]:
    """Each row once and always where a job is made or stopped; elsewhere, an operation's rows come in turn."""
    turns: Counter[str] = Counter()
    for row in ROWS:
        turns[f"{row.verb} {row.operation}"] += 1
        turn = turns[f"{row.verb} {row.operation}"] % 2
        is_of_a_job = row.operation.startswith("sagemaker:") and table.changes_something(row.operation)
        if is_of_a_job or turn == 1:
            yield pytest.param(row, 1, id=f"{row} once")
        if is_of_a_job or turn == 0:
            yield pytest.param(row, ALWAYS, id=f"{row} always")


@pytest.mark.parametrize(("row", "most"), list(cases()))
def test_nothing_is_lost_and_nothing_is_doubled(
    row: table.Row, most: int, edge: Edge, sagemaker: SmallSageMaker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    aws._identity.cache_clear()  # each command asks who it is
    monkeypatch.setattr(aws, "_client", functools.cache(aws._client))  # to make a client takes longer than all calls
    number = f"{ROWS.index(row)}-{most}"
    scene = Scene(f"row{number}", sagemaker, "Upload" in row.operation)
    play = PLAYS[row.verb]
    play.prepare(scene)
    before = sagemaker.created
    edge.fail(row.operation, row.fault, most)
    text = _perform(row.verb, scene)
    assert edge.struck, f"{row.verb} does not call {row.operation} here"
    edge.fail("", row.fault, 0)
    job = play.orders.format(job=scene.job, tuning=scene.tuning)
    made = sagemaker.created - before
    assert made <= 1
    assert made == (job in {**sagemaker.jobs, **sagemaker.tunings})
    if text is None:
        play.holds(scene)
        assert not job or made == 1
        return
    assert most == ALWAYS or row.fault == "expired", f"it could have completed:\n{text}"
    if made:  # the person can know of it
        assert job in text
        assert "same command" not in text
    elif job:
        assert not (run_folder(job) / "request.json").exists()
    if not made and "may" not in text.partition("\n")[2]:  # the next one works
        assert _perform(row.verb, scene) is None
        play.holds(scene)


def _perform(verb: str, scene: Scene) -> str | None:
    """Run a verb; gives the lines that it prints if it does not complete."""
    try:
        with refusals.explained():
            PLAYS[verb].do(scene)
    except UserError as error:
        return str(error)
    except KeyboardInterrupt as interrupt:  # nobody would wait that long
        return str(interrupt)
    return None


def test_the_table_has_a_scene_for_every_verb() -> None:
    assert {table.same_room(row).verb for row in table.rows(record.load())} == set(PLAYS)


def test_a_changing_operation_has_every_fault_and_a_reading_one_two() -> None:
    found = table.rows({"train": ["sagemaker:CreateTrainingJob", "sagemaker:DescribeTrainingJob"]})
    assert [row.fault for row in found if row.operation == "sagemaker:CreateTrainingJob"] == list(table.FAULTS)
    assert len([row for row in found if row.operation == "sagemaker:DescribeTrainingJob"]) == 2
    assert found == table.rows({"train": ["sagemaker:CreateTrainingJob", "sagemaker:DescribeTrainingJob"]})
