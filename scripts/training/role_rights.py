"""Simulates what SageMaker will do with a job's role, on the request's own buckets, prefixes, image and keys.

Only what is certain refuses a job. All else is reported as "not checked".
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from scripts.core import aws
from scripts.core.errors import UserError
from scripts.core.permissions import Permission, Place
from scripts.core.role_calls import Image, Row, needed
from scripts.policies.evaluator import Principal
from scripts.training import simulation
from scripts.training.simulation import Verdict

# The others depend on nothing in the request.
SERVICES = ("ecr", "kms", "s3")
Wanted = tuple[Row, Permission]


def check(request: Mapping[str, Any], repository: str | None, say: Callable[[str], None]) -> None:
    """Check that a job's role may do what SageMaker does with it.

    Args:
        request: the CreateTrainingJob request.
        repository: the ARN of the image's repository, if it is in ECR.
        say: prints what cannot be checked.

    Raises:
        UserError: the role lacks a right; AWS's AccessDenied is not caught.
    """
    role = request["RoleArn"]
    place = Place(role.split(":")[1], aws.region(), role.split(":")[4])
    principal = Principal(place.session_arn(role, "SageMaker"), place.account, role)
    for group in groups(needed(request, place, Image(repository) if repository else None)):
        permissions = [permission for _, permission in group]
        context = context_of(role, place, permissions[0])
        results = simulation.simulate_if_possible(f"what the role {role} may do", role, permissions, context, say)
        if results is None:
            return
        for row, permission in group:
            _report(simulation.judge(results, principal, permission), role, row, permission, say)


def groups(wanted: Iterable[Wanted]) -> list[list[Wanted]]:
    """The permissions that one simulation can be asked for: of one service, with the same condition keys."""
    found: dict[tuple[Any, ...], list[Wanted]] = {}
    for row, one in wanted:
        service = one.action.partition(":")[0]
        if service in SERVICES:
            key = (service, one.resource == "*", *sorted(one.context.items()))
            found.setdefault(key, []).append((row, one))
    return list(found.values())


def context_of(role: str, place: Place, permission: Permission) -> Mapping[str, tuple[str, ...]]:
    """The condition keys that SageMaker's calls have."""
    return {
        "aws:PrincipalAccount": (place.account,),
        "aws:PrincipalArn": (role,),
        "aws:PrincipalIsAWSService": ("false",),
        "aws:RequestedRegion": (place.region,),
        "aws:SecureTransport": ("true",),
        **permission.context,
    }


def _report(verdict: Verdict, role: str, row: Row, permission: Permission, say: Callable[[str], None]) -> None:
    what = f"{permission.action} on {permission.resource}"
    match verdict:
        case Verdict.UNSURE:
            say(f"Not checked: whether the role {role} may do {what} (it depends on more than the role's policies).")
        case Verdict.DENIED:
            raise UserError(
                f"A policy denies {what} to the role {role}, with which SageMaker {row.why}.",
                "Change that policy: the role's, its permissions boundary, or one of the organization.",
            )
        case Verdict.LACKING:
            raise UserError(
                f"No policy allows {what} to the role {role}, with which SageMaker {row.why}.",
                "Allow it in the role's policies: with `make infra` (extra_data_arns, extra_repository_arns, "
                "extra_policy_arns), or, for an existing role, where it was created.",
            )
