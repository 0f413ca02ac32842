"""A job's role: whether SageMaker may assume it, and whether it may do what the job needs."""

from collections.abc import Mapping
from typing import Any

from scripts.core.permissions import SAGEMAKER, Place
from scripts.core.role_calls import Image, assume_context, needed
from scripts.localcloud.access import callers, context, decisions
from scripts.localcloud.clients import SESSION
from scripts.localcloud.environment import ACCOUNT
from scripts.policies.documents import InvalidPolicyError
from scripts.policies.evaluator import Effect


class RightsError(Exception):
    """A job's role lacks something; the text becomes the job's FailureReason."""


def may_be_assumed(role_arn: str, job_arn: str) -> bool:
    """Return whether SageMaker may assume a role for a job: the role exists, and its trust policy allows it."""
    if callers.find_role(role_arn) is None:
        return False
    try:
        return decisions.assume_role(SAGEMAKER, role_arn, assume_context(job_arn, ACCOUNT)).effect is Effect.ALLOWED
    except InvalidPolicyError:
        return False


def refusal(role_arn: str) -> str:
    """Return AWS's sentence about a role that SageMaker cannot assume."""
    return (
        f"Could not assume role {role_arn}. Please ensure that the role exists and allows principal '{SAGEMAKER}' to "
        "assume the role."
    )


def check(request: Mapping[str, Any], job_arn: str, region: str, repository: str | None) -> None:
    """Check what a job's role must be able to do, apart from the calls that the local cloud makes with it.

    Args:
        request: CreateTrainingJob's parameters.
        job_arn: the job's ARN.
        region: the job's region.
        repository: the name of the image's repository, if it is in the account's ECR.

    Raises:
        RightsError: SageMaker may not assume the role, or the role lacks a right.
    """
    role_arn = request["RoleArn"]
    if not may_be_assumed(role_arn, job_arn):
        raise RightsError(refusal(role_arn))
    place = Place(callers.PARTITION, region, ACCOUNT)
    image = Image(place.arn("ecr", f"repository/{repository}")) if repository else None
    try:
        caller = callers.of_session(role_arn, SESSION)
    except InvalidPolicyError as error:
        raise RightsError(f"AccessDenied: a policy of the role is invalid: {error}.") from None
    permissions = [permission for row, permission in needed(request, place, image) if not row.made]
    denial = decisions.first_denial(caller, permissions, context.of_caller(caller, region))
    if denial:
        raise RightsError(f"AccessDenied: {denial.message}")
