"""The `aws` command line works with AWS_ENDPOINT_URL, a region and arbitrary keys, and no other setting."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.e2e

PROGRAM = """
import signal
def stop(*_):
    (base / "model/weights").write_text("half"); sys.exit(0)
signal.signal(signal.SIGTERM, stop)
print("loss=0.5", sorted(path.name for path in (base / "input/data/training").rglob("*")))
(base / "model/weights").write_text("whole")
time.sleep(float(os.environ.get("SECONDS_TO_GO", "0")))
"""

Aws = Callable[..., Any]


@pytest.fixture
def aws(awscli: Path, cloud: Any, tmp_path: Path) -> Aws:
    """Run an `aws` command. Returns its output as JSON, or as text if it is not JSON."""
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "LC_ALL": "C.UTF-8",
        "AWS_ENDPOINT_URL": cloud.url,
        "AWS_ACCESS_KEY_ID": "any",
        "AWS_SECRET_ACCESS_KEY": "any",
        "AWS_DEFAULT_REGION": "us-east-1",
    }

    def run(*arguments: object, code: int = 0) -> Any:
        command = [str(awscli), *map(str, arguments)]
        ended = subprocess.run(
            command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60, check=False
        )
        assert ended.returncode == code, ended.stderr + ended.stdout
        if code:
            return ended.stderr.strip()
        try:
            return json.loads(ended.stdout)
        except ValueError:
            return ended.stdout

    return run


def create(aws: Aws, account: Any, tmp_path: Path, **members: Any) -> str:
    """Create a job from a file, and return its name."""
    request = account.request(PROGRAM, **members)
    (tmp_path / "job.json").write_text(json.dumps(request))
    answer = aws("sagemaker", "create-training-job", "--cli-input-json", "file://job.json")
    assert answer["TrainingJobArn"].endswith(request["TrainingJobName"])
    return str(request["TrainingJobName"])


def test_files_are_uploaded_and_downloaded(aws: Aws, tmp_path: Path) -> None:
    aws("s3", "mb", "s3://cli")
    names = ["plain", "with space", "a+b", "é/漢字", "empty"]
    for name in names:
        file = tmp_path / "folder" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("" if name == "empty" else name)
        os.utime(file, (1_700_000_000, 1_700_000_000))  # S3 stores whole seconds, and sync sends newer files again.
    assert aws("s3", "sync", "folder", "s3://cli/there").count("upload:") == len(names)
    assert aws("s3", "sync", "folder", "s3://cli/there") == ""
    listed = aws("s3", "ls", "--recursive", "s3://cli/there/")
    assert sorted(line[31:] for line in listed.splitlines()) == sorted(f"there/{name}" for name in names)
    aws("s3", "sync", "s3://cli/there", "back")
    assert {name: (tmp_path / "back" / name).read_text() for name in names[:4]} == {name: name for name in names[:4]}
    content = os.urandom(20 << 20)
    (tmp_path / "large").write_bytes(content)
    aws("s3", "cp", "large", "s3://cli/large")
    aws("s3", "mv", "s3://cli/large", "s3://cli/moved")
    aws("s3", "cp", "s3://cli/moved", "large.back")
    assert (tmp_path / "large.back").read_bytes() == content
    aws("s3", "rb", "--force", "s3://cli")


def test_a_job_is_created_watched_and_its_model_downloaded(aws: Aws, account: Any, tmp_path: Path) -> None:
    name = create(aws, account, tmp_path, Tags=[{"Key": "team", "Value": "blue"}])
    account.wait_until_ended(name)  # The command below polls only every two minutes.
    aws("sagemaker", "wait", "training-job-completed-or-stopped", "--training-job-name", name)
    job = aws("sagemaker", "describe-training-job", "--training-job-name", name)
    assert job["TrainingJobStatus"] == "Completed"
    assert aws("sagemaker", "list-tags", "--resource-arn", job["TrainingJobArn"])["Tags"] == [
        {"Key": "team", "Value": "blue"}
    ]
    listed = aws("sagemaker", "list-training-jobs", "--name-contains", name, "--status-equals", "Completed")
    assert [summary["TrainingJobName"] for summary in listed["TrainingJobSummaries"]] == [name]
    where = ("--log-group-name", "/aws/sagemaker/TrainingJobs")
    (stream,) = aws("logs", "describe-log-streams", *where, "--log-stream-name-prefix", f"{name}/")["logStreams"]
    events = aws("logs", "get-log-events", *where, "--log-stream-name", stream["logStreamName"])["events"]
    assert events[-1]["message"] == "loss=0.5 ['a.txt']"
    aws("s3", "cp", job["ModelArtifacts"]["S3ModelArtifacts"], "model.tar.gz")
    subprocess.run(["tar", "xzf", "model.tar.gz"], cwd=tmp_path, check=True)
    assert (tmp_path / "weights").read_text() == "whole"


def test_a_stopped_job_keeps_its_model(aws: Aws, account: Any, tmp_path: Path) -> None:
    name = create(aws, account, tmp_path, Environment={"SECONDS_TO_GO": "60"})
    account.wait_for_line(name, "loss=0.5 ['a.txt']")
    aws("sagemaker", "stop-training-job", "--training-job-name", name)
    account.wait_until_ended(name)
    job = aws("sagemaker", "describe-training-job", "--training-job-name", name)
    assert job["TrainingJobStatus"] == "Stopped"
    aws("s3", "cp", job["ModelArtifacts"]["S3ModelArtifacts"], "model.tar.gz")
    subprocess.run(["tar", "xzf", "model.tar.gz"], cwd=tmp_path, check=True)
    assert (tmp_path / "weights").read_text() == "half"


def test_errors_have_the_form_of_aws(aws: Aws, account: Any, tmp_path: Path) -> None:
    called = "when calling the {} operation"
    unknown = aws("sagemaker", "describe-training-job", "--training-job-name", "nothing", code=255)
    assert unknown.endswith(
        f"(ValidationException) {called.format('DescribeTrainingJob')}: Requested resource not found."
    )
    absent = aws("sagemaker", "list-models", code=255)
    assert f"(UnknownOperationException) {called.format('ListModels')}: The local cloud has no ListModels." in absent
    request = account.request(PROGRAM, TrainingJobName="not_a_name")
    (tmp_path / "job.json").write_text(json.dumps(request))
    refused = aws("sagemaker", "create-training-job", "--cli-input-json", "file://job.json", code=255)
    assert "1 validation error detected: Value 'not_a_name' at 'trainingJobName' failed to satisfy" in refused
    aws("s3", "cp", "s3://data/nothing", "here", code=1)


ANY_PROGRAM = """
import boto3, json, sys
sagemaker, s3, logs = (boto3.client(service) for service in ("sagemaker", "s3", "logs"))
request = json.loads(sys.argv[1])
sagemaker.create_training_job(**request)
name = {"TrainingJobName": request["TrainingJobName"]}
sagemaker.get_waiter("training_job_completed_or_stopped").wait(**name, WaiterConfig={"Delay": 1, "MaxAttempts": 60})
job = sagemaker.describe_training_job(**name)
names = [summary["TrainingJobName"] for page in sagemaker.get_paginator("list_training_jobs").paginate()
         for summary in page["TrainingJobSummaries"]]
streams = logs.describe_log_streams(logGroupName="/aws/sagemaker/TrainingJobs",
                                    logStreamNamePrefix=name["TrainingJobName"] + "/")["logStreams"]
bucket, _, key = job["ModelArtifacts"]["S3ModelArtifacts"].removeprefix("s3://").partition("/")
size = s3.head_object(Bucket=bucket, Key=key)["ContentLength"]
print(json.dumps([job["TrainingJobStatus"], name["TrainingJobName"] in names, len(streams), size > 0]))
"""


def test_a_boto3_program_needs_only_the_environment_variables(account: Any, cloud: Any, tmp_path: Path) -> None:
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "AWS_ENDPOINT_URL": cloud.url,
        "AWS_ACCESS_KEY_ID": "any",
        "AWS_SECRET_ACCESS_KEY": "any",
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    command = [sys.executable, "-c", ANY_PROGRAM, json.dumps(account.request(PROGRAM))]
    ended = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert ended.returncode == 0, ended.stderr
    assert json.loads(ended.stdout) == ["Completed", True, 1, True]
