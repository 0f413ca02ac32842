"""Changes to the account outside of Terraform, between two of its runs."""

import json
import os
from collections.abc import Callable, Mapping
from typing import Any

import boto3

from scripts.localcloud.environment import ACCOUNT


def client(service: str) -> Any:
    """A client for the local cloud that the environment points to."""
    return boto3.client(service, endpoint_url=os.environ["AWS_ENDPOINT_URL"])  # type: ignore[call-overload]


def _queue(name: str) -> str:
    return str(client("sqs").get_queue_url(QueueName=name)["QueueUrl"])


def _drift() -> None:
    tags = [{"Key": "Owner", "Value": "finance"}, {"Key": "Note", "Value": "changed by hand"}]
    client("s3").put_bucket_tagging(Bucket="golden-drift-data", Tagging={"TagSet": tags})
    client("sqs").set_queue_attributes(QueueUrl=_queue("golden-drift-jobs"), Attributes={"VisibilityTimeout": "5"})
    everything = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
    client("iam").put_role_policy(
        RoleName="golden-drift-worker", PolicyName="by-hand", PolicyDocument=json.dumps(everything)
    )


def _changed_and_gone(name: str) -> None:
    client("s3").put_public_access_block(
        Bucket=f"golden-{name}-data",
        PublicAccessBlockConfiguration={
            "BlockPublicAcls": True,
            "BlockPublicPolicy": False,
            "IgnorePublicAcls": True,
            "RestrictPublicBuckets": False,
        },
    )
    for queue in ("jobs", "results"):
        url = _queue(f"golden-{name}-{queue}")
        client("sqs").set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "5"})
    client("sns").delete_topic(TopicArn=f"arn:aws:sns:us-east-1:{ACCOUNT}:golden-{name}-alerts")


def _made_by_hand() -> None:
    client("s3").create_bucket(Bucket="golden-import-as-it-is")
    client("sqs").create_queue(QueueName="golden-import-changed", Attributes={"VisibilityTimeout": "30"})
    for name in ("alerts", "news"):
        client("sns").create_topic(Name=f"golden-import-{name}")


HAPPENS: Mapping[str, Callable[[], None]] = {
    "drift": _drift,
    "reverted-drift": lambda: _changed_and_gone("reverted"),
    "refresh-only": lambda: _changed_and_gone("refresh"),
    "import": _made_by_hand,
}
"""By the plan's name."""
