"""The table of permissions: the actions and resources that each call needs."""

from typing import Any

import pytest

from scripts.core.permissions import Permission, Place, required_permissions

PLACE = Place("aws", "eu-west-1", "1")
BUCKET, OBJECT = "arn:aws:s3:::b", "arn:aws:s3:::b/k/1"
ROLE, JOB = "arn:aws:iam::1:role/r", "arn:aws:sagemaker:eu-west-1:1:training-job/digits-1"
REPOSITORY = "arn:aws:ecr:eu-west-1:1:repository/r"
LOG = "arn:aws:logs:eu-west-1:1:log-group:g:log-stream:"
IN_BUCKET, OF_OBJECT = {"Bucket": "b"}, {"Bucket": "b", "Key": "k/1"}
TWO = {"Bucket": "b", "Delete": {"Objects": [{"Key": "x"}, {"Key": "y", "VersionId": "v"}]}}
CREATED = {"TrainingJobName": "Digits-1", "RoleArn": ROLE, "Tags": [{"Key": "a", "Value": "b"}]}

TAGGED = {"Tags": [{"TagKey": "a", "TagValue": "b"}]}
EC2, IN_EC2 = "arn:aws:ec2:eu-west-1:1:", {"TagSpecification.1.Tag.1.Key": "a", "TagSpecification.1.Tag.1.Value": "b"}


