"""Decides whether a caller has the permissions that a call needs, and words the refusal as AWS does."""

from collections.abc import Iterable
from dataclasses import dataclass

from scripts.core.permissions import Permission
from scripts.localcloud.access import resources
from scripts.localcloud.access.callers import Caller
from scripts.policies.documents import InvalidPolicyError
from scripts.policies.evaluator import RESOURCE, Decision, Effect, Policies, Principal, Request, evaluate
from scripts.policies.patterns import Context


@dataclass(frozen=True)
class Denial:
    """A permission that the caller lacks.

    Attributes:
        permission: the action and the resource.
        message: AWS's sentence about it.
    """

    permission: Permission
    message: str


def first_denial(caller: Caller, permissions: Iterable[Permission], context: Context) -> Denial | None:
    """The first of some permissions that a caller lacks; None if it has them all.

    Args:
        caller: who calls.
        permissions: what the call needs.
        context: the condition keys of the request, in lower case.
    """
    for permission in map(resources.located, permissions):
        try:
            decision = decide(caller, permission, context)
        except InvalidPolicyError as error:
            return Denial(permission, f"{_start(caller.principal, permission)} because a policy is invalid: {error}")
        if decision.effect is not Effect.ALLOWED:
            return Denial(permission, message(caller.principal, permission, decision))
    return None


def decide(caller: Caller, permission: Permission, context: Context) -> Decision:
    """Decide about one permission.

    Raises:
        InvalidPolicyError: a policy that takes part is one that IAM would refuse.
    """
    keys = {**context, **resources.context_of(permission), **permission.context}
    request = Request(permission.action, permission.resource, keys)
    policies = Policies(
        caller.identity,
        caller.boundary,
        caller.session,
        resources.policy_of(permission),
        needs_resource=resources.must_allow(permission),
    )
    return evaluate(caller.principal, request, policies)


def assume_role(service: str, role_arn: str, context: Context) -> Decision:
    """Decide whether a service may assume a role, by the role's trust policy.

    Raises:
        InvalidPolicyError: IAM would refuse the trust policy.
    """
    permission = Permission("sts:AssumeRole", role_arn)
    policies = Policies(resource=resources.policy_of(permission), needs_resource=True)
    return evaluate(Principal(service), Request(permission.action, role_arn, context), policies)


def message(principal: Principal, permission: Permission, decision: Decision) -> str:
    """AWS's sentence for a refusal.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html
    """
    start = _start(principal, permission)
    if decision.effect is Effect.EXPLICIT_DENY:
        article = "an" if decision.kind.startswith("i") else "a"
        return f"{start} with an explicit deny in {article} {decision.kind}"
    if decision.kind == RESOURCE and permission.action.startswith("sts:"):
        return start
    return f"{start} because no {decision.kind} allows the {permission.action} action"


def _start(principal: Principal, permission: Permission) -> str:
    quote = '"' if permission.action.startswith("s3:") else ""
    resource = f"{quote}{permission.resource}{quote}"
    return f"User: {principal.arn} is not authorized to perform: {permission.action} on resource: {resource}"
