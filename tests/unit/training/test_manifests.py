"""Channels with a manifest: from the job file and its list to the request and the object in S3."""

import json
from pathlib import Path
from typing import Any

import pytest

from scripts.core import aws
from scripts.core.errors import UserError
from scripts.jobfile import read_lists
from scripts.jobfile.reading import parse_job
from scripts.runs.manifest import list_data
from scripts.training import TrainingJob, build_request, manifests
from tests.unit.aws_server import STACK
from tests.unit.training.shapes import problems


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("a.png", "one/b.png", ".hidden"):
        path = tmp_path / "images" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    Path("list.txt").write_text("a.png\n\n  one/b.png  \n")


def job(**channel: Any) -> TrainingJob:
    spec = parse_job({"channels": {"training": channel}}, "jobs/digits.toml")
    return TrainingJob("digits", spec, "digits-1", "x", {}, (), read_lists("digits", spec))


def source(made: TrainingJob) -> dict[str, Any]:
    request = build_request(made, STACK)
    assert problems("CreateTrainingJob", request) == []
    found: dict[str, Any] = request["InputDataConfig"][0]["DataSource"]["S3DataSource"]
    return found


@pytest.mark.parametrize(
    ("channel", "prefix"),
    [({"source": "images"}, "s3://data/digits/training/"), ({"source": "s3://others/x"}, "s3://others/x/")],
)
def test_a_local_list_becomes_a_manifest(channel: dict[str, str], prefix: str) -> None:
    made = job(**channel, manifest="list.txt")
    ((key, manifest),) = manifests.written(made, "data").items()
    assert json.loads(manifest.body) == [{"prefix": prefix}, "a.png", "one/b.png"]
    assert source(made)["S3DataType"] == "ManifestFile"
    assert source(made)["S3Uri"] == f"s3://data/{key}"


def test_a_manifest_in_s3_is_used_unchanged() -> None:
    made = job(manifest="s3://others/x.manifest")
    assert (source(made)["S3DataType"], source(made)["S3Uri"]) == ("ManifestFile", "s3://others/x.manifest")
    assert manifests.written(made, "data") == {}


@pytest.mark.parametrize(
    ("channel", "problem"),
    [
        ({}, "channels.training: the key source is missing, or manifest with a list in S3"),
        ({"manifest": "list.txt"}, "channels.training: the key source is missing, below which"),
        ({"manifest": "s3://bucket/x", "source": "images"}, "a manifest in S3 has a prefix of its own"),
        ({"manifest": "s3://bucket/x/"}, "a manifest in S3 is s3://bucket/key"),
        ({"manifest": "s3://bucket/x", "input_mode": "FastFile"}, "SageMaker reads no manifest with input_mode"),
    ],
)  # fmt: skip
def test_keys_that_do_not_fit_together(channel: dict[str, str], problem: str) -> None:
    with pytest.raises(UserError) as caught:
        job(**channel)
    assert problem in caught.value.problem


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (b"\n \n", "names nothing"),
        (b"a.png\n\xff", "is not UTF-8 (byte 6)"),
        (b"a.png\na.png", "names 'a.png' twice"),
        (b"../a.png", "names '../a.png', which leads out of the folder"),
        (b"/a.png", "leads out of the folder"),
        (b"one/", "is not written as a path"),
        (b"one", "names 'one', which is no file in images"),
        (b"c.png", "names 'c.png', which is no file in images"),
        (b".hidden", "is hidden, so it is not uploaded"),
    ],
)
def test_a_wrong_list_is_two_lines(text: bytes, problem: str) -> None:
    Path("list.txt").write_bytes(text)
    with pytest.raises(UserError) as caught:
        job(source="images", manifest="list.txt")
    assert caught.value.problem.startswith("list.txt (channels.training.manifest of jobs/digits.toml) ")
    assert problem in caught.value.problem
    with pytest.raises(UserError, match=r"gone\.txt .* cannot be read: No such file"):
        job(source="images", manifest="gone.txt")


def test_what_a_manifest_names_exists_is_recorded_and_stays_the_same(empty_aws: None) -> None:
    s3 = aws.client("s3")
    s3.create_bucket(Bucket="data")
    s3.put_bucket_versioning(Bucket="data", VersioningConfiguration={"Status": "Enabled"})
    for key in ("all/a.png", "all/b.png", "all/c.png"):
        s3.put_object(Bucket="data", Key=key, Body=b"x")
    Path("list.txt").write_text("a.png\nc.png\n")
    made = job(source="s3://data/all/", manifest="list.txt")
    manifests.check(made, pytest.fail)
    manifests.upload(made, "data")
    summary, *lines = list_data(build_request(made, STACK))
    assert [json.loads(line)["key"] for line in lines] == ["all/a.png", "all/c.png"]
    assert json.loads(summary)["channels"][0]["uri"] == source(made)["S3Uri"]

    Path("list.txt").write_text("a.png\nd.png\n")
    with pytest.raises(UserError, match=r"list\.txt names 'd\.png', and s3://data/all/d\.png does not exist\."):
        manifests.check(job(source="s3://data/all/", manifest="list.txt"), pytest.fail)
    with pytest.raises(UserError, match=r"The manifest s3://data/no\.manifest does not exist\."):
        manifests.check(job(manifest="s3://data/no.manifest"), pytest.fail)
    with pytest.raises(UserError, match=r"s3://data/all/a\.png is not a manifest"):
        manifests.check(job(manifest="s3://data/all/a.png"), pytest.fail)
