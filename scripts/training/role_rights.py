"""Simulates what SageMaker will do with a job's role, on the request's own buckets, prefixes, image and keys.

SimulatePrincipalPolicy looks at no policy of a resource, and counts a condition key that it is not given as one that
is absent. So only what is certain refuses a job: a deny, or a right that neither the role's policies nor the
resource's policy can give. All else is reported as "not checked".
https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulatePrincipalPolicy.html
"""

from collections.abc import Callable, Iterable, Mapping
from enum import Enum
from typing import Any

from scripts.core import aws
from scripts.core.errors import UserError
from scripts.core.permissions import Permission, Place
from scripts.core.role_calls import Image, Row, needed
from scripts.policies.documents import InvalidPolicyError
from scripts.policies.evaluator import Effect, Policies, Principal, Request, evaluate, read_policy

# What IAM answers if it cannot simulate a request: no reason to refuse a job.
CANNOT_SIMULATE = {"InvalidInput", "NoSuchEntity", "PolicyEvaluation", "ValidationError"}
# The others depend on nothing in the request.
SERVICES = ("ecr", "kms", "s3")
Wanted = tuple[Row, Permission]


class Verdict(Enum):
    """What a simulation says about one permission."""

    ALLOWED = "allowed"
    DENIED = "denied"
    LACKING = "lacking"
    UNSURE = "unsure"


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
    for group in groups(needed(request, place, Image(repository) if repository else None)):
        try:
            results = _simulate(role, place, group)
        except Exception as error:
            if aws.error_code(error) not in CANNOT_SIMULATE:
                raise
            say(f"Not checked: what the role {role} may do (IAM does not simulate it: {aws.error_message(error)}).")
            return
        for row, permission in group:
            verdict = judge(results, permission)
            if verdict is Verdict.LACKING and _resource_may_allow(role, permission):
                verdict = Verdict.UNSURE
            _report(verdict, role, row, permission, say)


def groups(wanted: Iterable[Wanted]) -> list[list[Wanted]]:
    """The permissions that one simulation can be asked for: of one service, with the same condition keys."""
    found: dict[tuple[Any, ...], list[Wanted]] = {}
    for row, one in wanted:
        service = one.action.partition(":")[0]
        if service in SERVICES:
            key = (service, one.resource == "*", *sorted(one.context.items()))
            found.setdefault(key, []).append((row, one))
    return list(found.values())


def judge(results: Iterable[Mapping[str, Any]], permission: Permission) -> Verdict:
    """What a simulation says about one permission.

    Args:
        results: its EvaluationResults: one for each action, or one for each action and resource.
        permission: the action and the resource.
    """
    for result in results:
        if result["EvalActionName"].lower() != permission.action.lower():
            continue
        for part in result.get("ResourceSpecificResults") or [result]:
            if part.get("EvalResourceName") in (permission.resource, None):
                decision = part.get("EvalResourceDecision") or part.get("EvalDecision")
                return _verdict(decision, bool(part.get("MissingContextValues")))
    return Verdict.UNSURE


def _verdict(decision: str | None, is_missing_keys: bool) -> Verdict:
    if decision == Effect.ALLOWED.value:
        return Verdict.ALLOWED
    if is_missing_keys:  # a statement may count, or not, only because of them
        return Verdict.UNSURE
    return {Effect.EXPLICIT_DENY.value: Verdict.DENIED, Effect.IMPLICIT_DENY.value: Verdict.LACKING}.get(
        decision or "", Verdict.UNSURE
    )


def context_entries(role: str, place: Place, permission: Permission) -> list[dict[str, Any]]:
    """The condition keys that SageMaker's calls have, as a simulation takes them."""
    keys = {
        "aws:PrincipalAccount": (place.account,),
        "aws:PrincipalArn": (role,),
        "aws:PrincipalIsAWSService": ("false",),
        "aws:RequestedRegion": (place.region,),
        "aws:SecureTransport": ("true",),
        **permission.context,
    }
    booleans = {"aws:PrincipalIsAWSService", "aws:SecureTransport", "kms:grantisforawsresource"}
    return [
        {
            "ContextKeyName": key,
            "ContextKeyValues": list(values),
            "ContextKeyType": "boolean" if key in booleans else "string",
        }
        for key, values in keys.items()
    ]


def _simulate(role: str, place: Place, group: list[Wanted]) -> list[Mapping[str, Any]]:
    pages = aws.client("iam").get_paginator("simulate_principal_policy")
    permissions = [permission for _, permission in group]
    answer = pages.paginate(
        PolicySourceArn=role,
        ActionNames=list(dict.fromkeys(one.action for one in permissions)),
        ResourceArns=list(dict.fromkeys(one.resource for one in permissions)),
        ContextEntries=context_entries(role, place, permissions[0]),
    )
    return [result for page in answer for result in page["EvaluationResults"]]


def _resource_may_allow(role: str, permission: Permission) -> bool:
    """Whether the resource's policy allows what the role's own policies do not, or whether that is not known."""
    try:
        document = _policy_of(permission)
    except Exception as error:
        if not aws.is_access_denied(error):
            raise
        return True
    return document is not None and allows(document, role, permission)


def allows(document: str, role: str, permission: Permission) -> bool:
    """Whether a resource's policy may allow a role's session something; True if that depends on unknown keys."""
    _, partition, _, _, account, path = role.split(":", 5)
    session = f"arn:{partition}:sts::{account}:assumed-role/{path.rpartition('/')[2]}/SageMaker"
    request = Request(permission.action, permission.resource, {"aws:securetransport": ("true",), **permission.context})
    try:
        policies = Policies(resource=read_policy(permission.resource, document))
        decision = evaluate(Principal(session, account, role), request, policies)
    except InvalidPolicyError:
        return True
    return decision.effect is Effect.ALLOWED or bool(decision.missing)


def _policy_of(permission: Permission) -> str | None:
    """The policy of a resource; None if it has none."""
    service, name = permission.action.partition(":")[0], permission.resource.rpartition(":")[2]
    if permission.resource == "*":
        return None
    try:
        match service:
            case "s3":
                return str(aws.client("s3").get_bucket_policy(Bucket=name.partition("/")[0])["Policy"])
            case "ecr":
                account = permission.resource.split(":")[4]
                found = aws.client("ecr").get_repository_policy(
                    registryId=account, repositoryName=name.removeprefix("repository/")
                )
                return str(found["policyText"])
        key = aws.client("kms").get_key_policy(KeyId=permission.resource, PolicyName="default")
        return str(key["Policy"])
    except Exception as error:
        if aws.error_code(error) not in {"NoSuchBucketPolicy", "RepositoryPolicyNotFoundException"}:
            raise
        return None


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
