"""The data of training jobs, through boto3, in a running local cloud: channels, checkpoints, output."""

import json
from typing import Any

import pytest

pytestmark = pytest.mark.e2e


def test_channels_with_prefixes_manifests_and_shards(account: Any) -> None:
    for key in ("set/x/1 +é.txt", "set/2", "set2/3", "set/folder/"):
        account.put(key, key)
    account.put("list.json", json.dumps([{"prefix": "s3://data/set"}, "/x/1 +é.txt", "2/3"]))
    job = account.run(
        """
for channel in sorted((base / "input/data").iterdir()):
    print(channel.name, sorted(p.relative_to(channel).as_posix() for p in channel.rglob("*") if p.is_file()))
print(oct((base / "input/data/fast").stat().st_mode)[-3:])
""",
        InputDataConfig=[
            account.channel("a", "s3://data/set/"),
            account.channel("b", "s3://data/set"),
            account.channel("c", "s3://data/set/2"),
            account.channel("d", "s3://data/list.json", source={"S3DataType": "ManifestFile"}),
            account.channel("e", "s3://data/set/", source={"S3DataDistributionType": "ShardedByS3Key"}),
            account.channel("fast", "s3://data/set/", InputMode="FastFile"),
        ],
    )
    lines = account.lines(job["TrainingJobName"])
    assert lines[1:] == [
        "a ['2', 'x/1 +é.txt']",
        "b ['2', 'set2/3', 'x/1 +é.txt']",
        "c ['2']",
        "d ['2/3', 'x/1 +é.txt']",
        "e ['2', 'x/1 +é.txt']",
        "fast ['2', 'x/1 +é.txt']",
        "555",
    ]


def test_input_with_a_file_where_it_has_a_folder_fails_the_job(account: Any) -> None:
    account.put("clash/a", "file")
    account.put("clash/a/b", "below it")
    job = account.run(InputDataConfig=[account.channel(uri="s3://data/clash/")])
    assert job["TrainingJobStatus"] == "Failed"
    assert "both a file and a folder" in job["FailureReason"]


def test_input_with_a_name_that_cannot_be_a_file_fails_the_job(account: Any) -> None:
    account.put(f"long/{'x' * 300}", "file")
    job = account.run(InputDataConfig=[account.channel(uri="s3://data/long/")])
    assert job["TrainingJobStatus"] == "Failed"
    assert job["FailureReason"].startswith("ClientError: Data download failed: s3://data/long/xxx")
    assert job["FailureReason"].endswith("cannot be a file here: File name too long.")


def test_checkpoints_are_restored_uploaded_and_deleted_in_s3(account: Any) -> None:
    account.put("run/old/step-1", "one", "checkpoints")
    name = account.create(
        """
folder = base / "checkpoints"
print("restored " + (folder / "old/step-1").read_text())
(folder / "step-2").write_text("two")
while not (folder / "go").exists(): time.sleep(0.05)
""".replace('(folder / "go")', f'pathlib.Path("{account.folder}/go")'),
        CheckpointConfig={"S3Uri": "s3://checkpoints/run"},
    )
    account.wait_for_line(name, "restored one")
    account.wait_until(name, lambda _: "run/step-2" in account.keys("checkpoints", "run/"))
    kept = account.folder / "jobs" / name / "algo-1" / "checkpoints"
    (kept / "old" / "step-1").unlink()
    account.wait_until(name, lambda _: account.keys("checkpoints", "run/") == ["run/step-2"])
    (kept / "step-3").write_text("three")
    (account.folder / "go").touch()
    assert account.wait_until_ended(name)["TrainingJobStatus"] == "Completed"
    assert account.keys("checkpoints", "run/") == ["run/step-2", "run/step-3"]


def test_output_without_compression(account: Any) -> None:
    job = account.run(
        """(base / "model/m").write_text("m"); (base / "output/data/o").write_text("o")""",
        OutputDataConfig={"S3OutputPath": "s3://models/plain", "CompressionType": "NONE"},
    )
    folder = f"plain/{job['TrainingJobName']}/output"
    assert job["ModelArtifacts"]["S3ModelArtifacts"] == f"s3://models/{folder}/model/"
    assert account.keys("models", "plain/") == [f"{folder}/data/o", f"{folder}/model/m"]