@pytest.mark.parametrize(
    ("service", "operation", "parameters", "needed"),
    [
        ("s3", "HeadBucket", IN_BUCKET, [("s3:ListBucket", BUCKET)]),
        ("s3", "ListObjectsV2", IN_BUCKET, [("s3:ListBucket", BUCKET)]),
        ("s3", "ListObjectVersions", IN_BUCKET, [("s3:ListBucketVersions", BUCKET)]),
        ("s3", "ListBuckets", {}, [("s3:ListAllMyBuckets", "*")]),
        ("s3", "HeadObject", OF_OBJECT, [("s3:GetObject", OBJECT)]),
        ("s3", "GetObject", {**OF_OBJECT, "VersionId": "v"}, [("s3:GetObjectVersion", OBJECT)]),
        ("s3", "UploadPart", OF_OBJECT, [("s3:PutObject", OBJECT)]),
        (
            "s3",
            "PutObject",
            {**OF_OBJECT, "Tagging": "a=b"},
            [("s3:PutObject", OBJECT), ("s3:PutObjectTagging", OBJECT)],
        ),
        (
            "s3",
            "CopyObject",
            {**OF_OBJECT, "CopySource": "/from/x?versionId=v"},
            [("s3:PutObject", OBJECT), ("s3:GetObjectVersion", "arn:aws:s3:::from/x")],
        ),
        (
            "s3",
            "CopyObject",
            {**OF_OBJECT, "CopySource": {"Bucket": "from", "Key": "x"}},
            [("s3:PutObject", OBJECT), ("s3:GetObject", "arn:aws:s3:::from/x")],
        ),
        ("s3", "DeleteObjects", IN_BUCKET, [("s3:DeleteObject", f"{BUCKET}/*")]),
        ("s3", "DeleteObjects", TWO, [("s3:DeleteObject", f"{BUCKET}/x"), ("s3:DeleteObjectVersion", f"{BUCKET}/y")]),
        ("s3", "PutObjectLockConfiguration", IN_BUCKET, [("s3:PutBucketObjectLockConfiguration", BUCKET)]),
        ("registry", "PutManifest", {"repositoryName": "r"}, [("ecr:PutImage", REPOSITORY)]),
        ("registry", "GetVersion", {}, []),
        ("ecr", "GetAuthorizationToken", {}, [("ecr:GetAuthorizationToken", "*")]),
        (
            "ecr",
            "DescribeImages",
            {"registryId": "2", "repositoryName": "r"},
            [("ecr:DescribeImages", "arn:aws:ecr:eu-west-1:2:repository/r")],
        ),
        ("iam", "GetRole", {"RoleName": "r"}, [("iam:GetRole", ROLE)]),
        ("iam", "CreateRole", {"RoleName": "r", "Path": "/p/"}, [("iam:CreateRole", "arn:aws:iam::1:role/p/r")]),
        ("iam", "AttachRolePolicy", {"RoleName": "r", "PolicyArn": "p"}, [("iam:AttachRolePolicy", ROLE)]),
        ("iam", "GetPolicy", {"PolicyArn": "arn:p"}, [("iam:GetPolicy", "arn:p")]),
        ("iam", "SimulatePrincipalPolicy", {"PolicySourceArn": ROLE}, [("iam:SimulatePrincipalPolicy", ROLE)]),
        ("sagemaker", "ListTrainingJobs", {}, [("sagemaker:ListTrainingJobs", "*")]),
        ("sagemaker", "StopTrainingJob", {"TrainingJobName": "digits-1"}, [("sagemaker:StopTrainingJob", JOB)]),
        (
            "sagemaker",
            "CreateTrainingJob",
            CREATED,
            [("sagemaker:CreateTrainingJob", JOB), ("iam:PassRole", ROLE), ("sagemaker:AddTags", JOB)],
        ),
        ("logs", "CreateLogGroup", {"logGroupName": "g"}, [("logs:CreateLogGroup", LOG)]),
        ("logs", "PutLogEvents", {"logGroupName": "g", "logStreamName": "s"}, [("logs:PutLogEvents", f"{LOG}s")]),
        ("monitoring", "PutMetricData", {"Namespace": "n"}, [("cloudwatch:PutMetricData", "*")]),
        ("kms", "Decrypt", {"KeyId": "k"}, [("kms:Decrypt", "arn:aws:kms:eu-west-1:1:key/k")]),
        ("kms", "Encrypt", {"KeyId": "alias/a"}, [("kms:Encrypt", "arn:aws:kms:eu-west-1:1:alias/a")]),
        ("kms", "CreateKey", TAGGED, [("kms:CreateKey", "*"), ("kms:TagResource", "arn:aws:kms:eu-west-1:1:key/*")]),
        ("ec2", "DescribeVpcs", {"VpcId.1": "vpc-1"}, [("ec2:DescribeVpcs", "*")]),
        (
            "ec2",
            "CreateSubnet",
            {"VpcId": "vpc-1", **IN_EC2},
            [
                ("ec2:CreateSubnet", f"{EC2}vpc/vpc-1"),
                ("ec2:CreateSubnet", f"{EC2}subnet/*"),
                ("ec2:CreateTags", f"{EC2}subnet/*"),
            ],
        ),
        (
            "ec2",
            "DeleteTags",
            {"ResourceId.1": "sg-1", "ResourceId.2": "i-1", "Tag.1.Value": "vol-1"},
            [("ec2:DeleteTags", f"{EC2}security-group/sg-1"), ("ec2:DeleteTags", f"{EC2}i/i-1")],
        ),
        (
            "ec2",
            "AuthorizeSecurityGroupEgress",
            {"GroupId": "sg-1", "IpPermissions.1.Groups.1.GroupId": "sg-2"},
            [("ec2:AuthorizeSecurityGroupEgress", f"{EC2}security-group/sg-1")],
        ),
        (
            "ec2",
            "RevokeSecurityGroupEgress",
            {"GroupId": "sg-1", "SecurityGroupRuleId.1": "sgr-1"},
            [("ec2:RevokeSecurityGroupEgress", f"{EC2}security-group/sg-1")],
        ),
        ("sts", "AssumeRole", {"RoleArn": ROLE}, [("sts:AssumeRole", ROLE)]),
        ("sts", "GetCallerIdentity", {}, []),
        # What the tables do not know: the action of the operation's name, on the ARN that it names.
        ("sns", "Publish", {"TopicArn": "arn:t", "Message": "m"}, [("sns:Publish", "arn:t")]),
        ("sqs", "ListQueues", {}, [("sqs:ListQueues", "*")]),
    ],
)
def test_the_permissions_of_a_call(
    service: str, operation: str, parameters: dict[str, Any], needed: list[tuple[str, str]]
) -> None:
    found = required_permissions(service, operation, parameters, PLACE)
    assert [(one.action, one.resource) for one in found] == needed


def test_a_role_is_passed_to_sagemaker_only() -> None:
    passed = required_permissions("sagemaker", "CreateTrainingJob", CREATED, PLACE)[1]
    assert passed == Permission("iam:PassRole", ROLE, {"iam:passedtoservice": ("sagemaker.amazonaws.com",)})
