"""A user with the rights for it pushes an image, uploads data and searches, and nobody else does."""

import json
from typing import Any

import boto3
import pytest

from scripts.localcloud import environment
from scripts.stack import Stack
from tests.conftest import Project, clean_environment
from tests.errors.scene import running
from tests.people_policy import statements

pytestmark = pytest.mark.e2e

SUFFIX = "123456789012-us-east-1"
STACK = Stack(
    project="trainyard",
    environment="local",
    region="us-east-1",
    account_id="123456789012",
    repository_arn="arn:aws:ecr:us-east-1:123456789012:repository/trainyard-local-trainer",
    repository_name="trainyard-local-trainer",
    repository_url="localhost/trainyard-local-trainer",
    role_arn=f"arn:aws:iam::123456789012:role/trainyard-local-training-{SUFFIX}",
    data_bucket=f"trainyard-local-data-{SUFFIX}",
    models_bucket=f"trainyard-local-models-{SUFFIX}",
    checkpoints_bucket=f"trainyard-local-checkpoints-{SUFFIX}",
)
AS_TYPED = ("-s", "VERB=.venv/bin/python -m", "CLOUD=local")  # CLOUD=local alone would be the account's root
JOB = """
program = "own.py"
instance_type = "ml.m5.large"
spot = true
[channels.training]
source = "data/people"
[metrics]
distance = "distance=(.+)"
[tuning]
objective = "distance"
direction = "Minimize"
max_jobs = 3
parallel_jobs = 2
[tuning.ranges.place]
min = 0.0
max = 1.0
"""
PROGRAM = """
import argparse, os, pathlib
parser = argparse.ArgumentParser()
parser.add_argument("--place", type=float)
place = parser.parse_known_args()[0].place
print(f"distance={(place - 0.5) ** 2}")
pathlib.Path(os.environ["SM_MODEL_DIR"], "place.txt").write_text(str(place))
"""


def test_a_user_with_the_rights_for_it_pushes_an_image_and_uploads_data(dock: Project, base_image: str) -> None:
    dock.make("base", "CLOUD=local", f"BASE={base_image}")
    cloud = running(dock)
    iam = boto3.Session("local", "local", region_name=cloud.region).client("iam", endpoint_url=cloud.url)
    iam.create_user(UserName="ada")
    key = iam.create_access_key(UserName="ada")["AccessKey"]
    variables = environment(cloud, {**clean_environment(), "ENV_TEXT": "local"})
    ada = {**variables, "AWS_ACCESS_KEY_ID": key["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"]}
    whole = statements(STACK)

    def give(*given: dict[str, Any]) -> None:
        policy = json.dumps({"Version": "2012-10-17", "Statement": given})
        iam.put_user_policy(UserName="ada", PolicyName="train", PolicyDocument=policy)

    (dock.folder / "trainer/own.py").write_text(PROGRAM)  # an image that is not in the repository yet
    (dock.folder / "jobs/people.toml").write_text(JOB)
    (dock.folder / "data/people").mkdir(parents=True)
    (dock.folder / "data/people/one.txt").write_text("one")
    give(*(one for one in whole if one["Sid"] != "LogInToRegistry"))
    output = dock.make(*AS_TYPED, "image", env=ada, code=2)
    assert "No policy allows you ecr:GetAuthorizationToken on *, which `make image` needs to log in" in output
    assert "Building" not in output
    give(*whole)
    output = dock.make(*AS_TYPED, "image", env=ada)
    assert "Pushed" in output
    output += dock.make(*AS_TYPED, "data", "JOB=people", env=ada)
    assert "1 to upload" in output
    assert "Not checked" not in output
    output = dock.make(*AS_TYPED, "tune", "JOB=people", "YES=1", env=ada)
    assert "Not checked" not in output
    (record,) = (dock.folder / "runs").glob("people-*/tuning.json")
    sagemaker = boto3.Session("local", "local", region_name=cloud.region).client("sagemaker", endpoint_url=cloud.url)
    tuning = sagemaker.describe_hyper_parameter_tuning_job(HyperParameterTuningJobName=record.parent.name)
    assert tuning["TrainingJobStatusCounters"]["Completed"] == 3, output
    assert tuning["TrainingJobDefinition"]["EnableManagedSpotTraining"]
    best = sagemaker.describe_training_job(TrainingJobName=tuning["BestTrainingJob"]["TrainingJobName"])
    tags = sagemaker.list_tags(ResourceArn=best["TrainingJobArn"])["Tags"]
    assert {"Key": "Job", "Value": "people"} in tags
