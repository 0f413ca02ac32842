"""Training jobs from creation to end, through boto3, in a running local cloud."""

import json
import time
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.unit.localcloud.account import contains
from tests.unit.localcloud.processes import is_gone, wait_until

pytestmark = pytest.mark.e2e


def statuses(job: dict[str, Any]) -> list[str]:
    return [transition["Status"] for transition in job["SecondaryStatusTransitions"]]


def test_a_completed_job_has_model_output_log_and_metrics(account: Any) -> None:
    job = account.run(
        """
print((base / "input/data/training/a.txt").read_text())
print("loss=2.5 accuracy=0.1"); print("loss=-1.5e-1 accuracy=nothing")
(base / "model/1").mkdir(); (base / "model/1/weights").write_text("w")
(base / "output/data/history.json").write_text("{}")
""",
        AlgorithmSpecification={
            "TrainingImage": account.image,
            "TrainingInputMode": "File",
            "MetricDefinitions": [
                {"Name": "loss", "Regex": r"loss=(-?[0-9.e+-]+)"},
                {"Name": "accuracy", "Regex": r"accuracy=([0-9.]+)"},
                {"Name": "never", "Regex": r"never=([0-9.]+)"},
            ],
        },
    )
    name = job["TrainingJobName"]
    assert job["TrainingJobStatus"] == job["SecondaryStatus"] == "Completed"
    assert [status for status in statuses(job) if status != "Pending"] == [
        "Starting",
        "Downloading",
        "Training",
        "Uploading",
        "Completed",
    ]
    assert all(step["EndTime"] >= step["StartTime"] for step in job["SecondaryStatusTransitions"])
    assert job["CreationTime"] <= job["TrainingStartTime"] <= job["TrainingEndTime"]
    assert job["BillableTimeInSeconds"] == job["TrainingTimeInSeconds"] >= 1
    assert [(metric["MetricName"], metric["Value"]) for metric in job["FinalMetricDataList"]] == [
        ("loss", -0.15),
        ("accuracy", 0.1),
    ]
    assert job["ModelArtifacts"]["S3ModelArtifacts"] == f"s3://models/here/{name}/output/model.tar.gz"
    assert account.archive(job["ModelArtifacts"]["S3ModelArtifacts"]) == {"1/weights": b"w"}
    assert account.archive(f"s3://models/here/{name}/output/output.tar.gz") == {"history.json": b"{}"}
    (values,) = account.metric_values(name, "loss")
    assert (values["Minimum"], values["Maximum"], values["SampleCount"]) == (-0.15, 2.5, 2)
    assert "hello" in account.lines(name)
    assert not (account.folder / "jobs" / name).exists()


def test_describe_returns_the_members_of_the_request(account: Any) -> None:
    request = account.request(
        Environment={"A": "1"},
        RetryStrategy={"MaximumRetryAttempts": 2},
        EnableManagedSpotTraining=True,
        StoppingCondition={"MaxRuntimeInSeconds": 100, "MaxWaitTimeInSeconds": 200},
        Tags=[{"Key": "k", "Value": "v"}],
    )
    account.sagemaker.create_training_job(**request)
    job = account.wait_until_ended(request["TrainingJobName"])
    del request["Tags"]
    assert contains(job, request), job


def test_describe_adds_the_members_that_aws_always_answers(account: Any) -> None:
    """SageMaker's SDK 2 reads some of them in ``Estimator.attach`` without a default."""
    request = account.request(StoppingCondition={})
    account.sagemaker.create_training_job(**request)
    job = account.wait_until_ended(request["TrainingJobName"])
    assert job["OutputDataConfig"] == {"S3OutputPath": "s3://models/here/", "KmsKeyId": "", "CompressionType": "GZIP"}
    assert job["StoppingCondition"] == {"MaxRuntimeInSeconds": 86_400}
    assert job["AlgorithmSpecification"]["EnableSageMakerMetricsTimeSeries"] is False
    assert job["InputDataConfig"] == [account.channel() | {"CompressionType": "None", "RecordWrapperType": "None"}]
    assert job["ProfilingStatus"] == "Disabled"
    assert job["EnableNetworkIsolation"] is False


