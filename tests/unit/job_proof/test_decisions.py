"""When a job is interrupted, what its attempts trained again, and the verdict: as functions of values."""

import itertools
import random
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from scripts.core.errors import UserError
from scripts.job_proof import as_spot, report
from scripts.job_proof.attempts import Attempt, Position, Repetition, attempts_of, metric_positions, repetition
from scripts.job_proof.interruptions import at_checkpoints, in_the_middle
from scripts.job_proof.models import ModelFile
from scripts.job_proof.verdict import Outcome, Result, judge
from scripts.jobfile.reading import parse_job
from scripts.localcloud import parse_interruptions
from scripts.runs.logs import Line
from trainer.contract.describe import METRICS

NOON = datetime(2026, 8, 1, 12, tzinfo=UTC)
CLOCK = itertools.count()
LOSS = [re.compile(r"loss[=:] ?([0-9.]+)")]
RESUMED = Repetition((0, 1), "epoch", 3.0, from_zero=False, by_time=False)
LOST = Repetition((2, 2), "epoch", 30.0, from_zero=True, by_time=False)


def epochs(*numbers: int) -> tuple[Position, ...]:
    return tuple((("epoch", number),) for number in numbers)


def test_interruptions_alternate_and_are_spread_over_the_run_or_come_in_the_middle_of_each_attempt() -> None:
    assert at_checkpoints(3, Attempt(16)) == "4.000s:checkpoint:kill,8.000s:checkpoint,12.000s:checkpoint:kill"
    assert in_the_middle(2, Attempt(16)) == "8.000s:kill,16.000s"


def test_each_attempt_gets_the_time_that_the_program_needs_to_start() -> None:
    slow = Attempt(30, epochs(1, 2), start=20)
    assert at_checkpoints(1, slow) == "25.000s:checkpoint:kill"
    assert in_the_middle(2, slow) == "25.000s:kill,50.000s"


@pytest.mark.parametrize("seconds", [0.0, 0.0004, 0.3, 86_399.0])
def test_the_local_cloud_accepts_the_interruptions_of_any_run(seconds: float) -> None:
    chance = random.Random(1)  # noqa: S311 - no secret
    for order in (at_checkpoints(9, Attempt(seconds)), in_the_middle(9, Attempt(seconds))):
        assert len(parse_interruptions(order, chance)) == 9


@pytest.mark.parametrize(
    ("lines", "positions"),
    [
        (["epoch=3 epochs=10 loss=0.5", "epoch=4 epochs=10 loss=0.4"], epochs(3, 4)),
        (["Epoch 3/10", "36/36 - 0s - 5ms/step - loss: 0.5", "Epoch 4/10"], epochs(3)),
        (['{"epoch": 3, "loss=1": 1}'], epochs(3)),
        (["Epoch [3] Step 400 loss=0.5"], ((("epoch", 3), ("step", 400)),)),
        (["epoch 1 loss=1", "epoch 1 loss=2"], epochs(1)),
        (["loss=0.5", "epoch 3 begins"], ()),
        ([], ()),
    ],
)
def test_a_metric_line_stands_at_its_epoch_or_at_the_one_before_it(
    lines: list[str], positions: tuple[Position, ...]
) -> None:
    assert metric_positions(lines, LOSS) == positions


def test_the_log_is_split_at_each_start_of_the_training_and_only_the_first_host_counts() -> None:
    def step(status: str, start: float, end: float) -> dict[str, Any]:
        return {
            "Status": status,
            "StartTime": NOON + timedelta(seconds=start),
            "EndTime": NOON + timedelta(seconds=end),
        }

    def line(seconds: float, text: str, host: str = "algo-1") -> Line:
        return Line(int((NOON.timestamp() + seconds) * 1000), host, text)

    job = {
        "AlgorithmSpecification": {"MetricDefinitions": [{"Name": "loss", "Regex": "loss=([0-9.]+)"}]},
        "SecondaryStatusTransitions": [
            *(step("Downloading", 0, 5), step("Training", 5, 8.5), step("Interrupted", 8.5, 10)),
            *(step("Training", 12, 14), step("Completed", 14, 14)),
        ],
    }
    first = [line(5, "starts"), line(6, "epoch 9 loss=1", "algo-2"), line(7.5, "epoch 1 loss=1")]
    assert attempts_of(job, [*first, line(12, "epoch 2 loss=1")]) == [
        Attempt(3.5, epochs(1), start=2.5),
        Attempt(2.0, epochs(2)),
    ]
    assert attempts_of(job, first[:1])[0] == Attempt(3.5)


