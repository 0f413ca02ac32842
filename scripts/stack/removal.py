"""What a removal of the stack would stumble over, found before anything is removed.

A bucket that holds objects is deleted only under `force_destroy`, a repository with images under `force_delete`.
Terraform learns of it half-way: versioning, policies and lifecycle rules are gone by then. So it is looked for first.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from scripts.core import aws
from scripts.core.errors import UserError
from scripts.review.model import Action, Plan

PROTECTION = {"aws_s3_bucket": ("bucket", "force_destroy"), "aws_ecr_repository": ("name", "force_delete")}


@dataclass(frozen=True)
class Protected:
    """A bucket or repository that goes only when it is empty."""

    kind: str
    name: str
    switch: str


def protected(plan: Plan) -> Iterator[Protected]:
    """What a plan deletes only if it is empty. Pure."""
    for change in plan.changes:
        name, switch = PROTECTION.get(change.type, ("", ""))
        goes = change.action is Action.DESTROY or (change.action is Action.REPLACE and not change.leaves_old)
        if name and goes and change.before and not change.before.get(switch):
            yield Protected(change.type, str(change.before[name]), switch)


def check(plan: Plan, environment: str, command: str) -> None:
    """Refuse a removal that would end half-way.

    Args:
        plan: what is to be done.
        environment: whose variables may say otherwise.
        command: what the user typed.

    Raises:
        UserError: a bucket or repository holds something, and the environment keeps such.
    """
    full = [found for found in protected(plan) if _holds_something(found)]
    if full:
        names, switches = ", ".join(found.name for found in full), sorted({found.switch for found in full})
        settings = " and ".join(f"{switch} = true" for switch in switches)
        raise UserError(
            f"Nothing was removed, because these are not empty and `{environment}` keeps what they hold: {names}.",
            f"Empty them, or write {settings} into terraform/environments/{environment}.tfvars and apply that alone "
            f"with `make infra`; then `{command}` again.",
        )


def _holds_something(found: Protected) -> bool:
    from botocore.exceptions import ClientError

    try:
        if found.kind == "aws_s3_bucket":
            answer = aws.client("s3").list_object_versions(Bucket=found.name, MaxKeys=1)
            return bool(answer.get("Versions") or answer.get("DeleteMarkers"))
        return bool(aws.client("ecr").list_images(repositoryName=found.name, maxResults=1)["imageIds"])
    except ClientError as error:
        if aws.is_access_denied(error):
            return False  # not ours to look into: Terraform's own call decides
        raise
