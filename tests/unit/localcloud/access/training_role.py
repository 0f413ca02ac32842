"""The rights of the stack's training role, as `terraform/modules/training_role` writes them without options.

tests/e2e/test_rights.py compares them with those of an applied stack.
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
