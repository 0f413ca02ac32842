"""The rights of the stack's training role, as `terraform/modules/training_role` writes them.

tests/e2e/test_rights.py compares those without options with an applied stack.
"""

from typing import Any

LOGS = "arn:aws:logs:us-east-1:123456789012:log-group:/aws/sagemaker/TrainingJobs"
STATEMENTS = (
    *("ListDataAndCheckpoints", "ReadData", "WriteModels", "ReadAndWriteCheckpoints", "PullImage", "LogInToRegistry"),
    *("WriteLogs", "CreateLogGroup", "WriteMetrics"),
)


def rights(data: str, models: str, checkpoints: str, repository: str) -> list[dict[str, Any]]:
    """The statements.

    Args:
        data: the ARN of the data bucket.
        models: that of the bucket of models.
        checkpoints: that of the bucket of checkpoints.
        repository: that of the image's repository.
    """
    write = ["s3:AbortMultipartUpload", "s3:PutObject"]
    pull = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
    log = ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"]
    namespace = {"StringEquals": {"cloudwatch:namespace": "/aws/sagemaker/TrainingJobs"}}
    found = {
        "ListDataAndCheckpoints": (["s3:ListBucket"], [checkpoints, data]),
        "ReadData": (["s3:GetObject"], [f"{data}/*"]),
        "WriteModels": (write, [f"{models}/*"]),
        "ReadAndWriteCheckpoints": (["s3:DeleteObject", "s3:GetObject", *write], [f"{checkpoints}/*"]),
        "PullImage": (pull, [repository]),
        "LogInToRegistry": (["ecr:GetAuthorizationToken"], ["*"]),
        "WriteLogs": (log, [f"{LOGS}:*"]),
        "CreateLogGroup": (["logs:CreateLogGroup"], [LOGS, f"{LOGS}:*"]),
        "WriteMetrics": (["cloudwatch:PutMetricData"], ["*"]),
    }
    return [
        {"Sid": sid, "Effect": "Allow", "Action": sorted(actions), "Resource": sorted(resources)}
        | ({"Condition": namespace} if sid == "WriteMetrics" else {})
        for sid, (actions, resources) in found.items()
    ]


def key_rights(key: str) -> list[dict[str, Any]]:
    """The statements for the ARN of a key, of the role's policy `key`."""
    for_aws = {"Bool": {"kms:GrantIsForAWSResource": "true"}}
    use = ["kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey"]
    return [
        {"Sid": "UseKey", "Effect": "Allow", "Action": use, "Resource": key},
        {
            "Sid": "EncryptVolumes",
            "Effect": "Allow",
            "Action": "kms:CreateGrant",
            "Resource": key,
            "Condition": for_aws,
        },
    ]


def network_rights(subnet: str, group: str) -> list[dict[str, Any]]:
    """The statements for the IDs of a subnet and a security group, of the role's policy `network`."""
    place = "arn:aws:ec2:us-east-1:*"
    describe = ("DhcpOptions", "NetworkInterfaces", "SecurityGroups", "Subnets", "Vpcs")
    interfaces = [f"ec2:{verb}NetworkInterface{kind}" for verb in ("Create", "Delete") for kind in ("", "Permission")]
    found: dict[str, dict[str, Any]] = {
        "UseSubnets": {
            "Action": "ec2:CreateNetworkInterface",
            "Resource": [f"{place}:subnet/{subnet}", f"{place}:security-group/{group}"],
        },
        "ManageInterfaces": {
            "Action": interfaces,
            "Resource": f"{place}:network-interface/*",
            "Condition": {"ArnLike": {"ec2:Subnet": f"{place}:subnet/{subnet}"}},
        },
        "LookAtNetwork": {"Action": [f"ec2:Describe{name}" for name in describe], "Resource": "*"},
    }
    return [{"Sid": sid, "Effect": "Allow", **statement} for sid, statement in found.items()]
