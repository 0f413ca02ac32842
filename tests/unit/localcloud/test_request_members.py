"""Members of a request that change how a job runs: what they do in a running local cloud."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from scripts import localcloud
from scripts.localcloud.sagemaker.jobs import new_job, present
from scripts.localcloud.sagemaker.spot import instance_time

pytestmark = pytest.mark.e2e

ATTEMPT = ["Starting", "Downloading", "Training"]


@pytest.fixture
def faults(cloud: localcloud.Cloud) -> Iterator[Callable[[str], None]]:
    """Sets the faults of the local cloud; none are left."""
    yield lambda text: localcloud.set_faults(cloud, text)
    localcloud.set_faults(cloud, "")


def test_a_job_starts_again_after_an_internal_error(account: Any, faults: Callable[[str], None]) -> None:
    retried = {"RetryStrategy": {"MaximumRetryAttempts": 2}}
    faults("instances InternalServerError 2x")
    job = account.wait_until_ended(account.create("(base / 'model/m').write_text('x')", **retried))
    steps = [step["Status"] for step in job["SecondaryStatusTransitions"]]
    assert steps == [*ATTEMPT * 3, "Uploading", "Completed"]
    faults("instances InternalServerError 3x")
    job = account.wait_until_ended(account.create(**retried))
    assert job["FailureReason"] == "InternalServerError: the instances failed, as FAULTS says"
    assert [step["Status"] for step in job["SecondaryStatusTransitions"]] == [*ATTEMPT * 3, "Failed"]
    faults("instances InternalServerError 1x")
    job = account.wait_until_ended(account.create())
    assert [step["Status"] for step in job["SecondaryStatusTransitions"]] == [*ATTEMPT, "Failed"]
    faults("instances CapacityError 1x, * 503 0%")
    job = account.wait_until_ended(account.create(**retried))  # RetryStrategy is for internal errors alone
    assert job["FailureReason"].startswith("CapacityError: ")


def test_an_attempt_that_failed_counts_to_its_end_only() -> None:
    start = present()
    job = new_job({"TrainingJobName": "x"}, "us-east-1", "123456789012", start)
    moments = [start.replace(microsecond=0, second=second) for second in range(6)]
    for status, moment in zip([*ATTEMPT[1:], *ATTEMPT], moments, strict=False):
        job = job.enter_status(status, moment)
    assert instance_time(job, moments[5]).total_seconds() == 2 + 2  # 0 to 2, and 3 to 5


def test_subnets_and_security_groups_must_exist_in_one_vpc(account: Any, client: Callable[..., Any]) -> None:
    ec2 = client("ec2")
    vpcs = [ec2.create_vpc(CidrBlock="10.7.0.0/16")["Vpc"]["VpcId"] for _ in range(2)]
    subnet = ec2.create_subnet(VpcId=vpcs[0], CidrBlock="10.7.0.0/24")["Subnet"]["SubnetId"]
    own, other = (ec2.create_security_group(VpcId=vpc, GroupName="jobs", Description="x")["GroupId"] for vpc in vpcs)
    with pytest.raises(ClientError, match="must be in the same VPC"):
        account.create(VpcConfig={"Subnets": [subnet], "SecurityGroupIds": [other]})
    with pytest.raises(ClientError, match="subnet-0123456789abcdef0"):
        account.create(VpcConfig={"Subnets": ["subnet-0123456789abcdef0"], "SecurityGroupIds": [own]})
    name = account.create(VpcConfig={"Subnets": [subnet], "SecurityGroupIds": [own]})
    assert account.wait_until_ended(name)["TrainingJobStatus"] == "Completed"
    assert "[local cloud] VpcConfig is not enforced on a process" in account.lines(name)
