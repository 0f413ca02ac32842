"""What a tuning costs at most, what it says before it starts, and what a followed one shows."""

from typing import Any

import pytest

from scripts import costs
from scripts.core.errors import UserError
from scripts.jobfile.hyperparameters import Hyperparameter, TrainerDescription
from scripts.jobfile.reading import parse_job
from scripts.tuning import cost
from scripts.tuning.checkpoints import checkpoint_note
from scripts.tuning.lines import progress, table
from scripts.tuning.request import Search
from scripts.tuning.space import range_line, search_space
from tests.unit.tuning.test_build_request import table as tuning_table
from tests.unit.tuning.test_results import summary, tuning

CAP = costs.Cap(1.0, "[tuning] of jobs/digits.toml")


def job(hours: int = 1, hour: float | None = 0.5, kept: int = 0) -> dict[str, Any]:
    tags = (
        [] if hour is None else [{"Key": "PricePerHour", "Value": str(hour)}, {"Key": "PriceSource", "Value": "here"}]
    )
    resources = {"InstanceType": "ml.m5.xlarge", "InstanceCount": 1, "KeepAlivePeriodInSeconds": kept}
    return {
        "ResourceConfig": resources,
        "StoppingCondition": {"MaxRuntimeInSeconds": hours * 3600},
        "Tags": tags,
    }


def search(**keys: Any) -> Search:
    found = tuning_table(**keys)
    return Search(found, "Minimize", search_space(found, None, {}))


@pytest.mark.parametrize(
    ("keys", "kept", "usd"),
    [
        ({"max_jobs": 10}, 0, 5.0),
        ({"max_jobs": 10}, 3600, 10.0),
        ({"max_jobs": 10, "parallel_jobs": 2, "max_runtime_seconds": 7200}, 0, 2.0),
        ({"max_jobs": 2, "parallel_jobs": 2, "max_runtime_seconds": 7200}, 0, 1.0),
        # Instances that are kept after their job are not counted by the tuning's limit.
        ({"max_jobs": 10, "parallel_jobs": 2, "max_runtime_seconds": 7200}, 3600, 10.0),
    ],
)
def test_the_highest_cost_is_the_lower_of_two_limits(keys: dict[str, Any], kept: int, usd: float) -> None:
    assert cost.worst(search(**keys), job(kept=kept), 0.5) == pytest.approx(usd)


def test_a_tuning_that_may_cost_more_is_refused() -> None:
    cost.check(search(max_jobs=2), job(), CAP, "us-east-1")
    cost.check(search(max_jobs=200), job(hour=None), None, "us-east-1")
    with pytest.raises(UserError) as raised:
        cost.check(search(max_jobs=3), job(), CAP, "us-east-1")
    assert raised.value.problem == (
        "The tuning costs up to 1.50 USD, and max_cost is 1 USD ([tuning] of jobs/digits.toml): "
        "3 jobs, 1 at a time, each 1 ml.m5.xlarge at 0.5 USD an hour for 1 h 0 min."
    )
    with pytest.raises(UserError, match="us-east-1 is unknown"):
        cost.check(search(max_jobs=2), job(hour=None), CAP, "us-east-1")


def test_the_cost_is_shown_before_it_starts() -> None:
    assert cost.cost_line(search(max_jobs=3, max_runtime_seconds=600), job(), "us-east-1") == (
        "Cost: 3 jobs, 1 at a time, each 1 ml.m5.xlarge at 0.5 USD an hour for 1 h 0 min, all within 10 min 0 s: "
        "at most 0.0834 USD (us-east-1, on demand, here)"
    )
    assert "price in us-east-1 unknown" in cost.cost_line(search(max_jobs=3), job(hour=None), "us-east-1")


TRAINER = TrainerDescription(
    (
        Hyperparameter("rate", "float", 0, 1, None, tune={"min": 0.1, "max": 0.5, "scaling": "Logarithmic"}),
        Hyperparameter("how", "str", None, None, ("a", "b"), tune={"values": ["a", "b"]}),
        Hyperparameter("other", "int", 1, 9, None),
    ),
    (),
)


def test_without_ranges_those_of_the_trainer_are_searched_but_for_what_is_typed() -> None:
    found = search_space(tuning_table(ranges={}), TRAINER, {})
    assert [range_line(one) for one in found] == ["rate: 0.1 to 0.5, Logarithmic", "how: a, b"]
    assert [one.name for one in search_space(tuning_table(ranges={}), TRAINER, {"how": "a"})] == ["rate"]
    own = {"other": {"min": 1, "max": 3}}
    assert [range_line(one) for one in search_space(tuning_table(ranges=own), TRAINER, {})] == ["other: 1 to 3"]
    with pytest.raises(UserError, match="HP sets other"):
        search_space(tuning_table(ranges=own), TRAINER, {"other": "2"})


@pytest.mark.parametrize(
    ("ranges", "problem"),
    [
        ({"rat": {"min": 0.1, "max": 0.2}}, "tuning.ranges.rat: The trainer has no hyperparameter rat."),
        ({"rate": {"min": 0.1, "max": 2}}, "tuning.ranges.rate: rate=2 is out of range."),
        ({"other": {"min": 1.5, "max": 3}}, "tuning.ranges.other: other=1.5 is not a whole number."),
        ({"how": {"values": ["c"]}}, "tuning.ranges.how: how=c is not an allowed value."),
        ({"rate": {"values": [0.1, 0.1]}}, "tuning.ranges.rate.values has 0.1 twice."),
    ],
)
def test_ranges_fit_what_the_trainer_says(ranges: dict[str, Any], problem: str) -> None:
    with pytest.raises(UserError) as raised:
        search_space(tuning_table(ranges=ranges), TRAINER, {})
    assert raised.value.problem == problem


OWN = {"program": "a.py", "channels": {"training": {"source": "data/x"}}}


@pytest.mark.parametrize(
    ("code", "more", "warned"),
    [
        ("save('/opt/ml/checkpoints/x')", {}, True),
        ("save('/opt/ml/checkpoints/x')", {"checkpoints": False}, False),
        ("from trainyard import Resume  # checkpoints", {}, False),
        ("save(f'/opt/ml/checkpoints/{os.environ[\"TRAINING_JOB_NAME\"]}/x')", {}, False),
        ("print('no saving')", {}, False),
    ],
)
def test_a_program_whose_jobs_share_checkpoints_is_warned_of(code: str, more: dict[str, Any], warned: bool) -> None:
    note = checkpoint_note(parse_job(OWN | more, "x"), code, "s3://checkpoints/x/")
    assert (note is not None) == warned
    assert note is None or "s3://checkpoints/x/" in note


def test_the_table_shows_the_best_first_and_what_runs() -> None:
    found = tuning(
        summary(1, "Completed", 0.5),
        summary(2, "Completed", 0.25),
        summary(3, "Failed"),
        summary(4, "InProgress", minutes=None),
        BestTrainingJob={"TrainingJobName": "job-002"},
    )
    rows = table(found, 20)
    assert [row[0] for row in rows] == ["job-002 *", "job-001", "job-003", "job-004"]
    assert rows[0][1:] == ("Completed", "0.25", "1 min 0 s", "0.0600", "batch_size=16 learning_rate=0.01 optimizer=sgd")
    assert [row[0] for row in table(found, 2)] == ["job-002 *", "job-004"]
    assert progress(found) == "digits-261101120000-abcd: InProgress, 3 of 8 trials ended, 1 running, 0.5400 USD so far"
