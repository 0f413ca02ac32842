"""Checks the KMS keys and the network that a request names, before anything is created.

If you lack the right to look at something, the check is skipped with a line "Not checked".
"""

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from scripts.core import aws
from scripts.core.errors import UserError
from scripts.training.preflight import unless_denied

if TYPE_CHECKING:
    from scripts.stack import Stack

NETWORK_FIX = "Correct [vpc] of the job file, or the network of the stack (docs/platform-team.md#network)."
NAMED_WRONGLY = {
    "InvalidSubnetID.NotFound",
    "InvalidSubnetID.Malformed",
    "InvalidGroup.NotFound",
    "InvalidGroupId.Malformed",
}
Json = Mapping[str, Any]


def check(request: Json, stack: "Stack", say: Callable[[str], None]) -> None:
    """Check the keys, but for the stack's own, and the network.

    Args:
        request: the CreateTrainingJob request.
        stack: the environment's stack.
        say: prints what cannot be checked.

    Raises:
        UserError: a key cannot be used, or subnets and security groups do not exist, do not belong together or have no
            way to S3.
    """
    region = aws.region()
    keys = (request["OutputDataConfig"].get("KmsKeyId"), request["ResourceConfig"].get("VolumeKmsKeyId"))
    for key in dict.fromkeys(key for key in keys if key and key != stack.kms_key_arn):
        unless_denied(f"the key {key}", partial(_check_key, key, region), say)
    if "VpcConfig" in request:
        network = request["VpcConfig"]
        what = f"the network of {', '.join(network['Subnets'])}"
        unless_denied(what, partial(_check_network, network, region, stack.account_id), say)


def _check_key(key: str, region: str) -> None:
    where = key.split(":")[3] if key.startswith("arn:") else region
    if where != region:
        raise UserError(
            f"The key {key} is in {where}, and the job would run in {region}: SageMaker needs both in one region.",
            f"Name a key in {region}, or run the job with AWS_REGION={where}.",
        )
    kms = aws.client("kms")
    try:
        state = kms.describe_key(KeyId=key)["KeyMetadata"]["KeyState"]
    except kms.exceptions.NotFoundException:
        raise UserError(
            f"The key {key} does not exist in {region}.", "Correct output_kms_key or volume_kms_key of the job file."
        ) from None
    if state != "Enabled":
        raise UserError(f"The key {key} is {state}: nothing can be encrypted with it.", "Enable it, or name another.")


def _check_network(network: Json, region: str, account: str) -> None:
    ec2 = aws.client("ec2")
    try:
        subnets = ec2.describe_subnets(SubnetIds=network["Subnets"])["Subnets"]
        groups = ec2.describe_security_groups(GroupIds=network["SecurityGroupIds"])["SecurityGroups"]
    except ec2.exceptions.ClientError as error:
        if aws.error_code(error) not in NAMED_WRONGLY:
            raise
        raise UserError(
            f"The job's network does not exist in {region}: {aws.error_message(error).rstrip('.')}.", NETWORK_FIX
        ) from None
    subnets.sort(key=lambda subnet: network["Subnets"].index(subnet["SubnetId"]))
    check_together(subnets, groups)
    here = {"Name": "vpc-id", "Values": [subnets[0]["VpcId"]]}
    s3 = {"Name": "service-name", "Values": [f"com.amazonaws.{region}.s3"]}
    endpoints = ec2.describe_vpc_endpoints(Filters=[here, s3])["VpcEndpoints"]
    tables = ec2.describe_route_tables(Filters=[here])["RouteTables"]
    # Of a VPC that another account shares, its endpoints are not shown.
    # https://docs.aws.amazon.com/vpc/latest/userguide/vpc-sharing.html
    check_way_to_s3([one for one in subnets if one.get("OwnerId", account) == account], endpoints, tables)


def check_together(subnets: Iterable[Json], groups: Iterable[Json]) -> None:
    """Check that subnets and security groups are in one VPC.

    Args:
        subnets: the answer of DescribeSubnets.
        groups: the answer of DescribeSecurityGroups.

    Raises:
        UserError: they are in several.
    """
    places = {one["SubnetId"]: one["VpcId"] for one in subnets} | {one["GroupId"]: one["VpcId"] for one in groups}
    first, vpc = next(iter(places.items()))
    for name, other in places.items():
        if other != vpc:
            raise UserError(f"{first} is in {vpc}, and {name} is in {other}: a job runs in one VPC.", NETWORK_FIX)


def check_way_to_s3(subnets: Iterable[Json], endpoints: Iterable[Json], tables: Iterable[Json]) -> None:
    """Check that each subnet reaches S3: by an endpoint of S3, or by a route out of the VPC.

    Args:
        subnets: the answer of DescribeSubnets.
        endpoints: the answer of DescribeVpcEndpoints for S3.
        tables: the answer of DescribeRouteTables.

    Raises:
        UserError: one has neither.
    """
    usable = [one for one in endpoints if one.get("State", "available").lower() == "available"]
    if any(one.get("VpcEndpointType") == "Interface" for one in usable):
        return
    through = {table for one in usable for table in one.get("RouteTableIds", [])}
    known = list(tables)
    for subnet in subnets:
        table = _table_of(subnet["SubnetId"], known)
        routes = table.get("Routes", []) if table else []
        if table is None or table["RouteTableId"] in through or any(map(leads_out, routes)):
            continue
        raise UserError(
            f"The subnet {subnet['SubnetId']} has no way to S3: its route table {table['RouteTableId']} leads to no "
            "endpoint of S3, and not out of the VPC.",
            "Add a gateway endpoint for S3 to that table (it costs nothing): docs/platform-team.md#network.",
        )


def leads_out(route: Json) -> bool:
    """Whether a route may take an instance without a public address out of its VPC. Gateway endpoints are no such way.

    https://docs.aws.amazon.com/vpc/latest/userguide/route-table-options.html
    """
    gateway = route.get("GatewayId", "")
    is_endpoint = gateway.startswith("vpce-") and "DestinationPrefixListId" in route
    return route.get("State") != "blackhole" and not (gateway == "local" or gateway.startswith("igw-") or is_endpoint)


def _table_of(subnet: str, tables: Iterable[Json]) -> Json | None:
    """A subnet's route table: its own, or the main one of the VPC."""
    main = None
    for table in tables:
        for association in table.get("Associations", []):
            if association.get("SubnetId") == subnet:
                return table
            if association.get("Main"):
                main = table
    return main
