"""A job with VpcConfig: its containers reach the local cloud and each other, on a network without a way out."""

import json
from typing import Any

import docker
import pytest

from scripts import localcloud
from tests.unit.localcloud.account import clients_of

pytestmark = pytest.mark.e2e

REACH = """
from urllib.parse import urlsplit
cloud = urlsplit(os.environ["AWS_ENDPOINT_URL"])
socket.create_connection((cloud.hostname, cloud.port), 60).close()
peers = json.loads((base / "input/config/resourceconfig.json").read_text())["hosts"]
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
print(json.dumps(["the local cloud", *(peer for peer in peers if socket.gethostbyname(peer))]))
time.sleep(600)
"""
TWO = {"InstanceType": "ml.m5.large", "InstanceCount": 2, "VolumeSizeInGB": 10}


@pytest.fixture
def network(cloud: localcloud.Cloud) -> dict[str, list[str]]:
    """A VpcConfig: a subnet and a security group of one VPC."""
    ec2 = clients_of(cloud)("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.7.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.7.0.0/24")["Subnet"]["SubnetId"]
    group = ec2.create_security_group(VpcId=vpc, GroupName="jobs", Description="x")["GroupId"]
    return {"Subnets": [subnet], "SecurityGroupIds": [group]}


def seen(account: Any, engine: docker.DockerClient, **members: Any) -> tuple[list[str], set[bool]]:
    """What the first host of a job reaches, and whether the job's networks are internal ones."""
    name = account.create(REACH, **members)
    # SIGTERM does not end the first process of a container until that handles it: all hosts must be ready.
    hosts = account.describe(name)["ResourceConfig"]["InstanceCount"]

    def is_ready(job: dict[str, Any]) -> bool:
        ready = all(account.lines(name, f"algo-{number + 1}") for number in range(hosts))
        return ready or job["TrainingJobStatus"] != "InProgress"

    account.wait_until(name, is_ready)
    containers = engine.containers.list(filters={"label": f"trainyard.job={name}"})
    joined = {one for container in containers for one in container.attrs["NetworkSettings"]["Networks"]}
    internal = {engine.networks.get(one).attrs["Internal"] for one in joined}
    account.sagemaker.stop_training_job(TrainingJobName=name)
    account.wait_until_ended(name)
    return json.loads(account.lines(name)[0]), internal


def test_a_job_in_a_vpc_has_no_way_out(
    account: Any, engine: docker.DockerClient, network: dict[str, list[str]]
) -> None:
    # The engine forwards nothing between an internal network and others:
    # https://docs.docker.com/reference/cli/docker/network/create/#internal
    inside = seen(account, engine, VpcConfig=network, ResourceConfig=TWO, EnableInterContainerTrafficEncryption=True)
    assert inside == (["the local cloud", "algo-1", "algo-2"], {True})
    assert seen(account, engine) == (["the local cloud", "algo-1"], {False})
