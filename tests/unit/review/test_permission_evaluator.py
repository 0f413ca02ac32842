"""Checks the comparison on random policies with an independent judge of every possible request."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scripts.policies.documents import Scope, statements
from scripts.review.permissions.comparison import Grant, compare
from tests.unit.policies.every_request import (
    ACTIONS,
    ALL,
    BY_ACTION,
    BY_PRINCIPAL,
    BY_RESOURCE,
    PRINCIPALS,
    RESOURCES,
    among,
    decided,
    met,
    policies,
    scope_requests,
)

pytestmark = pytest.mark.e2e


def grant_requests(grant: Grant) -> int:
    """The requests that a grant of the review covers."""
    requests = ALL
    for atom in grant.conditions:
        requests &= met(atom.operator, atom.key, atom.values)
    return (
        requests
        & among(BY_ACTION, (action.lower() in grant.actions for action in ACTIONS))
        & scope_requests(grant.resources, BY_RESOURCE, RESOURCES)
        & ~scope_requests(Scope(grant.excepted), BY_RESOURCE, RESOURCES)
        & scope_requests(grant.principals, BY_PRINCIPAL, [f"AWS:{name}" for name in PRINCIPALS])
    )


def check(before: list[dict[str, Any]], after: list[dict[str, Any]]) -> None:
    compared = compare(statements({"Statement": before}), statements({"Statement": after}))
    sides = decided(before), decided(after)
    actions = ACTIONS if "x:Y" in str((before, after)) else ACTIONS[:-1]  # AWS has no action of that name
    world = among(BY_ACTION, (action in actions for action in ACTIONS))
    for grants, (was_allowed, was_denied), (is_allowed, is_denied) in (
        (compared[0], sides[0], sides[1]),
        (compared[1], sides[1], sides[0]),
    ):
        allowed, freed = is_allowed & ~was_allowed & world, was_denied & ~is_denied & world
        covered = 0
        for grant in grants:
            news = allowed if grant.effect == "Allow" else freed
            concerned = grant_requests(grant)
            covered |= concerned
            for action, requests in zip(ACTIONS, BY_ACTION, strict=True):
                if action.lower() in grant.actions and not concerned & requests & news:
                    pytest.fail(f"{action} is not new: {words(grant)}")
        if (allowed | freed) & ~covered:
            pytest.fail(f"the review misses requests: {[words(grant) for grant in grants]}")


def words(grant: Grant) -> str:
    return f"{grant.effect} {grant.action} {grant.resources} {grant.excepted} {grant.principals} {grant.conditions}"


@settings(max_examples=60, deadline=None)
@given(policies(False), policies(False))
def test_role_policies(before: list[dict[str, Any]], after: list[dict[str, Any]]) -> None:
    check(before, after)


@settings(max_examples=60, deadline=None)
@given(policies(True), policies(True))
def test_bucket_policies(before: list[dict[str, Any]], after: list[dict[str, Any]]) -> None:
    check(before, after)


@settings(max_examples=50, deadline=None)
@given(policies(True), st.randoms(use_true_random=False))
def test_the_order_of_a_policy_changes_nothing(policy: list[dict[str, Any]], random: Any) -> None:
    shuffled = [
        {name: random.sample(value, len(value)) if isinstance(value, list) else value for name, value in entry.items()}
        for entry in random.sample(policy, len(policy))
    ]
    assert compare(statements({"Statement": policy}), statements({"Statement": shuffled})) == ((), ())
