"""The checks of keys and networks: against moto's KMS and EC2, and the decision about the way to S3 as a function."""

from typing import Any

import pytest

from scripts.core import aws
from scripts.core.errors import UserError
from scripts.jobfile.reading import parse_job
from scripts.training import TrainingJob, build_request, resources
from tests.unit.aws_server import STACK, poor_user

LOCAL = {"DestinationCidrBlock": "10.0.0.0/16", "GatewayId": "local"}
TABLE = {"RouteTableId": "rtb-1", "Associations": [{"Main": True}], "Routes": [LOCAL]}
OWN_TABLE = {"RouteTableId": "rtb-2", "Associations": [{"SubnetId": "subnet-a"}]}
SUBNET = {"SubnetId": "subnet-a", "VpcId": "vpc-1"}


def check(**keys: Any) -> list[str]:
    output: list[str] = []
    channels = {"training": {"source": "data/x"}}
    spec = parse_job({"instance_type": "ml.m5.xlarge", "channels": channels, **keys}, "jobs/digits.toml")
    resources.check(build_request(TrainingJob("digits", spec, "digits-1", "x", {}, ()), STACK), STACK, output.append)
    return output


def refusal(**keys: Any) -> str:
    with pytest.raises(UserError) as caught:
        check(**keys)
    return str(caught.value)


def network(*cidrs: str) -> tuple[str, list[str], str]:
    """A VPC with a subnet for each block, and a security group."""
    ec2 = aws.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnets = [ec2.create_subnet(VpcId=vpc, CidrBlock=cidr)["Subnet"]["SubnetId"] for cidr in cidrs]
    return vpc, subnets, ec2.create_security_group(VpcId=vpc, GroupName="jobs", Description="x")["GroupId"]


def endpoint(vpc: str) -> None:
    """A gateway endpoint for S3 in the VPC's main route table."""
    ec2 = aws.client("ec2")
    (table,) = ec2.describe_route_tables(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["RouteTables"]
    service = "com.amazonaws.us-east-1.s3"
    ec2.create_vpc_endpoint(VpcId=vpc, ServiceName=service, RouteTableIds=[table["RouteTableId"]])


def test_subnets_and_groups_exist_belong_together_and_reach_s3(empty_aws: None) -> None:
    vpc, subnets, group = network("10.0.0.0/24", "10.0.1.0/24")
    _, others, other_group = network("10.0.0.0/24")
    one = {"subnets": subnets, "security_groups": [group]}
    assert f"The subnet {subnets[0]} has no way to S3" in refusal(vpc=one)
    endpoint(vpc)
    assert check(vpc=one) == []
    assert "a job runs in one VPC" in refusal(vpc=one | {"subnets": [*subnets, *others]})
    assert f"{other_group} is in vpc-" in refusal(vpc=one | {"security_groups": [other_group]})
    assert "does not exist in us-east-1" in refusal(vpc=one | {"subnets": ["subnet-0123456789abcdef0"]})
    assert "does not exist in us-east-1" in refusal(vpc=one | {"security_groups": ["sg-0123456789abcdef0"]})


def test_a_key_exists_and_is_enabled_in_the_region(empty_aws: None) -> None:
    kms = aws.client("kms")
    key = kms.create_key()["KeyMetadata"]
    assert check(output_kms_key=key["Arn"], volume_kms_key=key["KeyId"]) == []
    kms.disable_key(KeyId=key["KeyId"])
    assert f"The key {key['KeyId']} is Disabled" in refusal(volume_kms_key=key["KeyId"])
    assert "does not exist in us-east-1" in refusal(output_kms_key="alias/ours")
    assert "is in eu-west-1" in refusal(output_kms_key="arn:aws:kms:eu-west-1:123456789012:key/1")


def test_without_the_right_to_look_nothing_is_refused(empty_aws: None) -> None:
    _, subnets, group = network("10.0.0.0/24")
    with poor_user():
        key, place = check(output_kms_key="alias/ours", vpc={"subnets": subnets, "security_groups": [group]})
    assert key == "Not checked: the key alias/ours (no right to kms:DescribeKey)."
    assert place.startswith(f"Not checked: the network of {subnets[0]} (no right to ec2:")


def test_the_stacks_own_key_is_not_looked_up(empty_aws: None) -> None:
    stack = STACK.model_copy(update={"kms_key_arn": "arn:aws:kms:eu-west-1:123456789012:key/1"})
    spec = parse_job({"channels": {"training": {"source": "data/x"}}}, "x")
    resources.check(build_request(TrainingJob("x", spec, "x-1", "x", {}, ()), stack), stack, pytest.fail)


@pytest.mark.parametrize(
    ("endpoints", "tables"),
    [
        ([{"VpcEndpointType": "Gateway", "RouteTableIds": ["rtb-1"], "State": "available"}], [TABLE]),
        ([{"VpcEndpointType": "Gateway", "RouteTableIds": ["rtb-2"]}], [TABLE, OWN_TABLE]),
        ([{"VpcEndpointType": "Interface", "State": "available"}], [TABLE]),
        ([], [TABLE | {"Routes": [{"DestinationCidrBlock": "0.0.0.0/0", "NatGatewayId": "nat-1"}]}]),
        ([], [TABLE | {"Routes": [{"DestinationCidrBlock": "0.0.0.0/0", "GatewayId": "vgw-1"}]}]),
        ([], [TABLE | {"Routes": [{"DestinationCidrBlock": "0.0.0.0/0", "GatewayId": "vpce-1"}]}]),  # a firewall
        ([], [TABLE | {"Routes": [{"DestinationCidrBlock": "0.0.0.0/0", "TransitGatewayId": "tgw-1"}]}]),
        ([], []),  # without a table there is nothing to judge
    ],
)
def test_a_subnet_with_a_way_to_s3(endpoints: list[Any], tables: list[Any]) -> None:
    resources.check_way_to_s3([SUBNET], endpoints, tables)


@pytest.mark.parametrize(
    ("endpoints", "tables"),
    [
        ([{"VpcEndpointType": "Gateway", "RouteTableIds": ["rtb-1"]}], [TABLE, OWN_TABLE]),
        ([{"VpcEndpointType": "Interface", "State": "pending"}], [TABLE]),
        ([], [TABLE | {"Routes": [{"DestinationCidrBlock": "0.0.0.0/0", "GatewayId": "igw-1"}]}]),
        ([], [TABLE | {"Routes": [LOCAL, {"DestinationPrefixListId": "pl-1", "GatewayId": "vpce-1"}]}]),  # DynamoDB's
        ([], [TABLE | {"Routes": [{"NatGatewayId": "nat-1", "State": "blackhole"}]}]),
    ],
)
def test_a_subnet_without_a_way_to_s3(endpoints: list[Any], tables: list[Any]) -> None:
    with pytest.raises(UserError, match="has no way to S3"):
        resources.check_way_to_s3([SUBNET], endpoints, tables)