@pytest.mark.parametrize(
    ("attempts", "expected"),
    [
        # Each attempt repeats what came after its checkpoint.
        (
            [Attempt(4, epochs(1, 2, 3)), Attempt(4, epochs(3, 4, 5)), Attempt(5, epochs(6))],
            ((1, 0), "epoch", 3, False, False),
        ),
        (
            [Attempt(4, epochs(1, 2)), Attempt(4, epochs(1, 2)), Attempt(10, epochs(1, 2, 3))],
            ((2, 2), "epoch", 8, True, False),
        ),
        # One loss of everything, such as after a torn first checkpoint, is not each time.
        (
            [Attempt(4, epochs(1, 2)), Attempt(4, epochs(1, 2)), Attempt(8, epochs(3, 4))],
            ((2, 0), "epoch", 6, False, False),
        ),
        # It may have resumed in the middle of its first epoch: the time tells.
        ([Attempt(4, epochs(1)), Attempt(6, epochs(1, 2))], ((1,), "epoch", 0, False, True)),
        ([Attempt(4, epochs(1)), Attempt(9, epochs(1, 2))], ((1,), "epoch", 3, True, True)),
        # It goes on after the one epoch that it knows, whatever the time says.
        ([Attempt(4, epochs(1)), Attempt(9, epochs(2, 3))], ((0,), "epoch", 3, False, False)),
        # The first attempt was too short for a metric line.
        (
            [Attempt(4), Attempt(4, epochs(1, 2)), Attempt(4, epochs(2, 3))],
            ((0, 1), "epoch", 2, False, False),
        ),
        ([Attempt(4), Attempt(10, epochs(1, 2))], ((), "second", 4, True, True)),
        ([Attempt(6), Attempt(5)], ((), "second", 1, False, True)),
        ([Attempt(5), Attempt(4)], ((), "second", 0, False, True)),
    ],
)
def test_what_was_trained_again(
    attempts: list[Attempt], expected: tuple[tuple[int, ...], str, float, bool, bool]
) -> None:
    assert repetition(Attempt(10), attempts) == Repetition(*expected)


def test_the_time_of_the_start_says_nothing() -> None:
    slow = Attempt(30, epochs(1, 2, 3, 4), start=20)
    assert not repetition(slow, [Attempt(25), Attempt(26)]).from_zero
    assert repetition(slow, [Attempt(25), Attempt(29)]).from_zero


def test_lines_of_steps_are_metric_lines() -> None:
    steps = ((("epoch", 1), ("step", 100)), (("epoch", 1), ("step", 200)))
    found = repetition(Attempt(10), [Attempt(4, steps), Attempt(7, steps[1:])])
    assert (found.counts, found.unit, found.from_zero) == ((1,), "metric line", False)


def outcome(loss: float | None = 0.5, **files: str) -> Outcome:
    metrics = {"seconds": float(next(CLOCK))} | ({} if loss is None else {"loss": loss})
    return Outcome(metrics, {name.replace("_", "."): ModelFile(digest) for name, digest in files.items()})


def keras(digest: str, **arrays: str) -> Outcome:
    return Outcome({"loss": 0.5}, {"model.keras": ModelFile(digest, arrays)})


@pytest.mark.parametrize(
    ("first", "second", "third", "result", "repeatable"),
    [
        (outcome(model_h="a"), outcome(model_h="a"), outcome(model_h="a"), Result.SAME_BITS, True),
        (keras("a", w="1"), keras("b", w="1"), keras("c", w="1"), Result.SAME_BITS, True),  # only the date differs
        (keras("a", w="1"), keras("b", w="1"), keras("c", w="2"), Result.SAME_METRICS, True),
        (keras("a", w="1"), keras("b", w="2"), keras("c", w="3"), Result.SAME_METRICS, False),
        # A file with the date of the run differs in any two runs.
        (
            Outcome({}, {**keras("a", w="1").model, "log.txt": ModelFile("1")}),
            Outcome({}, {**keras("b", w="1").model, "log.txt": ModelFile("2")}),
            Outcome({}, {**keras("c", w="1").model, "log.txt": ModelFile("3")}),
            *(Result.SAME_BITS, True),
        ),
        # Repeatable, but an interruption changes the result.
        (outcome(0.5, m="a"), outcome(0.5, m="a"), outcome(0.51, m="b"), Result.SAME_METRICS, True),
        (outcome(0.5, m="a"), outcome(0.5, m="a"), outcome(0.6, m="b"), Result.OTHER_METRICS, True),
        (outcome(None, m="a"), outcome(None, m="a"), outcome(None, m="b"), Result.OTHER_MODEL, True),
        # Not repeatable: the spread of two runs decides.
        (outcome(0.5, m="a"), outcome(0.52, m="b"), outcome(0.6, m="c"), Result.SAME_METRICS, False),
        (outcome(0.5, m="a"), outcome(0.52, m="b"), outcome(0.8, m="c"), Result.OTHER_METRICS, False),
        (outcome(None, m="a"), outcome(None, m="b"), outcome(None, m="c"), Result.UNKNOWN, False),
        (outcome(0.5), outcome(0.5), outcome(0.5), Result.SAME_METRICS, True),
        (outcome(None), outcome(None), outcome(None), Result.UNKNOWN, True),
        (outcome(0.5, m="a"), outcome(0.5, m="a"), outcome(0.5), Result.OTHER_MODEL, True),
        (outcome(0.5, m="a"), outcome(0.5, m="a"), outcome(None, m="a"), Result.OTHER_METRICS, True),
        (outcome(0.0, m="a"), outcome(0.0, m="a"), outcome(0.1, m="b"), Result.OTHER_METRICS, True),
    ],
)
def test_the_result(first: Outcome, second: Outcome, third: Outcome, result: Result, repeatable: bool) -> None:
    verdict = judge(first, second, third, RESUMED)
    assert (verdict.result, verdict.repeatable) == (result, repeatable)
    assert verdict.is_loss == (result in {Result.OTHER_METRICS, Result.OTHER_MODEL})
    assert judge(first, second, third, LOST).is_loss  # also with the right result: the work was done anew


