"""The lines that the demo shows of each command, and that they never change once shown."""

import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scripts.demo_steps import condense
from scripts.demo_steps.condense import Condense, Summary
from scripts.review.render import terminal
from scripts.runs.epoch_table import EpochTable
from scripts.runs.logs import Epoch
from tests.unit.review import samples

BUCKET = 'module.buckets.aws_s3_bucket.this["data"]'
RULES = 'module.buckets.aws_s3_bucket_lifecycle_configuration.this["data"]'
APPLY = [
    f"{BUCKET}: Creating...",
    f"{BUCKET}: Creation complete after 0s [id=data]",
    f"{RULES}: Creating...",
    f"{RULES}: Still creating... [10s elapsed]",
    f"{RULES}: Creation complete after 55s [id=data]",
    "",
    "Apply complete! Resources: 2 added, 0 changed, 0 destroyed.",
]
PAGES = [Path("build/plan/review.md"), Path("build/plan/review.html"), Path("build/plan/review.json")]


def epochs(count: int, prefix: str = "") -> list[str]:
    table = EpochTable()
    return [line for epoch in range(1, count + 1) for line in table.lines(Epoch(epoch, count, {"loss": "1"}), prefix)]


TRAINING = [
    "Uploading: 1 of 3 files, 10 B of 30 B",
    "Uploading: 3 of 3 files, 30 B of 30 B",
    "Cost: 1 ml.m5.xlarge",
    "12:00:00 Training: Training in-progress",
    "1258 training images of 10 labels, 270 validation images; small_cnn with 66,218 parameters, float32; CPU",
    *epochs(15),
    "12:00:00 Completed: Training job completed",
]


def test_the_plan_shrinks_to_its_verdict_findings_and_page() -> None:
    review = samples.three()
    summary = condense.infrastructure(terminal(review, PAGES), False)
    assert summary.lines == (
        f"Plan: {review.verdict} {' '.join(review.summary)} Findings: 1 critical, 1 high, 1 low.",
        "Review, to read before you apply: build/plan/review.html",
    )


def test_a_plan_without_changes_is_shown_too() -> None:
    summary = condense.infrastructure([*terminal(samples.empty(), PAGES), "Nothing to change"], True)
    assert summary.lines[0] == "Plan: Nothing changes. Findings: none."


def test_resources_are_counted_of_those_that_the_plan_changes() -> None:
    plan = terminal(samples.three(), PAGES)  # 2 update, 1 replace: four changes in Terraform's output
    statuses = [condense.infrastructure([*plan, *APPLY[:count]], False).status for count in range(5)]
    assert statuses == [
        "Starting to apply",
        "Applied: 0 of 4 resources; waiting for aws_s3_bucket",
        "Applied: 1 of 4 resources",
        "Applied: 1 of 4 resources; waiting for aws_s3_bucket_lifecycle_configuration",
        "Applied: 1 of 4 resources; waiting for aws_s3_bucket_lifecycle_configuration",
    ]


def test_a_saved_plan_is_applied_without_its_review() -> None:
    assert condense.infrastructure(APPLY, True) == Summary(("Applied: 2 of 2 resources",))


def test_training_shows_the_upload_the_network_and_some_epochs() -> None:
    assert condense.training(TRAINING, True).lines == (
        "Uploaded to S3: 3 files, 30 B",
        "Network: small_cnn with 66,218 parameters, float32; CPU",
        "epoch       loss",
        *(f"{epoch:2}/15          1" for epoch in (1, 3, 6, 9, 12, 15)),
    )


def test_with_several_instances_the_rows_keep_the_host() -> None:
    assert condense.training(epochs(2, "algo-1: "), True).lines[0] == "algo-1: epoch       loss"


def test_a_training_that_ends_early_shows_its_last_epoch() -> None:
    lines = condense.training(epochs(15)[:6], True).lines
    assert lines[-1].strip().startswith("5/15")


@given(st.integers(1, 10_000))
def test_few_epochs_are_shown_and_the_first_and_last_are(count: int) -> None:
    shown = [epoch for epoch in range(1, count + 1) if condense.is_shown(epoch, count)]
    assert len(shown) <= condense.ROWS + 2
    assert (shown[0], shown[-1]) == (1, count)


def test_an_image_shows_its_base_and_what_was_pushed() -> None:
    digest = "sha256:" + "0123456789ab" + "c" * 52
    output = [f"Building a on b@{digest}", "Pushing: 1 of 5 layers, 1 MB", f"Pushed 5 new layers: {digest}", ""]
    assert condense.image(output, True).lines == (
        "Building a on b",
        "Pushed 5 new layers: sha256:0123456789ab…",
    )


def test_scores_are_found_among_warnings() -> None:
    scores = {"images": 269, "accuracy": 1.0, "labels": {"0": {"images": 27}}}
    output = ["a warning", *json.dumps(scores, indent=2).splitlines(), "another"]
    assert condense.parse_scores(output) == scores
    assert condense.parse_scores(["a warning"]) is None
    assert condense.parse_scores(["{", "not JSON", "}"]) is None


@pytest.mark.parametrize(
    ("function", "output"),
    [
        (condense.infrastructure, [*terminal(samples.three(), PAGES), *APPLY]),
        (condense.training, TRAINING),
        (condense.image, ["Building a", "Pushing: 1 of 5", "Pushed"]),
        (condense.last_line, ["one", "two", ""]),
        (condense.nothing, ["one"]),
    ],
)
def test_lines_that_were_shown_stay(function: Condense, output: Sequence[str]) -> None:
    before: tuple[str, ...] = ()
    for ended, count in [*((False, count) for count in range(len(output) + 1)), (True, len(output))]:
        lines = function(output[:count], ended).lines
        assert lines[: len(before)] == before
        before = lines


@given(st.lists(st.text(st.characters(exclude_characters="\n\r"))), st.booleans())
def test_any_output_is_accepted(output: list[str], ended: bool) -> None:
    for function in (condense.infrastructure, condense.training, condense.image, condense.last_line):
        function(output, ended)
    condense.parse_scores(output)


def test_a_search_shows_each_new_best_value_the_evaluation_and_at_its_end_the_report() -> None:
    output = [
        "Search: the least val_loss, Bayesian, 8 training jobs, 2 at a time",
        "  dropout: 0.0 to 0.5, Linear",
        "22:44:33 001-452eae86 InProgress: dropout=0.4438",
        "22:46:57 001-452eae86 Completed: val_loss 0.02118, 2 min 23 s",
        "Best so far: val_loss 0.02118 of 001-452eae86",
        "22:46:58 002-a105dee7 Failed: 3 s, AlgorithmError",
        "Evaluation: accuracy 0.9889, loss 0.04 on 360 images of data/digits/test",
        "The report is runs/digits-261129224421-1ka4/report.html.",
    ]
    found = condense.search(output[:-1], False)
    assert found == condense.Summary((output[0], output[4], output[6]), "2 trials ended")
    assert condense.search(output, True).lines == (output[0], output[4], output[6], output[7])
    assert condense.search(output[:3], False).status == output[2]


def test_a_job_to_compare_with_shows_its_metrics_alone() -> None:
    output = ["epoch 1", "digits-1: Completed", "  time     2 s", "  metrics  loss 0.2553, " + "x" * 100]
    assert condense.result(output, False).lines == ()
    (line,) = condense.result(output, True).lines
    assert line.startswith("metrics  loss 0.2553, ")
    assert len(line) == condense.WIDTH
