"""Decides whether IAM allows a request, and by which statement.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-basics.html
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic-cross-account.html
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from functools import lru_cache

from . import operators
from .documents import ANYONE, Condition, Scope, Statement, statements
from .patterns import Context, matches, replace_variables, variables_of


@dataclass(frozen=True, slots=True)
class Policy:
    """A policy document with its name.

    Attributes:
        name: for messages, such as an ARN or the name of an inline policy.
        statements: in their order.
        sids: the statements' Sids; empty where there is none.
    """

    name: str
    statements: tuple[Statement, ...]
    sids: tuple[str, ...]


@lru_cache(maxsize=4_096)
def read_policy(name: str, document: str) -> Policy:
    """Read a policy.

    Args:
        name: for messages.
        document: its JSON text.

    Raises:
        InvalidPolicyError: IAM would refuse it.
    """
    read = statements(document)
    value = json.loads(document)
    entries = value["Statement"] if isinstance(value["Statement"], list) else [value["Statement"]]
    if value.get("Version") != "2012-10-17":
        read = tuple(_without_variables(statement) for statement in read)
    return Policy(name, read, tuple(str(entry.get("Sid", "")) for entry in entries))


def _without_variables(statement: Statement) -> Statement:
    """A statement in which `${` has no meaning, as in policies of the version 2008-10-17.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_version.html
    """

    def escaped(texts: Iterable[str]) -> tuple[str, ...]:
        return tuple(text.replace("$", "${$}") for text in texts)

    resources = replace(statement.resources, patterns=escaped(statement.resources.patterns))
    conditions = frozenset(replace(each, values=escaped(each.values)) for each in statement.conditions)
    return replace(statement, resources=resources, conditions=conditions)


@dataclass(frozen=True, slots=True)
class Principal:
    """Who sends a request.

    Attributes:
        arn: of a user (`arn:aws:iam::…:user/…`) or of a role's session (`arn:aws:sts::…:assumed-role/…`); the name of
            a service, such as `sagemaker.amazonaws.com`.
        account: its account; empty for a service.
        role: the ARN of the session's role; empty for a user or a service.
    """

    arn: str
    account: str = ""
    role: str = ""


@dataclass(frozen=True, slots=True)
class Request:
    """One action on one resource.

    Attributes:
        action: such as `s3:GetObject`.
        resource: its ARN, or `*` for an action that has none.
        context: the condition keys that the service sets, in lower case.
    """

    action: str
    resource: str
    context: Context = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Policies:
    """All policies that take part in a decision.

    Attributes:
        identity: of the user, its groups or the role.
        boundary: the permissions boundary, if there is one.
        session: the policies that were given when the role was assumed; empty if there were none.
        resource: the policy of the resource, if it has one.
        owner: the resource's account; empty if it is the principal's.
        needs_resource: the resource's policy must allow too, as with KMS keys and the trust policies of roles.
    """

    identity: Sequence[Policy] = ()
    boundary: Policy | None = None
    session: Sequence[Policy] = ()
    resource: Policy | None = None
    owner: str = ""
    needs_resource: bool = False


class Effect(Enum):
    """What was decided, in the words of IAM's policy simulator."""

    ALLOWED = "allowed"
    EXPLICIT_DENY = "explicitDeny"
    IMPLICIT_DENY = "implicitDeny"


@dataclass(frozen=True, slots=True)
class Match:
    """A statement that covers a request.

    Attributes:
        policy: its policy.
        number: its place in the policy, from 0.
    """

    policy: Policy
    number: int

    @property
    def statement(self) -> Statement:
        """The statement."""
        return self.policy.statements[self.number]


@dataclass(frozen=True, slots=True)
class Decision:
    """The answer to a request.

    Attributes:
        effect: what was decided.
        matches: the statements that decided it; empty for an implicit deny.
        kind: for a deny, the kind of policy that denies or does not allow, in AWS's words: `identity-based policy`.
        missing: condition keys without a value, on which a statement for this action and resource depends.
    """

    effect: Effect
    matches: tuple[Match, ...] = ()
    kind: str = ""
    missing: frozenset[str] = frozenset()


IDENTITY, BOUNDARY, SESSION, RESOURCE = (
    "identity-based policy",
    "permissions boundary",
    "session policy",
    "resource-based policy",
)


def evaluate(principal: Principal, request: Request, policies: Policies) -> Decision:
    """Decide one request.

    Args:
        principal: who sends it.
        request: what is asked for.
        policies: the policies that take part.

    Raises:
        InvalidPolicyError: a condition has an operator that IAM does not know.
    """
    layers: list[tuple[str, Sequence[Policy]]] = [
        (IDENTITY, policies.identity),
        (BOUNDARY, [policies.boundary] if policies.boundary else []),
        (SESSION, policies.session),
        (RESOURCE, [policies.resource] if policies.resource else []),
    ]
    every = [each for _, layer in layers for each in layer]
    missing = frozenset(key for policy in every for key in _missing(policy, request))
    is_bounded = policies.boundary is not None
    found = {kind: list(_matches(layer, principal, request, is_bounded)) for kind, layer in layers}
    for kind, matched in found.items():
        denied = tuple(match for match in matched if match.statement.effect == "Deny")
        if denied:
            return Decision(Effect.EXPLICIT_DENY, denied, kind, missing)
    lacking = _lacking(principal, policies, found)
    if lacking:
        return Decision(Effect.IMPLICIT_DENY, (), lacking, missing)
    return Decision(Effect.ALLOWED, tuple(match for matched in found.values() for match in matched), "", missing)


