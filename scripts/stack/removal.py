"""Asks before a removal, refuses that of a protected stack, and finds what would stop one half-way, before it begins.

AWS deletes a bucket with objects only under `force_destroy`, a repository with images only under `force_delete`.
Terraform would notice too late: by then it has deleted versioning, policies and lifecycle rules.
"""

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from scripts.core import aws, console
from scripts.core.errors import UserError
from scripts.review.model import Action, Plan

PROTECTION = {"aws_s3_bucket": ("bucket", "force_destroy"), "aws_ecr_repository": ("name", "force_delete")}
KEEP_BUCKET = "KeepBucket"
"""The Sid of the statement in terraform/modules/buckets that denies s3:DeleteBucket."""


@dataclass(frozen=True)
class ProtectedResource:
    """A bucket or repository that can be deleted only when it is empty."""

    kind: str
    name: str
    switch: str


def protected_resources(plan: Plan) -> Iterator[ProtectedResource]:
    """The resources that a plan can delete only if they are empty. Pure."""
    for change in plan.changes:
        name, switch = PROTECTION.get(change.type, ("", ""))
        deletes = change.action is Action.DESTROY or (change.action is Action.REPLACE and not change.leaves_old)
        if name and deletes and change.before and not change.before.get(switch):
            yield ProtectedResource(change.type, str(change.before[name]), switch)


def is_protected(plan: Plan) -> bool:
    """Whether a plan would delete a bucket policy that denies s3:DeleteBucket to everybody (`protect = true`). Pure."""
    policies = (
        change.before.get("policy")
        for change in plan.changes
        if change.type == "aws_s3_bucket_policy" and change.before and change.action in (Action.DESTROY, Action.REPLACE)
    )
    return any(KEEP_BUCKET in _statement_ids(policy) for policy in policies)


def protection(environment: str, command: str) -> UserError:
    """The error of a command that would remove a protected stack."""
    return UserError(
        f"The stack of `{environment}` is protected: nothing was removed.",
        f"Write protect = false into terraform/environments/{environment}.tfvars and apply only that with "
        f"`make infra`. Then run `{command}` again.",
    )


def check(plan: Plan, environment: str, command: str) -> None:
    """Refuse the removal of a protected stack, and a removal that would stop half-way.

    Args:
        plan: the plan to apply.
        environment: its variables decide which resources are protected.
        command: the command that the user typed.

    Raises:
        UserError: the stack is protected, or a protected bucket or repository is not empty.
    """
    if is_protected(plan):
        raise protection(environment, command)
    full = [found for found in protected_resources(plan) if _holds_something(found)]
    if full:
        names, switches = ", ".join(found.name for found in full), sorted({found.switch for found in full})
        settings = " and ".join(f"{switch} = true" for switch in switches)
        raise UserError(
            f"Nothing was removed, because these are not empty and `{environment}` protects their content: {names}.",
            f"Empty them, or write {settings} into terraform/environments/{environment}.tfvars and apply only that "
            f"with `make infra`. Then run `{command}` again.",
        )


def ask_for_name(environment: str, confirmation: str) -> None:
    """Ask for the environment's name, unless it is given beforehand.

    Args:
        environment: the name.
        confirmation: what was given; empty for nothing.

    Raises:
        UserError: another name was given or typed, or there is no terminal to ask at.
    """
    beforehand = f"`make destroy CONFIRM={environment}`"
    if not confirmation:
        if not sys.stdin.isatty():
            raise UserError(
                f"To remove `{environment}`, you must type its name, and there is no terminal to ask at.",
                f"Confirm beforehand: {beforehand}.",
            )
        confirmation = console.typed(f"All of the above is removed for good. Type {environment} to confirm: ")
    if confirmation != environment:
        raise UserError(
            f"That is not the environment's name: nothing of `{environment}` was removed.",
            f"Type {environment}, or confirm beforehand: {beforehand}.",
        )


def _statement_ids(policy: Any) -> set[str]:
    try:
        return {statement.get("Sid", "") for statement in json.loads(policy)["Statement"]}
    except (AttributeError, KeyError, TypeError, ValueError):  # unknown yet, or a policy that somebody else has set
        return set()


def _holds_something(found: ProtectedResource) -> bool:
    from botocore.exceptions import ClientError

    try:
        if found.kind == "aws_s3_bucket":
            response = aws.client("s3").list_object_versions(Bucket=found.name, MaxKeys=1)
            return bool(response.get("Versions") or response.get("DeleteMarkers"))
        return bool(aws.client("ecr").list_images(repositoryName=found.name, maxResults=1)["imageIds"])
    except ClientError as error:
        if aws.is_access_denied(error):
            return False  # we lack the right to look; Terraform's own call decides
        raise