def test_a_metric_switches_the_time_series_on_and_a_job_without_input_has_no_channel(account: Any) -> None:
    metrics = [{"Name": "loss", "Regex": "loss=(.*)"}]
    specification = account.request()["AlgorithmSpecification"] | {"MetricDefinitions": metrics}
    job = account.run(AlgorithmSpecification=specification, InputDataConfig=None)
    assert job["AlgorithmSpecification"]["EnableSageMakerMetricsTimeSeries"] is True
    assert "InputDataConfig" not in job


def test_a_program_finds_the_files_and_variables_that_sagemaker_promises(account: Any, cloud: Any) -> None:
    job = account.run(
        """
config = {path.name: json.loads(path.read_text()) for path in (base / "input/config").iterdir()}
config.pop("hyperparameters.json")
names = ("AWS_", "TRAINING_JOB", "SAGEMAKER", "TRAINER_", "MINE")
print(json.dumps({"config": config, "env": {k: v for k, v in os.environ.items() if k.startswith(names)}}))
""",
        Environment={"MINE": "a b$c"},
        CheckpointConfig={"S3Uri": "s3://checkpoints/seen"},
    )
    name = job["TrainingJobName"]
    seen = json.loads(account.lines(name)[-1])
    base = cloud.folder / "jobs" / name / "algo-1"
    empty = str(cloud.folder / "aws-config")
    assert seen["env"] == {
        "AWS_CONFIG_FILE": str(base.parent / "role/config"),
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_ENDPOINT_URL": cloud.url,
        "AWS_REGION": "us-east-1",
        "AWS_SHARED_CREDENTIALS_FILE": empty,
        "MINE": "a b$c",
        "SAGEMAKER_BASE_DIR": str(base),
        "TRAINER_WITHOUT_GPU": "allow",
        "TRAINING_JOB_ARN": job["TrainingJobArn"],
        "TRAINING_JOB_NAME": name,
    }
    assert seen["config"]["inputdataconfig.json"] == {
        "training": {
            "TrainingInputMode": "File",
            "S3DistributionType": "FullyReplicated",
            "RecordWrapperType": "None",
        }
    }
    assert seen["config"]["resourceconfig.json"]["hosts"] == ["algo-1"]
    assert seen["config"]["resourceconfig.json"]["current_instance_type"] == "ml.m5.large"
    assert seen["config"]["checkpointconfig.json"] == {"LocalPath": str(base / "checkpoints")}


CALL_AWS = """
import boto3
session = boto3.Session(region_name="us-east-1")
print(session.client("sts").get_caller_identity()["Arn"])
session.client("s3").put_object(Bucket="models", Key="by/process", Body=b"mine")
"""


def test_a_program_calls_aws_as_its_role(account: Any) -> None:
    job = account.run(CALL_AWS)
    assert job["TrainingJobStatus"] == "Completed", account.lines(job["TrainingJobName"])
    identity = "arn:aws:sts::123456789012:assumed-role/training/SageMaker"
    assert account.lines(job["TrainingJobName"])[-1] == identity
    assert account.text("models", "by/process") == "mine"
    isolated = account.run(CALL_AWS, EnableNetworkIsolation=True)
    assert account.lines(isolated["TrainingJobName"])[-1].endswith("Unable to locate credentials")


def test_the_log_begins_with_the_parts_that_are_not_rehearsed(account: Any) -> None:
    job = account.run(
        "print('program')",
        EnableNetworkIsolation=True,
        ResourceConfig={"InstanceType": "ml.g4dn.4xlarge", "InstanceCount": 1, "VolumeSizeInGB": 1},
    )
    image, isolation, gpu, program = account.lines(job["TrainingJobName"])
    assert "the image is not rehearsed" in image
    assert account.image in image
    assert "because no Docker engine answers" in image
    assert "network isolation is not enforced" in isolation
    assert "no GPU of ml.g4dn.4xlarge here" in gpu
    assert program == "program"


def test_a_failure_file_becomes_the_reason(account: Any) -> None:
    job = account.run("""(base / "output/failure").write_text("no labels"); sys.exit(3)""")
    assert job["TrainingJobStatus"] == job["SecondaryStatus"] == "Failed"
    assert job["FailureReason"] == "AlgorithmError: no labels, exit code: 3"
    assert "ModelArtifacts" not in job


