"""A run's manifest: what the channels held when the job was sent."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from scripts.core import aws
from scripts.runs import manifest, save_record
from scripts.runs.record import run_folder
from tests.unit.aws_server import poor_user
from tests.unit.runs.test_find_runs import A, described


def channel(name: str, uri: str, kind: str = "S3Prefix") -> dict[str, Any]:
    return {"ChannelName": name, "DataSource": {"S3DataSource": {"S3DataType": kind, "S3Uri": uri}}}


REQUEST = {
    "InputDataConfig": [
        channel("training", "s3://data/job/training/"),
        channel("listed elsewhere", "s3://data/list", "ManifestFile"),
    ]
}


@pytest.fixture
def s3(empty_aws: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.chdir(tmp_path)
    client = aws.client("s3")
    client.create_bucket(Bucket="data")
    for key in ("job/training/a", "job/training/b", "job/training2/c"):
        client.put_object(Bucket="data", Key=key, Body=b"12")
    return client


def test_the_record_contains_what_the_channels_held(s3: Any) -> None:
    etag = hashlib.md5(b"12", usedforsecurity=False).hexdigest()
    run_folder(A).mkdir(parents=True)
    manifest.write_manifest(run_folder(A), manifest.list_data(REQUEST))
    s3.put_object(Bucket="data", Key="job/training/later", Body=b"")
    head, *objects = map(json.loads, (run_folder(A) / "data.jsonl").read_text().splitlines())
    assert objects == [
        {"channel": "training", "key": f"job/training/{name}", "size": 2, "etag": etag} for name in ("a", "b")
    ]
    (entry,) = head["channels"]
    text = "".join(f"job/training/{name}\0{2}\0{etag}\n" for name in ("a", "b"))
    assert entry == {
        "channel": "training",
        "uri": "s3://data/job/training/",
        "objects": 2,
        "bytes": 4,
        "sha256": hashlib.sha256(text.encode()).hexdigest(),
        "complete": True,
    }
    assert save_record(described()).data == head
    assert json.loads((run_folder(A) / "record.json").read_text())["data"] == head
    assert sorted(path.name for path in run_folder(A).iterdir()) == ["data.jsonl", "record.json"]


def test_a_long_list_is_cut_and_says_so(s3: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(manifest, "MOST_OBJECTS", 1)
    head, *objects = map(json.loads, manifest.list_data(REQUEST))
    assert (head["channels"][0]["objects"], head["channels"][0]["complete"]) == (1, False)
    assert len(objects) == 1


def test_without_the_right_to_list_the_channel_is_skipped_with_a_note(
    s3: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    with poor_user("s3:GetObject"):
        (line,) = manifest.list_data(REQUEST)
    assert json.loads(line)["channels"] == []
    assert (
        "Not recorded (no right to s3:ListBucket): what s3://data/job/training/ holds now." in capsys.readouterr().out
    )


def test_a_job_that_was_sent_elsewhere_has_no_manifest(s3: Any) -> None:
    assert save_record(described()).data is None
