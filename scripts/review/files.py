"""Tells a plan's JSON from the files that people take for it."""

import json
from typing import Any

from scripts.core.errors import UserError

SHOW = "terraform show -json PLANFILE > plan.json"
FORMAT_MAJOR = "1"


def parse(text: str, source: str) -> dict[str, Any]:
    """The JSON of a plan as it stands.

    Args:
        text: the file's text; bytes that are no text may be replaced.
        source: what to call it in messages.

    Raises:
        UserError: it is something else; says what, and how to come to a plan's JSON.
    """
    text = text.removeprefix("\N{ZERO WIDTH NO-BREAK SPACE}")
    if not text.strip():
        raise UserError(f"{source} is empty.", f"Write the plan into it: {SHOW}")
    if text.startswith("PK\x03\x04"):
        raise UserError(f"{source} is a saved plan, not its JSON.", f"Turn it into JSON: {SHOW}")
    if text.startswith('{"@level"'):
        raise UserError(
            f"{source} is a log of terraform plan -json, not a plan.", f"Save the plan with -out=PLANFILE, then: {SHOW}"
        )
    raw: dict[str, Any] = _loaded(text, source)
    problem = _problem(raw)
    if problem:
        raise UserError(f"{source} {problem[0]}", problem[1])
    return raw


def _loaded(text: str, source: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        first = text.lstrip()[:1]
        if first in "{[":
            raise UserError(f"{source} is broken JSON at {where}: {error.msg}.", f"Write it anew: {SHOW}") from None
        raise UserError(f"{source} is not JSON ({where}).", f"A plan's JSON comes from: {SHOW}") from None
    except (ValueError, RecursionError):
        raise UserError(
            f"{source} holds JSON that cannot be read: too deep, or a number too long.", f"Write it anew: {SHOW}"
        ) from None


def _problem(raw: Any) -> tuple[str, str] | None:
    """What is wrong with a JSON document that should be a plan's, and what to do; None where nothing is."""
    if not isinstance(raw, dict):
        return "is JSON, but not of a plan.", f"A plan's JSON comes from: {SHOW}"
    version = raw.get("format_version")
    if "serial" in raw and "lineage" in raw:
        return "is a Terraform state, not a plan.", f"Make a plan, terraform plan -out=PLANFILE, then: {SHOW}"
    if not isinstance(version, str):
        return "is JSON, but not of a plan: it has no format_version.", f"A plan's JSON comes from: {SHOW}"
    if version.partition(".")[0] != FORMAT_MAJOR:
        return (
            f"is of the plan format {version}; this review reads format 1.",
            "Make the plan with a Terraform that writes format 1, such as 1.11.",
        )
    if _is_state(raw):
        return (
            "is the JSON of a state (terraform show -json without a plan file).",
            f"Name the saved plan: {SHOW}",
        )
    if "provider_schemas" in raw or "root" in raw:
        return "is not the JSON of a plan.", f"A plan's JSON comes from: {SHOW}"
    return None


def _is_state(raw: dict[str, Any]) -> bool:
    """A state has `values`, and an empty one nothing but its version; every plan names its parts."""
    if "values" in raw:
        return True
    return not raw.keys() - {"format_version", "terraform_version", "checks"}
