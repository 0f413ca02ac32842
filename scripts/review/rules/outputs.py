"""The rule for outputs that give names and ARNs to others."""

from collections.abc import Iterator
from typing import Any

from ..model import Action, OutputChange, Plan, Severity
from ..secrets.mask import MASKED, UNKNOWN
from .registry import Family
from .resources import PlanIndex

_DATA = Family("Data and names")
_IDENTITIES = (
    "id", "arn", "name", "bucket", "url", "repository_url", "endpoint", "address", "dns_name", "key_id", "invoke_arn",
    "invoke_url", "queue_url", "cluster_identifier", "identifier", "function_name", "public_ip", "public_dns",
)  # fmt: skip


@_DATA.plan(
    "output-renamed",
    Severity.MEDIUM,
    "The name or ARN in an output changes",
    why="Other configurations, scripts and running jobs that use the old value refer to something that no longer "
    "exists, or to something else.",
    fix="Find out who reads the output, and update them in the same change.",
    page="https://developer.hashicorp.com/terraform/language/block/output",
)
def output_renamed(plan: Plan, index: PlanIndex) -> Iterator[tuple[str, str]]:
    """Reports a changed or removed output that held a name or an ARN, unless the whole stack is destroyed."""
    if not index.after.by_address:
        return
    known: set[str] | None = None
    for output in plan.outputs:
        if output.action in (Action.UPDATE, Action.REPLACE, Action.DESTROY):
            known = _identities(index) if known is None else known
            names = set(_texts(output.before)) - set(_texts(output.after))
            if any(text in known or text.startswith("arn:") for text in names):
                yield f"output.{output.name}", _sentence(output, index)


def _identities(index: PlanIndex) -> set[str]:
    return {
        str(resource.values[name])
        for resource in index.before.by_address.values()
        for name in _IDENTITIES
        if isinstance(resource.values.get(name), str) and resource.values[name]
    }


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _texts(inner)


def _sentence(output: OutputChange, index: PlanIndex) -> str:
    def shown(value: Any) -> str:
        return MASKED if output.sensitive else index.mask.text(value, output.name)

    if output.action is Action.DESTROY:
        return f"The output is removed; it was {shown(output.before)}."
    after = UNKNOWN if output.unknown is True else shown(output.after)
    return f"The output changes from {shown(output.before)} to {after}."