def test_the_report_names_what_differs() -> None:
    first, second = keras("a", bias="1", kernel="1"), keras("b", bias="1", kernel="1")
    third = Outcome({"loss": 0.49}, keras("c", bias="1", kernel="2").model)
    assert report.lines(judge(first, second, third, RESUMED), first, second, third) == [
        "Same metrics within 2.0%: loss. Other bits: model.keras (kernel).",
        "1 epoch trained again (by the metric lines of the log), after each interruption: 0, 1.",
    ]
    worse = Outcome({"loss": 0.9}, third.model)
    assert report.lines(judge(first, second, worse, LOST), first, second, worse) == [
        "Other metrics: loss is 0.9, uninterrupted 0.5.",
        "It starts from zero each time (by the metric lines of the log): this script loses everything.",
        f"{report.PAGE} shows the lines that mend it: `from trainyard import Resume`.",
    ]
    other = Outcome({"loss": 0.52}, keras("b", bias="2", kernel="1").model)
    not_repeatable = report.lines(judge(first, other, third, RESUMED), first, other, third)
    by_time = Repetition((), "second", 12.3, from_zero=False, by_time=True)
    assert report.lines(judge(first, second, third, by_time), first, second, third)[1:] == [
        "About 12 s trained again (by the time that it trained, start-ups included)."
    ]
    assert not_repeatable[0] == (
        "Not repeatable: the two uninterrupted runs differ in loss (0.5 and 0.52) and model.keras (bias)."
    )


def test_the_report_lists_the_attempts() -> None:
    rows = report.attempt_rows([Attempt(3.25, epochs(1, 2)), Attempt(61), Attempt(2, epochs(3))])
    assert [re.split(r"  +", row) for row in rows] == [
        ["attempt", "trained", "metric lines", "ended by"],
        ["1", "3.2 s", "epoch 1 to 2", "SIGKILL"],
        ["2", "1 min 1 s", "none", "SIGTERM"],
        ["3", "2.0 s", "epoch 3", "itself"],
    ]


def test_the_report_says_what_is_not_compared() -> None:
    assert report.notes(outcome(), ["1"], saves=False) == [
        "Not compared, because they measure time: seconds.",
        "Not compared, because any two SavedModels differ: 1.",
        "It leaves nothing in /opt/ml/checkpoints.",
    ]
    assert report.notes(keras("a"), [], saves=True) == []


def test_of_our_trainers_metrics_only_those_that_measure_time_are_not_compared() -> None:
    left = Outcome(dict.fromkeys((metric.name for metric in METRICS), 1.0), {})
    notes = ["Not compared, because they measure time: seconds and images_per_second."]
    assert report.notes(left, [], saves=True) == notes


def test_the_job_is_sent_as_spot_and_needs_checkpoints() -> None:
    content: dict[str, Any] = {"program": "train.py", "channels": {}}
    assert as_spot("my-job", parse_job(content, "jobs/my-job.toml")).spot
    with pytest.raises(UserError, match=r"jobs/my-job\.toml has checkpoints = false"):
        as_spot("my-job", parse_job({**content, "checkpoints": False}, "jobs/my-job.toml"))
