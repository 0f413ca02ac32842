"""A user with the rights for it pushes an image, uploads data and searches, and nobody else does."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from scripts.localcloud import environment
from scripts.stack import Stack
from tests.conftest import Project, clean_environment
from tests.errors.scene import running
from tests.people_policy import statements
from tests.put_back import moved_aside
from tests.unit.localcloud.access.training_role import key_rights, network_rights
from tests.unit.localcloud.account import clients_of

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
volume_kms_key = "KEY"
output_kms_key = "KEY"
vpc = { subnets = ["SUBNET"], security_groups = ["GROUP"] }
[tags]
Team = "people"
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


@dataclass(frozen=True)
class Given:
    """What the job file names: the ARN of a key, the ids of a subnet and of a security group."""

    key: str
    subnet: str
    group: str

    @property
    def job(self) -> str:
        """The job file."""
        return JOB.replace("KEY", self.key).replace("SUBNET", self.subnet).replace("GROUP", self.group)


@contextmanager
def key_and_network(client: Callable[..., Any]) -> Iterator[Given]:
    """A key and a network with an endpoint of S3, which the stack's role may use meanwhile."""
    ec2, iam, role = client("ec2"), client("iam"), STACK.role_arn.rpartition("/")[2]
    vpc = ec2.create_vpc(CidrBlock="10.8.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.8.0.0/24")["Subnet"]["SubnetId"]
    group = ec2.create_security_group(VpcId=vpc, GroupName="people", Description="x")["GroupId"]
    tables = ec2.describe_route_tables(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["RouteTables"]
    ec2.create_vpc_endpoint(
        VpcId=vpc,
        ServiceName=f"com.amazonaws.{STACK.region}.s3",
        RouteTableIds=[table["RouteTableId"] for table in tables],
    )
    key = client("kms").create_key()["KeyMetadata"]["Arn"]
    policy = {"Version": "2012-10-17", "Statement": [*key_rights(key), *network_rights(subnet, group)]}
    iam.put_role_policy(RoleName=role, PolicyName="of-test-people", PolicyDocument=json.dumps(policy))
    try:
        yield Given(key, subnet, group)
    finally:
        iam.delete_role_policy(RoleName=role, PolicyName="of-test-people")


def test_a_user_with_the_rights_for_it_pushes_an_image_and_uploads_data(dock: Project, base_image: str) -> None:
    dock.make("base", "CLOUD=local", f"BASE={base_image}")
    cloud = running(dock)
    client = clients_of(cloud)
    iam = client("iam")
    iam.create_user(UserName="ada")
    key = iam.create_access_key(UserName="ada")["AccessKey"]
    variables = environment(cloud, {**clean_environment(), "ENV_TEXT": "local"})
    ada = {**variables, "AWS_ACCESS_KEY_ID": key["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"]}

    def give(*given: dict[str, Any]) -> None:
        policy = json.dumps({"Version": "2012-10-17", "Statement": given})
        iam.put_user_policy(UserName="ada", PolicyName="train", PolicyDocument=policy)

    program = dock.folder / "trainer/own.py"  # with it, the image is not in the repository yet
    with key_and_network(client) as given, moved_aside(program):
        whole = statements(STACK.model_copy(update={"kms_key_arn": given.key}))
        program.write_text(PROGRAM)
        (dock.folder / "jobs/people.toml").write_text(given.job)
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
    check_search(client, record.parent.name, given, output)


def check_search(client: Callable[..., Any], name: str, given: Given, output: str) -> None:
    """The tuning's three jobs have ended in the network, on spot, with the key and the tags."""
    sagemaker = client("sagemaker")
    tuning = sagemaker.describe_hyper_parameter_tuning_job(HyperParameterTuningJobName=name)
    assert tuning["TrainingJobStatusCounters"]["Completed"] == 3, output
    best = sagemaker.describe_training_job(TrainingJobName=tuning["BestTrainingJob"]["TrainingJobName"])
    assert best["EnableManagedSpotTraining"]
    assert best["VpcConfig"] == {"Subnets": [given.subnet], "SecurityGroupIds": [given.group]}
    assert best["ResourceConfig"]["VolumeKmsKeyId"] == given.key
    tags = {tag["Key"]: tag["Value"] for tag in sagemaker.list_tags(ResourceArn=best["TrainingJobArn"])["Tags"]}
    assert (tags["Job"], tags["Team"]) == ("people", "people")
    bucket, _, path = best["ModelArtifacts"]["S3ModelArtifacts"].removeprefix("s3://").partition("/")
    assert client("s3").head_object(Bucket=bucket, Key=path)["SSEKMSKeyId"] == given.key
