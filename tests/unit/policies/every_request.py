"""Judges every possible request of a small world, and draws policies for it.

The judge follows AWS's evaluation logic (an explicit Deny wins; a request without an Allow is denied) over a small set
of actions, resources, principals and contexts. A set of requests is an integer with one bit for each request.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
"""

import itertools
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any

from hypothesis import strategies as st

from scripts.policies.documents import Scope

ACTIONS = ("s3:GetObject", "s3:GetObjectAcl", "s3:PutObject", "s3:ListBucket", "sqs:SendMessage", "iam:PassRole", "x:Y")
ACTION_PATTERNS = (
    "*",
    "s3:*",
    "S3:Get*",
    "s3:*Object",
    "s3:getobject",
    "s3:PutObject",
    "iam:Pass?ole",
    "x:Y",
    "sqs:*",
)
RESOURCES = tuple("".join(text) for length in range(4) for text in itertools.product("abc", repeat=length))
RESOURCE_PATTERNS = ("*", "a*", "a", "ab", "*b", "a*b", "?b", "b*", "a?*", "?")
NAMED = ("arn:aws:iam::111122223333:role/r", "arn:aws:iam::444455556666:root", "arn:aws:iam::444455556666:role/s")
PRINCIPALS = (*NAMED, "arn:aws:iam::777788889999:role/named-by-nobody")
VALUES = (None, "a", "ab", "b", "c", "cb")
NUMBERS = (None, "1", "2")

Context = tuple[str | None, str | None, str | None]
CONTEXTS: tuple[Context, ...] = tuple(itertools.product(VALUES, VALUES[:5], NUMBERS))
KEYS = ("aws:k", "aws:l", "aws:n")


def sets_by_value() -> Iterator[list[int]]:
    """For each action, then for each resource, principal and context: all requests for it."""
    inner = len(ACTIONS) * len(RESOURCES) * len(PRINCIPALS) * len(CONTEXTS)
    size = inner
    for count in (len(ACTIONS), len(RESOURCES), len(PRINCIPALS), len(CONTEXTS)):
        period, inner = inner, inner // count
        repeated = sum(1 << start for start in range(0, size, period))
        yield [(((1 << inner) - 1) << (value * inner)) * repeated for value in range(count)]


BY_ACTION, BY_RESOURCE, BY_PRINCIPAL, BY_CONTEXT = sets_by_value()
ALL = sum(BY_ACTION)


def among(sets: Sequence[int], flags: Iterable[bool]) -> int:
    found = 0
    for requests, flag in zip(sets, flags, strict=True):
        found |= requests if flag else 0
    return found


def like(pattern: str, text: str) -> bool:
    shape = "".join({"*": ".*", "?": "."}.get(letter, re.escape(letter)) for letter in pattern)
    return re.fullmatch(shape, text) is not None


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def holds(operator: str, value: str | None, wanted: list[str]) -> bool:
    if operator == "Null":
        return (value is None) == (wanted[0] == "true")
    if value is None:
        return operator.endswith("IfExists") or "Not" in operator
    tests: dict[str, Callable[[str], bool]] = {
        "StringEquals": lambda each: each == value,
        "StringLike": lambda each: like(each, value),
        "NumericLessThan": lambda each: float(value) < float(each),
    }
    base = operator.removesuffix("IfExists")
    met = any(tests[base.replace("Not", "")](each) for each in wanted)
    return met != ("Not" in base)


@cache
def met(operator: str, key: str, wanted: tuple[str, ...]) -> int:
    """The requests that meet a condition."""
    return among(BY_CONTEXT, (holds(operator, context[KEYS.index(key)], list(wanted)) for context in CONTEXTS))


def statement_requests(entry: Mapping[str, Any]) -> int:
    """The requests that a statement covers, by its JSON."""

    def member(name: str, sets: Sequence[int], texts: Sequence[str], matches: Callable[[str, str], bool]) -> int:
        if name not in entry and f"Not{name}" not in entry:
            return ALL
        patterns = listed(entry.get(name, entry.get(f"Not{name}")))
        patterns = [text for each in patterns for text in (listed(each["AWS"]) if isinstance(each, dict) else [each])]
        found = among(sets, (any(matches(pattern, text) for pattern in patterns) for text in texts))
        return found if name in entry else ALL & ~found

    requests = member("Action", BY_ACTION, ACTIONS, lambda pattern, text: like(pattern.lower(), text.lower()))
    requests &= member("Resource", BY_RESOURCE, RESOURCES, like)
    requests &= member("Principal", BY_PRINCIPAL, PRINCIPALS, lambda pattern, text: pattern in ("*", text))
    for operator, keys in entry.get("Condition", {}).items():
        for key, wanted in keys.items():
            requests &= met(operator, key, tuple(listed(wanted)))
    return requests


def decided(policy: Sequence[Mapping[str, Any]]) -> tuple[int, int]:
    """The requests that a policy allows, and those that it denies explicitly."""
    allowed = denied = 0
    for entry in policy:
        if entry["Effect"] == "Allow":
            allowed |= statement_requests(entry)
        else:
            denied |= statement_requests(entry)
    return allowed & ~denied, denied


def scope_requests(scope: Scope, sets: Sequence[int], texts: Sequence[str]) -> int:
    found = among(sets, (any(like(pattern, text) for pattern in scope.patterns) for text in texts))
    return ALL & ~found if scope.negated else found


def some(values: Sequence[str], most: int = 2) -> st.SearchStrategy[Any]:
    """One text, or a list of them."""
    return st.sampled_from(values) | st.lists(st.sampled_from(values), min_size=1, max_size=most, unique=True)


def either(name: str, values: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.sampled_from((name, name, f"Not{name}")).flatmap(lambda member: st.fixed_dictionaries({member: values}))


TEXT_OPERATORS = ("StringEquals", "StringNotEquals", "StringEqualsIfExists")
WILD_OPERATORS = ("StringLike", "StringNotLike")
CONDITIONS = st.dictionaries(
    st.sampled_from(TEXT_OPERATORS),
    st.dictionaries(st.sampled_from(KEYS[:2]), some(("a", "ab", "b")), min_size=1),
    max_size=2,
) | st.one_of(
    st.just({}),
    st.fixed_dictionaries({"Null": st.fixed_dictionaries({"aws:k": st.sampled_from(("true", "false"))})}),
    st.fixed_dictionaries({"NumericLessThan": st.fixed_dictionaries({"aws:n": st.sampled_from(("2", "3"))})}),
    st.dictionaries(
        st.sampled_from(WILD_OPERATORS), st.fixed_dictionaries({"aws:k": some(("a*", "*b", "c"))}), max_size=2
    ),
)


def merged(parts: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    return {name: value for part in parts for name, value in part.items()}


def policies(resource_policy: bool) -> st.SearchStrategy[list[dict[str, Any]]]:
    members = [
        st.sampled_from(({"Effect": "Allow"}, {"Effect": "Allow"}, {"Effect": "Deny"})),
        either("Action", some(ACTION_PATTERNS, 3)),
        either("Resource", some(RESOURCE_PATTERNS)),
        CONDITIONS.map(lambda block: {"Condition": block} if block else {}),
    ]
    if resource_policy:
        members.append(either("Principal", st.just("*") | some(NAMED).map(lambda names: {"AWS": names})))
    return st.lists(st.tuples(*members).map(merged), max_size=3)
