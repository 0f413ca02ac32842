"""Conditions on tags, on what is created, and on a role's boundary decide calls as on AWS."""

import pytest

from tests.unit.localcloud.access.people import Client, People, allow, refused
from tests.unit.localcloud.account import document

ACCOUNT = "123456789012"
TRUST = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": ACCOUNT}}
EC2_TAGS = [{"Key": "Project", "Value": "ours"}]
IF_NEW = {"StringEquals": {"aws:RequestTag/Project": "ours"}}
IF_OURS = {"StringEquals": {"aws:ResourceTag/Project": "ours"}}


@pytest.mark.e2e
def test_a_network_can_be_limited_by_its_tags(people: People, client: Client) -> None:
    arn = f"arn:aws:ec2:us-east-1:{ACCOUNT}"
    _, mine = people.user(
        allow("ec2:CreateVpc", resource=f"{arn}:vpc/*", Condition=IF_NEW),
        allow("ec2:CreateSubnet", resource=f"{arn}:subnet/*", Condition=IF_NEW),
        allow("ec2:CreateTags", Condition={"StringEquals": {"ec2:CreateAction": ["CreateVpc", "CreateSubnet"]}}),
        allow("ec2:CreateSubnet", "ec2:DeleteVpc", resource=f"{arn}:*", Condition=IF_OURS),
    )
    ec2, root = mine("ec2"), client("ec2")
    vpc, subnet = ([{"ResourceType": kind, "Tags": EC2_TAGS}] for kind in ("vpc", "subnet"))
    assert refused(ec2.create_vpc, CidrBlock="10.1.0.0/16")[0] == "UnauthorizedOperation"
    other = root.create_vpc(CidrBlock="10.2.0.0/16")["Vpc"]["VpcId"]
    made = ec2.create_vpc(CidrBlock="10.1.0.0/16", TagSpecifications=vpc)["Vpc"]["VpcId"]
    ec2.create_subnet(VpcId=made, CidrBlock="10.1.0.0/24", TagSpecifications=subnet)
    answer = refused(ec2.create_subnet, VpcId=other, CidrBlock="10.2.0.0/24", TagSpecifications=subnet)
    assert f"ec2:CreateSubnet on resource: {arn}:vpc/{other}" in answer[2]
    assert f"{arn}:vpc/{other}" in refused(ec2.create_tags, Resources=[other], Tags=EC2_TAGS)[2]
    assert refused(ec2.delete_vpc, VpcId=other)[0] == "UnauthorizedOperation"
    assert refused(ec2.delete_vpc, VpcId=made)[0] == "DependencyViolation"


def test_a_key_can_be_limited_by_its_tags(people: People, client: Client) -> None:
    keys = f"arn:aws:kms:us-east-1:{ACCOUNT}:key/*"
    _, mine = people.user(
        allow("kms:CreateKey", Condition=IF_NEW),
        allow("kms:TagResource", resource=keys, Condition={**IF_NEW, "Null": {"aws:ResourceTag/Project": "true"}}),
        allow("kms:DescribeKey", resource=keys, Condition=IF_OURS),
    )
    kms = mine("kms")
    tags, theirs = ([{"TagKey": "Project", "TagValue": value}] for value in ("ours", "theirs"))
    other = client("kms").create_key(Tags=theirs)["KeyMetadata"]["KeyId"]
    assert refused(kms.create_key)[0] == "AccessDeniedException"
    assert refused(kms.create_key, Tags=theirs)[0] == "AccessDeniedException"
    made = kms.create_key(Tags=tags)["KeyMetadata"]["KeyId"]
    assert kms.describe_key(KeyId=made)
    assert refused(kms.describe_key, KeyId=other)[0] == "AccessDeniedException"
    assert refused(kms.tag_resource, KeyId=other, Tags=tags)[0] == "AccessDeniedException"


def test_a_role_can_be_created_only_with_its_boundary(people: People, client: Client) -> None:
    boundary = client("iam").create_policy(PolicyName="only-with", PolicyDocument=document(allow("s3:*")))
    arn = boundary["Policy"]["Arn"]
    needed = {"ArnEquals": {"iam:PermissionsBoundary": arn}}
    _, mine = people.user(allow("iam:CreateRole", "iam:PutRolePolicy", Condition=needed))
    iam, trust = mine("iam"), document(TRUST)
    bounded = {"RoleName": "only-bounded", "AssumeRolePolicyDocument": trust, "PermissionsBoundary": arn}
    assert refused(iam.create_role, RoleName="unbounded", AssumeRolePolicyDocument=trust)[0] == "AccessDenied"
    iam.create_role(**bounded)
    client("iam").create_role(RoleName="unbounded", AssumeRolePolicyDocument=trust)
    policy = {"PolicyName": "p", "PolicyDocument": document(allow("s3:*"))}
    iam.put_role_policy(RoleName="only-bounded", **policy)
    assert refused(iam.put_role_policy, RoleName="unbounded", **policy)[0] == "AccessDenied"
