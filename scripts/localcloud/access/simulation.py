"""SimulatePrincipalPolicy: what a user, a group or a role may do, by the evaluator that decides the calls.

https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulatePrincipalPolicy.html
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from scripts.localcloud.access import callers
from scripts.localcloud.access.callers import Caller
from scripts.policies.documents import Condition
from scripts.policies.evaluator import (
    BOUNDARY,
    Decision,
    Effect,
    Match,
    Policies,
    Policy,
    Request,
    evaluate,
    read_policy,
)
from scripts.policies.patterns import Context

# The most restrictive decision about several resources is the one about all of them.
_STRICTEST = (Effect.EXPLICIT_DENY, Effect.IMPLICIT_DENY, Effect.ALLOWED)


# IAM refuses other ARNs, such as those of sessions:
# https://github.com/newrelic/newrelic-lambda-cli/issues/96 quotes its error.
_ENTITY = re.compile(r"arn:[a-z-]+:iam::\d{12}:(user|group|role)/.+")


class NoSuchPrincipalError(Exception):
    """No user, group or role has the ARN of a simulation."""


class NotAnEntityError(Exception):
    """The ARN of a simulation is not that of a user, a group or a role."""


def simulate(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Answer SimulatePrincipalPolicy.

    As on AWS, each action has one result with a part for each resource, policies of resources count only if they are
    given, and a condition key counts as missing if it is not given.

    Args:
        parameters: the parameters of the boto3 call.

    Returns:
        The answer's members.

    Raises:
        NotAnEntityError: the principal is no user, group or role.
        NoSuchPrincipalError: the principal does not exist.
        InvalidPolicyError: a policy is one that IAM would refuse.
    """
    if not _ENTITY.fullmatch(parameters["PolicySourceArn"]):
        raise NotAnEntityError
    caller = callers.of_arn(parameters["PolicySourceArn"])
    if caller is None:
        raise NoSuchPrincipalError
    policies = _policies(caller, parameters)
    context = _context(parameters.get("ContextEntries") or ())
    resources = parameters.get("ResourceArns") or ["*"]
    results = []
    for action in parameters["ActionNames"]:
        decisions = [evaluate(caller.principal, Request(action, arn, context), policies) for arn in resources]
        results.append(_result(action, resources, decisions, policies))
    return {"EvaluationResults": results, "IsTruncated": False}


def _policies(caller: Caller, parameters: Mapping[str, Any]) -> Policies:
    given = [
        read_policy(f"PolicyInputList.{number}", document)
        for number, document in enumerate(parameters.get("PolicyInputList") or (), 1)
    ]
    boundaries = parameters.get("PermissionsBoundaryPolicyInputList") or ()
    boundary = read_policy("PermissionsBoundaryPolicyInputList.1", boundaries[0]) if boundaries else caller.boundary
    resource = parameters.get("ResourcePolicy")
    return Policies(
        (*caller.identity, *given), boundary, (), read_policy("ResourcePolicy", resource) if resource else None
    )


def _context(entries: Iterable[Mapping[str, Any]]) -> Context:
    return {entry["ContextKeyName"].lower(): tuple(entry.get("ContextKeyValues") or ()) for entry in entries}


def _result(action: str, resources: Sequence[str], decisions: Sequence[Decision], policies: Policies) -> dict[str, Any]:
    effect = next(one for one in _STRICTEST if any(decision.effect is one for decision in decisions))
    deciding = [decision for decision in decisions if decision.effect is effect]
    spellings = _spellings(policies)
    missing = frozenset[str]().union(*(decision.missing for decision in decisions))
    whole = {
        "EvalActionName": action,
        "EvalResourceName": resources[0] if len(resources) == 1 else "*",
        "EvalDecision": effect.value,
        "MatchedStatements": _statements([match for decision in deciding for match in decision.matches], policies),
        "MissingContextValues": _spelt(missing, spellings),
        **_boundary_detail(deciding, policies),
    }
    if list(resources) == ["*"]:
        return whole
    parts = [
        {
            "EvalResourceName": arn,
            "EvalResourceDecision": decision.effect.value,
            "MatchedStatements": _statements(decision.matches, policies),
            "MissingContextValues": _spelt(decision.missing, spellings),
            **_boundary_detail([decision], policies),
        }
        for arn, decision in zip(resources, decisions, strict=True)
    ]
    return whole | {"ResourceSpecificResults": parts}


def _boundary_detail(decisions: Iterable[Decision], policies: Policies) -> dict[str, Any]:
    if policies.boundary is None:
        return {}
    allowed = all(decision.kind != BOUNDARY for decision in decisions)
    return {"PermissionsBoundaryDecisionDetail": {"AllowedByPermissionsBoundary": allowed}}


def _statements(matches: Iterable[Match], policies: Policies) -> list[dict[str, str]]:
    named = {match.policy.name: _kind(match.policy, policies) for match in matches}
    return [{"SourcePolicyId": name, "SourcePolicyType": kind} for name, kind in named.items()]


def _kind(policy: Policy, policies: Policies) -> str:
    if policy is policies.resource:
        return "Resource Policy"
    return "Permissions Boundary Policy" if policy is policies.boundary else "IAM Policy"


def _spellings(policies: Policies) -> dict[str, str]:
    """The condition keys of all policies as they are written."""
    layers = [*policies.identity, *policies.session, *(one for one in (policies.boundary, policies.resource) if one)]
    conditions: Iterable[Condition] = (
        condition for policy in layers for statement in policy.statements for condition in statement.conditions
    )
    return {condition.key: condition.spelling for condition in conditions}


def _spelt(keys: Iterable[str], spellings: Mapping[str, str]) -> list[str]:
    return sorted(spellings.get(key, key) for key in keys)
