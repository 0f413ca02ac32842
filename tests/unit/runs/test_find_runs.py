import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from scripts.core import aws
from scripts.core.errors import UserError
from scripts.runs.ending import end_lines
from scripts.runs.listing import Row, job_table
from scripts.runs.record import describe, find, make_record, match_run, model_folder, save_record

A, B = "digits-20260101-120000-aaaa", "digits-20260102-120000-bbbb"
CREATED = datetime(2026, 1, 1, 12, tzinfo=UTC)


def described(**more: Any) -> dict[str, Any]:
    return {
        "TrainingJobName": A,
        "TrainingJobStatus": "Completed",
        "SecondaryStatus": "Completed",
        "AlgorithmSpecification": {"TrainingImage": "uri:tag"},
        "ResourceConfig": {"InstanceType": "ml.m5.xlarge", "InstanceCount": 2},
        "CreationTime": CREATED,
        "TrainingStartTime": CREATED + timedelta(seconds=60),
        "TrainingEndTime": CREATED + timedelta(seconds=460),
        "TrainingTimeInSeconds": 400,
        "BillableTimeInSeconds": 360,
        "FinalMetricDataList": [{"MetricName": "val_accuracy", "Value": 0.75}],
        "ModelArtifacts": {"S3ModelArtifacts": "s3://models/x/model.tar.gz"},
        **more,
    }


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_record_of_an_ended_job() -> None:
    request = {"Tags": [{"Key": "PricePerHour", "Value": "0.46"}, {"Key": "PriceSource", "Value": "the job file"}]}
    Path("runs", A).mkdir(parents=True)
    Path("runs", A, "request.json").write_text(json.dumps(request))
    record = save_record(described())
    assert (record.spec, record.metrics, record.model_path) == ("digits", {"val_accuracy": 0.75}, None)
    assert record.cost_usd == pytest.approx(0.46 * 360 / 3600)
    assert record.prices_of == "the job file"
    kept = json.loads(Path("runs", A, "record.json").read_text())
    assert kept["ended"] == "2026-01-01T12:07:40+00:00"
    assert sorted(path.name for path in Path("runs", A).iterdir()) == ["record.json", "request.json"]
    model_folder(A).mkdir()
    assert save_record(described()).model_path is None  # an empty folder is no model
    (model_folder(A) / "model.keras").write_text("")
    assert save_record(described()).model_path == f"runs/{A}/model"


def test_record_of_a_starting_job() -> None:
    young = {"TrainingJobName": "other", "TrainingJobStatus": "InProgress", "SecondaryStatus": "Starting"}
    for key in ("AlgorithmSpecification", "ResourceConfig", "CreationTime"):
        young[key] = described()[key]
    record = make_record(young, None)
    assert (record.spec, record.seconds, record.cost_usd, record.model_s3) == ("other", None, None, None)


def test_summary_of_an_ended_job() -> None:
    def first(**more: Any) -> str:
        return end_lines(make_record(described(**more), None))[0]

    assert first() == f"{A}: Completed"
    assert "out of memory" in first(TrainingJobStatus="Failed", FailureReason="AlgorithmError: out of memory")
    limit = first(TrainingJobStatus="Stopped", SecondaryStatus="MaxRuntimeExceeded")
    assert "max_runtime_seconds" in limit
    assert "request" in first(TrainingJobStatus="Stopped", SecondaryStatus="Stopped")
    assert "price unknown" in "".join(end_lines(make_record(described(), None)))


def test_the_record_and_the_summary_of_a_spot_job_count_interruptions_and_what_was_saved() -> None:
    def spot(interruptions: int, **more: Any) -> dict[str, Any]:
        steps = ["Starting", "Downloading", "Training", *["Interrupted", "Starting", "Training"] * interruptions]
        transitions = [{"Status": step, "StartTime": CREATED} for step in [*steps, "Uploading", "Completed"]]
        billed = {"EnableManagedSpotTraining": True, "BillableTimeInSeconds": 120}
        return described(SecondaryStatusTransitions=transitions, **billed, **more)

    price = (0.46, "prices of 2023-12")
    record = make_record(spot(3), None, price)
    assert (record.interruptions, record.billable_seconds, record.saved_seconds) == (3, 120, 280)
    assert record.saved_usd == pytest.approx(0.46 * 280 / 3600)
    assert end_lines(record)[2] == (
        "  spot     interrupted 3 times; saved 70% against on demand: 4 min 40 s, 0.0358 USD"
    )
    assert end_lines(make_record(spot(1), None, price))[2].startswith("  spot     interrupted once; saved 70%")
    assert end_lines(make_record(spot(0), None))[2] == (
        "  spot     not interrupted; saved 70% against on demand: 4 min 40 s"
    )
    on_demand = make_record(described(), None)
    assert (on_demand.interruptions, on_demand.saved_seconds, on_demand.saved_usd) == (0, None, None)
    assert "spot" not in "".join(end_lines(on_demand))
    young = spot(1, TrainingTimeInSeconds=None)
    assert make_record(young, None).saved_seconds is None


def test_a_run_is_found_by_its_name_or_a_unique_beginning() -> None:
    assert match_run(A, [A, B]) == A
    assert match_run("digits-20260102", [A, B]) == B
    assert match_run("x", [A, B]) is None
    assert match_run("d", [A, A]) == A
    assert match_run("digits", ["digits", A]) == "digits"
    with pytest.raises(UserError, match="matches 2 runs"):
        match_run("digits", [A, B])


@pytest.mark.usefixtures("empty_aws")
def test_local_runs_are_found_without_a_call_to_aws() -> None:
    Path("runs", A).mkdir(parents=True)
    assert find(A[:12], None) == A
    sagemaker = aws.client("sagemaker")
    with pytest.raises(UserError) as caught:
        find("digits-20260101-120000-aaab", sagemaker)
    assert f"RUN={A}" in caught.value.fix
    with pytest.raises(UserError) as caught:
        find("", sagemaker)
    assert f"RUN={A}" in caught.value.fix
    with pytest.raises(UserError, match="no training job"):
        describe(sagemaker, "digits-0")


def test_job_table() -> None:
    rows = [
        Row(B, "InProgress (Training)", "ml.m5.xlarge", CREATED, None, A),
        Row(A, "Failed", "", CREATED, CREATED + timedelta(seconds=75), cost=0.1235),
    ]
    lines = job_table(rows, CREATED + timedelta(seconds=3725))
    assert lines[0].split() == ["NAME", "STATUS", "INSTANCE", "STARTED", "DURATION", "COST", "(USD)", "RESUMES"]
    assert lines[1].startswith(B)
    assert lines[1].endswith(f"1 h 2 min   -           {A}")
    assert lines[2].endswith("1 min 15 s  0.1235      -")
    assert job_table([replace(rows[0], pool="Available")])[1].endswith(f"{A}  Available")
    assert lines[0].index("INSTANCE") == lines[1].index("ml.m5") == lines[2].index("-  ", len(A) + 2)
