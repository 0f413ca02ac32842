"""Answers Search for training jobs and tuning jobs: which records an expression finds, in which order.

Rules: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_Search.html, API_SearchExpression.html,
API_Filter.html and API_NestedFilters.html.
"""

import operator
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from scripts.localcloud.awsjson import validation_error
from scripts.localcloud.sagemaker.lists import cut_page
from scripts.localcloud.sagemaker.tags import tag_list
from scripts.localcloud.sagemaker.validation import has_property

Record = Mapping[str, Any]
SHAPES = {"TrainingJob": "TrainingJob", "HyperParameterTuningJob": "HyperParameterTuningJobSearchEntity"}
"""The resources that are found, each with the type that its records have in the service model."""
# The rest of a name after one of these is a key, which may have points of its own.
_MAPS = ("HyperParameters", "Environment", "Tags", "Metrics")
_COMPARISONS: Mapping[str, Callable[[Any, Any], bool]] = {
    "Equals": operator.eq,
    "GreaterThan": operator.gt,
    "GreaterThanOrEqualTo": operator.ge,
    "LessThan": operator.lt,
    "LessThanOrEqualTo": operator.le,
}


def find(records: Sequence[Record], wanted: Mapping[str, Any], resource: str) -> list[Record]:
    """Return the records that a Search finds, in its order.

    Args:
        records: what is searched, in the form in which a SearchRecord has it.
        wanted: Search's parameters.
        resource: what the records are: a key of ``SHAPES``.

    Raises:
        ServiceError: ValidationException for a name that no such record has, or a value of another type.
    """
    expression = wanted.get("SearchExpression", {})
    name = wanted.get("SortBy", "LastModifiedTime")
    for each in (name, *_names(expression)):
        _check_name(each, SHAPES[resource])
    found = [record for record in records if not expression or _matches(record, expression)]
    # Records without the property are the last in either order.
    without = [record for record in found if not _values(record, name)]
    rest = [record for record in found if _values(record, name)]
    rest.sort(key=lambda record: _sort_key(_values(record, name)[0]), reverse=wanted.get("SortOrder") != "Ascending")
    return rest + without


def page(resource: str, records: Sequence[Record], wanted: Mapping[str, Any]) -> dict[str, Any]:
    """Return one page of Search's results.

    Raises:
        ServiceError: a NextToken that no response gave.
    """
    cut, token = cut_page(records, wanted)
    hits = {"Value": len(records), "Relation": "EqualTo"}
    return {"Results": [{resource: record} for record in cut], "TotalHits": hits} | token


def as_record(resource: str, described: Mapping[str, Any], tags: tuple[tuple[str, str], ...]) -> Record:
    """Return what Search finds: a description, as far as the record's type has it, and the tags."""
    whole = {**described, "Tags": tag_list(tags)}
    return {name: value for name, value in whole.items() if has_property(SHAPES[resource], name)}


def _matches(record: Record, expression: Mapping[str, Any]) -> bool:
    results = list(_results(record, expression))
    if not results:
        raise validation_error("A SearchExpression needs at least one subexpression, filter, or nested filter.")
    return any(results) if expression.get("Operator") == "Or" else all(results)


def _results(record: Record, expression: Mapping[str, Any]) -> Iterator[bool]:
    for condition in expression.get("Filters", []):
        yield _passes(record, condition)
    for nested in expression.get("NestedFilters", []):
        name = nested["NestedPropertyName"]
        objects = [{name: value} for value in _values(record, name)]
        yield any(all(_passes(one, condition) for condition in nested["Filters"]) for one in objects)
    for part in expression.get("SubExpressions", []):
        yield _matches(record, part)


def _passes(record: Record, condition: Mapping[str, Any]) -> bool:
    name: str = condition["Name"]
    text: str | None = condition.get("Value")
    values = _values(record, name)
    wanted: str = condition.get("Operator", "Equals" if text is not None else "Exists")
    if wanted in ("Exists", "NotExists"):
        return bool(values) == (wanted == "Exists")
    if text is None:
        raise validation_error(f"The filter of {name} needs a Value for the operator {wanted}.")
    if wanted == "NotEquals":
        return not any(_compare(operator.eq, value, text, name) for value in values)
    if wanted == "Contains":
        return any(text in str(value) for value in values)
    if wanted == "In":
        return any(str(value) in [part.strip() for part in text.split(",")] for value in values)
    return any(_compare(_COMPARISONS[wanted], value, text, name) for value in values)


def _compare(compare: Callable[[Any, Any], bool], value: Any, text: str, name: str) -> bool:
    try:
        if isinstance(value, bool):
            return compare(str(value).lower(), text.lower())
        if isinstance(value, datetime):
            moment = datetime.fromisoformat(text)
            return compare(value, moment if moment.tzinfo else moment.replace(tzinfo=UTC))
        if isinstance(value, (int, float)):
            return compare(value, float(text))
    except ValueError:
        raise validation_error(f"The value {text!r} does not have the type of the property {name}.") from None
    if name.startswith("HyperParameters."):
        return _compare_hyperparameter(compare, value, text)
    return compare(value, text)


def _compare_hyperparameter(compare: Callable[[Any, Any], bool], value: str, text: str) -> bool:
    """Compare as numbers if both are numbers; with an integer, only the whole part of the hyperparameter counts."""
    try:
        number, wanted = float(value), float(text)
        if text.lstrip("+-").isdigit():
            return compare(int(number), int(text))
    except (ValueError, OverflowError):  # int() of an infinite value overflows
        return compare(value, text)
    return compare(number, wanted)


def _values(record: Any, name: str) -> list[Any]:
    """Return the values that a property has: none if it is missing, several below a list."""
    first, _, rest = name.partition(".")
    if first == "Metrics":
        metrics = record.get("FinalMetricDataList", [])
        return [metric["Value"] for metric in metrics if metric["MetricName"] == rest]
    if first == "Tags" and rest:
        return [tag["Value"] for tag in record.get("Tags", []) if tag["Key"] == rest]
    if first in _MAPS and rest:
        values = record.get(first, {})
        return [values[rest]] if rest in values else []
    value = record.get(first)
    items = value if isinstance(value, list) else [] if value is None else [value]
    return items if not rest else [found for item in items if isinstance(item, dict) for found in _values(item, rest)]


def _names(expression: Record) -> Iterator[str]:
    """The names of the properties in an expression."""
    for condition in expression.get("Filters", []):
        yield condition["Name"]
    for nested in expression.get("NestedFilters", []):
        yield nested["NestedPropertyName"]
        yield from _names(nested)
    for part in expression.get("SubExpressions", []):
        yield from _names(part)


def _check_name(name: str, shape: str) -> None:
    if name.partition(".")[0] not in _MAPS and not has_property(shape, name):
        raise validation_error(f"Unknown property name: {name}")


def _sort_key(value: Any) -> Any:
    return value if isinstance(value, (int, float, datetime)) else str(value)
