"""Decides whether one request meets a condition.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-single-vs-multi-valued-context-keys.html
"""

import ipaddress
import operator
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from .documents import Condition, InvalidPolicyError
from .patterns import Context, matches, replace_variables

_IF_EXISTS = "IfExists"
_ARN_PARTS = 6

Comparison = Callable[[str, str, Context], bool]


def holds(condition: Condition, context: Context) -> bool:
    """Whether a request meets a condition.

    Args:
        condition: the condition.
        context: the request's values by key, the keys in lower case.

    Raises:
        InvalidPolicyError: IAM has no such operator.
    """
    quantifier, _, name = condition.operator.removesuffix(_IF_EXISTS).rpartition(":")
    values = context.get(condition.key)
    if name == "Null":
        return any((value.lower() == "true") == (not values) for value in condition.values)
    base = name.replace("Not", "", 1)
    comparison = _COMPARISONS.get(base)
    if comparison is None or quantifier not in ("", "ForAllValues", "ForAnyValue"):
        raise InvalidPolicyError(f"IAM has no condition operator {condition.operator}")
    negated = base != name
    if not values:
        return quantifier == "ForAllValues" or condition.operator.endswith(_IF_EXISTS) or (negated and not quantifier)
    met = [any(comparison(wanted, value, context) for wanted in condition.values) != negated for value in values]
    # A key with several values and no quantifier: a negated operator must hold for all of them.
    return all(met) if quantifier == "ForAllValues" or (negated and not quantifier) else any(met)


def _arn_like(wanted: str, value: str, context: Context) -> bool:
    """Each of an ARN's six parts is compared for itself, so that a `*` never reaches into the next part."""
    replaced = replace_variables(wanted, context)
    if replaced is None:
        return False
    patterns, parts = replaced.split(":", _ARN_PARTS - 1), value.split(":", _ARN_PARTS - 1)
    return len(parts) == len(patterns) == _ARN_PARTS and all(
        matches(pattern, part, {}) for pattern, part in zip(patterns, parts, strict=True)
    )


def _number(compare: Callable[[float, float], bool]) -> Comparison:
    def compared(wanted: str, value: str, _: Context) -> bool:
        try:
            return compare(float(value), float(wanted))
        except ValueError:
            return False

    return compared


def _date(compare: Callable[[datetime, datetime], bool]) -> Comparison:
    def compared(wanted: str, value: str, _: Context) -> bool:
        try:
            return compare(_moment(value), _moment(wanted))
        except (ValueError, OverflowError):
            return False

    return compared


def _moment(text: str) -> datetime:
    """A date as IAM takes it: ISO 8601, or seconds since 1970."""
    if text.isdecimal():
        return datetime.fromtimestamp(int(text), UTC)
    moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _in_network(wanted: str, value: str, _: Context) -> bool:
    try:
        return ipaddress.ip_address(value) in ipaddress.ip_network(wanted, strict=False)
    except ValueError:
        return False


_LIMITS: Mapping[str, Callable[..., bool]] = {
    "Equals": operator.eq,
    "LessThan": operator.lt,
    "LessThanEquals": operator.le,
    "GreaterThan": operator.gt,
    "GreaterThanEquals": operator.ge,
}

_COMPARISONS: Mapping[str, Comparison] = {
    "StringEquals": lambda wanted, value, context: matches(wanted, value, context, wildcards=False),
    "StringEqualsIgnoreCase": lambda wanted, value, context: matches(
        wanted.lower(), value.lower(), context, wildcards=False
    ),
    "StringLike": matches,
    "ArnEquals": _arn_like,
    "ArnLike": _arn_like,
    "Bool": lambda wanted, value, _: wanted.lower() == value.lower(),
    "BinaryEquals": lambda wanted, value, _: wanted == value,
    "IpAddress": _in_network,
    **{f"Numeric{name}": _number(compare) for name, compare in _LIMITS.items()},
    **{f"Date{name}": _date(compare) for name, compare in _LIMITS.items()},
}
