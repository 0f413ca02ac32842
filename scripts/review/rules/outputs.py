"""The rule for names and ARNs that outputs hand on to others."""

from collections.abc import Iterator
from typing import Any

from scripts.review.masking import MASKED, UNKNOWN
from scripts.review.model import Action, OutputChange, Plan, Severity
from scripts.review.rules.registry import Family
from scripts.review.rules.resources import Both

_DATA = Family("Data and names")
_IDENTITIES = (
    "id", "arn", "name", "bucket", "url", "repository_url", "endpoint", "address", "dns_name", "key_id", "invoke_arn",
    "invoke_url", "queue_url", "cluster_identifier", "identifier", "function_name", "public_ip", "public_dns",
)  # fmt: skip


@_DATA.plan(
    "output-renamed",
    Severity.MEDIUM,
    "An output hands on another name or ARN than before",
    why="Whoever was told the old one (other configurations, scripts, running jobs) points at something that is gone, "
    "or at something else.",
    fix="Find out who reads the output, and change them in the same step.",
    page="https://developer.hashicorp.com/terraform/language/block/output",
)
def output_renamed(plan: Plan, both: Both) -> Iterator[tuple[str, str]]:
    """An output whose value named a resource, or is an ARN, changes or goes; not where the whole stack goes."""
    if not both.after.by_address:
        return
    known: set[str] | None = None
    for output in plan.outputs:
        if output.action in (Action.UPDATE, Action.REPLACE, Action.DESTROY):
            known = _identities(both) if known is None else known
            names = set(_texts(output.before)) - set(_texts(output.after))
            if any(text in known or text.startswith("arn:") for text in names):
                yield f"output.{output.name}", _sentence(output, both)


def _identities(both: Both) -> set[str]:
    return {
        str(resource.values[name])
        for resource in both.before.by_address.values()
        for name in _IDENTITIES
        if isinstance(resource.values.get(name), str) and resource.values[name]
    }


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _texts(inner)


def _sentence(output: OutputChange, both: Both) -> str:
    def shown(value: Any) -> str:
        return MASKED if output.sensitive else both.mask.text(value, output.name)

    if output.action is Action.DESTROY:
        return f"The output is removed; it was {shown(output.before)}."
    after = UNKNOWN if output.unknown is True else shown(output.after)
    return f"The output changes from {shown(output.before)} to {after}."
