"""Asks IAM what a user or a role may do, and says what is certain.

SimulatePrincipalPolicy looks at no policy of a resource, and counts a condition key that it is not given as one that
is absent. So a right is lacking only if neither the principal's policies nor the resource's policy can give it. All
that is not certain is unsure.
https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulatePrincipalPolicy.html
"""

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from enum import Enum
from typing import Any

from scripts.core import aws
from scripts.core.permissions import Permission
from scripts.policies.documents import InvalidPolicyError
from scripts.policies.evaluator import Effect, Policies, Principal, Request, evaluate, read_policy

# What IAM answers if it cannot simulate a request: no reason to refuse a job.
CANNOT_SIMULATE = {"InvalidInput", "NoSuchEntity", "PolicyEvaluation", "ValidationError"}
# Services whose resources have policies of their own.
_WITH_POLICIES = ("ecr", "kms", "s3")
_BOOLEANS = {"aws:principalisawsservice", "aws:securetransport", "aws:viaawsservice", "kms:grantisforawsresource"}
# IAM does not simulate some actions in one call, and its error lists those that fit together. No page of AWS says
# which; https://github.com/aws-cloudformation/rain quotes the error in its package `iam`.
_DIFFERENT = "require different authorization information"
_LIST = re.compile(r"\[([^\]]*)\]")
# The resource does not exist: that is another check's error.
_MISSING = {"NoSuchBucket", "NotFoundException", "RepositoryNotFoundException"}
Results = list[Mapping[str, Any]]


class Verdict(Enum):
    """What a simulation says about one permission."""

    ALLOWED = "allowed"
    DENIED = "denied"
    LACKING = "lacking"
    UNSURE = "unsure"


def simulate(arn: str, permissions: Sequence[Permission], context: Mapping[str, tuple[str, ...]]) -> Results:
    """Simulate each action on each resource of some permissions: in one call, if IAM can.

    Args:
        arn: the user's or the role's ARN.
        permissions: the permissions.
        context: the condition keys of all of them.

    Returns:
        The EvaluationResults: one for each action, or one for each action and resource.
    """
    actions = list(dict.fromkeys(one.action for one in permissions))
    pages = aws.client("iam").get_paginator("simulate_principal_policy")
    try:
        answer = pages.paginate(
            PolicySourceArn=arn,
            ActionNames=actions,
            ResourceArns=list(dict.fromkeys(one.resource for one in permissions)),
            ContextEntries=context_entries(context),
        )
        return [result for page in answer for result in page["EvaluationResults"]]
    except Exception as error:
        together = fit_together(aws.error_message(error), actions)
        if not together:
            raise
    first = [one for one in permissions if one.action in together]
    others = [one for one in permissions if one.action not in together]
    return simulate(arn, first, context) + simulate(arn, others, context)


def fit_together(message: str, actions: Collection[str]) -> set[str]:
    """The first of the lists of actions in IAM's message that some cannot be simulated together; empty if none is."""
    lists = _LIST.findall(message) if _DIFFERENT in message else []
    first = {name.strip() for name in lists[0].split(",")} & {*actions} if lists else set()
    return first if len(first) < len(set(actions)) else set()


def context_entries(keys: Mapping[str, tuple[str, ...]]) -> list[dict[str, Any]]:
    """Condition keys as a simulation takes them."""

    def kind(key: str, values: tuple[str, ...]) -> str:
        return "boolean" if key.lower() in _BOOLEANS else "string" if len(values) == 1 else "stringList"

    return [
        {"ContextKeyName": key, "ContextKeyValues": list(values), "ContextKeyType": kind(key, values)}
        for key, values in keys.items()
    ]


def simulate_if_possible(
    what: str,
    arn: str,
    permissions: Sequence[Permission],
    context: Mapping[str, tuple[str, ...]],
    say: Callable[[str], None],
) -> Results | None:
    """Simulate; if IAM cannot simulate these permissions, print "Not checked: ``what``" and return None.

    Args:
        what: what is checked.
        arn: the user's or the role's ARN.
        permissions: the permissions.
        context: the condition keys of all of them.
        say: prints a line.
    """
    try:
        return simulate(arn, permissions, context)
    except Exception as error:
        if aws.error_code(error) not in CANNOT_SIMULATE:
            raise
        say(f"Not checked: {what} (IAM does not simulate it: {aws.error_message(error)}).")
        return None


def judge(results: Iterable[Mapping[str, Any]], principal: Principal, permission: Permission) -> Verdict:
    """What a simulation says about one permission, and the resource's policy, if that may allow it.

    Args:
        results: its EvaluationResults.
        principal: whose rights they are.
        permission: the action and the resource.
    """
    verdict = simulated(results, permission)
    if verdict is Verdict.LACKING and resource_may_allow(principal, permission):
        return Verdict.UNSURE
    return verdict


def simulated(results: Iterable[Mapping[str, Any]], permission: Permission) -> Verdict:
    """What a simulation says about one permission; it looks at no policy of a resource.

    Args:
        results: its EvaluationResults.
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


def resource_may_allow(principal: Principal, permission: Permission) -> bool:
    """Whether the resource's policy may allow what the principal's own policies do not; True if that is not known.

    The policy of another account's resource is never enough: both accounts must allow.
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic-cross-account.html
    """
    owner = permission.resource.split(":")[4] if permission.resource != "*" else ""
    if not permission.action.startswith(_WITH_POLICIES) or owner not in ("", principal.account):
        return False
    try:
        document = _policy_of(permission)
    except Exception as error:
        if not aws.is_access_denied(error) and aws.error_code(error) not in _MISSING:
            raise
        return True
    return document is not None and allows(document, principal, permission)


def allows(document: str, principal: Principal, permission: Permission) -> bool:
    """Whether a resource's policy may allow something; True if that depends on unknown keys."""
    request = Request(permission.action, permission.resource, {"aws:securetransport": ("true",), **permission.context})
    try:
        policies = Policies(resource=read_policy(permission.resource, document))
        decision = evaluate(principal, request, policies)
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
