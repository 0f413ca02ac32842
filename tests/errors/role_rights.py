"""Errors with the rights of the training role, found before anything is created."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.errors.case import STACK, Case, given
from tests.errors.credentials import GROUP
from tests.errors.refusals import DATA_ARN, SMALL
from tests.errors.scene import Given, Scene

NAME = "trainyard-local-training-123456789012-us-east-1"
ROLE = f"arn:aws:iam::123456789012:role/{NAME}"
CHANNEL = f"{DATA_ARN}/mistake/training/"


def denied(action: str) -> Given:
    """One more policy of the role, which denies an action."""
    return _with_policy("denied", lambda _: [{"Effect": "Deny", "Action": action, "Resource": "*"}])


def without(sid: str) -> Given:
    """The role's policy without one statement."""
    return _with_policy("training", lambda statements: [one for one in statements if one["Sid"] != sid])


def _with_policy(name: str, change: Any) -> Given:
    @contextmanager
    def changed(scene: Scene) -> Iterator[None]:
        iam = scene.client("iam")
        before = None
        if name in iam.list_role_policies(RoleName=NAME)["PolicyNames"]:
            before = iam.get_role_policy(RoleName=NAME, PolicyName=name)["PolicyDocument"]
        policy = {"Version": "2012-10-17", "Statement": change(before["Statement"] if before else [])}
        iam.put_role_policy(RoleName=NAME, PolicyName=name, PolicyDocument=json.dumps(policy))
        try:
            yield
        finally:
            if before is None:
                iam.delete_role_policy(RoleName=NAME, PolicyName=name)
            else:
                iam.put_role_policy(RoleName=NAME, PolicyName=name, PolicyDocument=json.dumps(before))

    return changed


CASES = (
    Case(
        GROUP,
        "the role lacks a right",
        "make train JOB=mistake YES=1",
        f"No policy allows s3:GetObject on {CHANNEL} to the role {ROLE}, with which SageMaker reads the input.",
        "Allow it in the role's policies: with `make infra` (extra_data_arns, extra_repository_arns, "
        "extra_policy_arns), or, for an existing role, where it was created.",
        given(SMALL, without("ReadData")),
        STACK,
    ),
    Case(
        GROUP,
        "a policy denies a right to the role",
        "make train JOB=mistake YES=1",
        f"A policy denies s3:GetObject on {CHANNEL} to the role {ROLE}, with which SageMaker reads the input.",
        "Change that policy: the role's, its permissions boundary, or one of the organization.",
        given(SMALL, denied("s3:GetObject")),
        STACK,
    ),
)