def test_a_long_failure_reason_is_cut_but_keeps_the_exit_code(account: Any) -> None:
    job = account.run("""(base / "output/failure").write_text("x" * 5000); os.kill(os.getpid(), 9)""")
    assert len(job["FailureReason"]) == 1024
    assert job["FailureReason"].endswith("x, exit code: 137")


STOPPABLE = """
def stop(*_):
    (base / "model/last").write_text("saved"); sys.exit(CODE)
signal.signal(signal.SIGTERM, stop)
print("ready"); time.sleep(60)
"""


@pytest.mark.parametrize("code", [0, 1])
def test_a_stopped_job_has_status_stopped_and_a_model_whatever_its_exit_code(account: Any, code: int) -> None:
    name = account.create(STOPPABLE.replace("CODE", str(code)))
    account.wait_for_line(name, "ready")
    account.sagemaker.stop_training_job(TrainingJobName=name)
    assert account.describe(name)["TrainingJobStatus"] in ("Stopping", "Stopped")
    job = account.wait_until_ended(name)
    assert job["TrainingJobStatus"] == job["SecondaryStatus"] == "Stopped"
    assert statuses(job)[-4:] == ["Training", "Stopping", "Uploading", "Stopped"]
    assert "FailureReason" not in job
    assert account.archive(job["ModelArtifacts"]["S3ModelArtifacts"]) == {"last": b"saved"}
    with pytest.raises(ClientError, match="rejected because the training job is in status Stopped"):
        account.sagemaker.stop_training_job(TrainingJobName=name)


def test_a_job_is_stopped_at_its_maximum_runtime(account: Any) -> None:
    job = account.run(STOPPABLE.replace("CODE", "0"), StoppingCondition={"MaxRuntimeInSeconds": 2})
    assert job["TrainingJobStatus"] == "Stopped"
    assert job["SecondaryStatus"] == "MaxRuntimeExceeded"
    assert "ModelArtifacts" in job


def test_processes_that_a_program_started_end_with_it(account: Any) -> None:
    name = account.create(
        """
import subprocess
print(subprocess.Popen(["sleep", "1000"]).pid, flush=True)
"""
    )
    account.wait_until_ended(name)
    pid = int(account.lines(name)[-1])
    wait_until(lambda: is_gone(pid))


def test_jobs_without_a_free_slot_are_pending_and_can_be_stopped(account: Any) -> None:
    from scripts.localcloud.sagemaker.slots import machine_slots

    running = [account.create("time.sleep(60)") for _ in range(machine_slots())]
    for name in running:
        account.wait_until(name, lambda job: job["SecondaryStatus"] == "Training")
    waiting = account.create()
    job = account.wait_until(waiting, lambda job: job["SecondaryStatus"] == "Pending")
    assert "waiting for capacity" in job["SecondaryStatusTransitions"][-1]["StatusMessage"]
    account.sagemaker.stop_training_job(TrainingJobName=waiting)
    assert account.wait_until_ended(waiting)["TrainingJobStatus"] == "Stopped"
    for name in running:
        account.sagemaker.stop_training_job(TrainingJobName=name)
        account.wait_until_ended(name)


def test_the_log_is_written_while_the_job_runs(account: Any) -> None:
    name = account.create("print('first'); time.sleep(60)")
    account.wait_for_line(name, "first")
    assert account.describe(name)["TrainingJobStatus"] == "InProgress"
    account.sagemaker.stop_training_job(TrainingJobName=name)
    account.wait_until_ended(name)
    streams = account.logs.describe_log_streams(
        logGroupName="/aws/sagemaker/TrainingJobs", logStreamNamePrefix=f"{name}/"
    )["logStreams"]
    assert [stream["logStreamName"].rpartition("-")[0] for stream in streams] == [f"{name}/algo-1"]


def test_a_program_starts_soon_after_its_job_is_created(account: Any) -> None:
    seconds = []
    for _ in range(3):
        created = time.time()
        name = account.run("print(time.time())")["TrainingJobName"]
        seconds.append(float(account.lines(name)[-1]) - created)
    assert min(seconds) < 1, seconds  # Usually 0.15 s; python -m benchmarks.localcloud measures it.


def test_boto3s_waiter_returns_when_the_job_has_ended(account: Any) -> None:
    name = account.create()
    waiter = account.sagemaker.get_waiter("training_job_completed_or_stopped")
    waiter.wait(TrainingJobName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 30})
    assert not (account.folder / "jobs" / name).exists()
