"""A tuning whose jobs are the trainer's, on the stack that the demo has left, through boto3."""

import json
from typing import Any

import boto3
import pytest

from tests.clients.boto3_client import tuning_end
from tests.clients.report import place, tuning_request
from tests.conftest import Project
from tests.errors.scene import running

pytestmark = pytest.mark.e2e


def test_two_jobs_of_the_trainer_on_one_prefix_of_checkpoints(yard: Project, demo: str) -> None:
    sent = min((yard.folder / "runs").glob("digits-*/request.json"), key=lambda path: path.stat().st_mtime)
    job: dict[str, Any] = json.loads(sent.read_text())
    job["HyperParameters"]["epochs"] = "1"
    name = "trainer-search"
    request = tuning_request(job, name)
    request["HyperParameterTuningJobConfig"]["ResourceLimits"]["MaxParallelTrainingJobs"] = 2
    bucket, _ = place(job["CheckpointConfig"]["S3Uri"])
    request["TrainingJobDefinition"]["CheckpointConfig"] = {"S3Uri": f"s3://{bucket}/{name}/"}
    cloud = running(yard)
    session = boto3.Session("local", "local", region_name=cloud.region)
    sagemaker = session.client("sagemaker", endpoint_url=cloud.url)
    sagemaker.create_hyper_parameter_tuning_job(**request)
    tuning = tuning_end(sagemaker, name)
    assert tuning["HyperParameterTuningJobStatus"] == "Completed", tuning.get("FailureReason")
    assert tuning["ObjectiveStatusCounters"]["Succeeded"] == 2
    found = sagemaker.list_training_jobs_for_hyper_parameter_tuning_job(HyperParameterTuningJobName=name)
    jobs = [trial["TrainingJobName"] for trial in found["TrainingJobSummaries"]]
    s3 = session.client("s3", endpoint_url=cloud.url)
    kept = [entry["Key"] for entry in s3.list_objects_v2(Bucket=bucket, Prefix=f"{name}/")["Contents"]]
    assert {key.split("/")[1] for key in kept} == set(jobs)  # each job has a folder of its own there
    for trial in jobs:
        described = sagemaker.describe_training_job(TrainingJobName=trial)
        assert described["TrainingJobStatus"] == "Completed"
        assert float(described["HyperParameters"]["learning_rate"]) > 0
        assert described["ModelArtifacts"]["S3ModelArtifacts"].endswith(f"/{trial}/output/model.tar.gz")
