"""Errors with the rights of who types, found before anything is created."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.errors.case import STACK, Case, given
from tests.errors.credentials import GROUP
from tests.errors.refusals import DATA_ARN, SMALL
from tests.errors.scene import Given, Scene

OBJECTS = f"{DATA_ARN}/mistake/training/*"
FIX = "Ask the account's administrator for the policy of terraform/modules/people, or for this right."


def typed_by_user(*statements: dict[str, Any]) -> Given:
    """An IAM user with these rights types the command."""

    @contextmanager
    def typed(scene: Scene) -> Iterator[None]:
        iam = scene.client("iam")
        iam.create_user(UserName="mistake")
        policy = {"Version": "2012-10-17", "Statement": [*statements]}
        iam.put_user_policy(UserName="mistake", PolicyName="rights", PolicyDocument=json.dumps(policy))
        key = iam.create_access_key(UserName="mistake")["AccessKey"]
        scene.environment["AWS_ACCESS_KEY_ID"] = key["AccessKeyId"]
        scene.environment["AWS_SECRET_ACCESS_KEY"] = key["SecretAccessKey"]
        try:
            yield
        finally:
            iam.delete_access_key(UserName="mistake", AccessKeyId=key["AccessKeyId"])
            iam.delete_user_policy(UserName="mistake", PolicyName="rights")
            iam.delete_user(UserName="mistake")

    return typed


CASES = (
    Case(
        GROUP,
        "you lack a right",
        "make data JOB=mistake",
        f"No policy allows you s3:PutObject on {OBJECTS}, which `make data` needs to upload the data.",
        FIX,
        given(SMALL, typed_by_user({"Effect": "Allow", "NotAction": "s3:PutObject", "Resource": "*"})),
        STACK,
    ),
    Case(
        GROUP,
        "a policy denies you a right",
        "make train JOB=mistake YES=1",
        "A policy denies you iam:PassRole on …, which `make train` needs to start the job.",
        FIX,
        given(
            SMALL,
            typed_by_user(
                {"Effect": "Allow", "Action": "*", "Resource": "*"},
                {"Effect": "Deny", "Action": "iam:PassRole", "Resource": "*"},
            ),
        ),
        STACK,
    ),
    Case(
        GROUP,
        "you lack several rights",
        "make data JOB=mistake",
        f"No policy allows you s3:GetObject on {OBJECTS}, which `make data` needs to compare the data; nor "
        "s3:PutObject, sagemaker:ListTrainingJobs.",
        "Ask the account's administrator for the policy of terraform/modules/people, or for these rights.",
        given(
            SMALL,
            typed_by_user(
                {"Effect": "Allow", "Action": ["s3:ListBucket", "s3:GetBucketPolicy", "iam:*"], "Resource": "*"},
                {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::trainyard-tfstate-*"},
            ),
        ),
        STACK,
    ),
)