def _lacking(principal: Principal, policies: Policies, found: Mapping[str, Sequence[Match]]) -> str:
    """The kind of policy without whose Allow the request is denied; empty if the request is allowed."""
    granted = _granted(principal, found[RESOURCE])
    other_account = policies.owner not in ("", principal.account)
    if not granted and (other_account or policies.needs_resource):
        return RESOURCE
    if not principal.account:
        return "" if granted else RESOURCE
    if not other_account and _PRINCIPAL in granted:
        return ""
    needed = [] if not other_account and _ROLE in granted else [IDENTITY]
    needed += [BOUNDARY] if policies.boundary else []
    needed += [SESSION] if policies.session else []
    return next((kind for kind in needed if not found[kind]), "")


_PRINCIPAL, _ROLE, _ACCOUNT = "principal", "role", "account"


def _granted(principal: Principal, matched: Iterable[Match]) -> set[str]:
    """To whom the resource's policy grants the request: to the principal itself, to its role, or to its account.

    A grant to the user or to the session counts by itself; one to the role counts within boundary and session policy;
    one to the account only lets the identity's own policies decide. `*` names nobody: a user has it as its own, a
    session as its role.
    """
    granted = set()
    for match in matched:
        scope = match.statement.principals
        if not principal.account or (not scope.negated and f"AWS:{principal.arn}" in scope.patterns):
            granted.add(_PRINCIPAL)
        elif scope.negated or ANYONE in scope.patterns:
            granted.add(_ROLE if principal.role else _PRINCIPAL)
        elif f"AWS:{principal.role}" in scope.patterns:
            granted.add(_ROLE)
        else:
            granted.add(_ACCOUNT)
    return granted


def _matches(
    layer: Iterable[Policy], principal: Principal, request: Request, is_bounded: bool = False
) -> Iterator[Match]:
    for policy in layer:
        for number, statement in enumerate(policy.statements):
            if (
                _names(statement, principal, is_bounded)
                and _concerns(statement, request)
                and all(operators.holds(condition, request.context) for condition in statement.conditions)
            ):
                yield Match(policy, number)


def _names(statement: Statement, principal: Principal, is_bounded: bool) -> bool:
    """Whether a statement's Principal or NotPrincipal covers a principal.

    A Deny with NotPrincipal spares who is named with its account and, for a session, its role. It spares nobody who has
    a permissions boundary.
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notprincipal.html
    """
    scope = statement.principals
    if scope.patterns == (ANYONE,):
        return not scope.negated
    own, accounts = {f"Service:{principal.arn}"}, set[str]()
    if principal.account:
        own = {f"AWS:{principal.arn}", f"AWS:{principal.role or principal.arn}"}
        # A policy may name an account by its number alone, which is read as an ARN of the partition `aws`.
        partitions = {"aws", principal.arn.split(":")[1]}
        accounts = {f"AWS:arn:{partition}:iam::{principal.account}:root" for partition in partitions}
    if scope.negated and statement.effect == "Deny":
        names_account = not accounts or not accounts.isdisjoint(scope.patterns)
        return is_bounded or not (names_account and own.issubset(scope.patterns))
    is_named = not (own | accounts | {ANYONE}).isdisjoint(scope.patterns)
    return is_named != scope.negated


def _concerns(statement: Statement, request: Request) -> bool:
    """Whether a statement is about this action and this resource."""
    action = request.action.lower()
    named = any(matches(pattern.lower(), action, {}) for pattern in statement.actions.patterns)
    return named != statement.actions.negated and _has_resource(statement.resources, request)


def _has_resource(scope: Scope, request: Request) -> bool:
    patterns = scope.patterns
    if any("${" in pattern and replace_variables(pattern, request.context) is None for pattern in patterns):
        return False  # a variable without a value: the statement has no effect
    covered = any(matches(pattern, request.resource, request.context) for pattern in patterns)
    return covered != scope.negated


def _missing(policy: Policy, request: Request) -> Iterator[str]:
    """Keys without a value, of statements that concern the request."""
    for statement in policy.statements:
        keys = [key for pattern in statement.resources.patterns for key in variables_of(pattern)]
        if keys and all(request.context.get(key) for key in keys):
            keys = []
        if keys or _concerns(statement, request):
            yield from (key for key in keys if not request.context.get(key))
            yield from (key for each in statement.conditions for key in _keys(each) if not request.context.get(key))


def _keys(condition: Condition) -> set[str]:
    variables = (key for value in condition.values for key in variables_of(value))
    return {condition.key, *variables}
