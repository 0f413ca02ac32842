"""Checks that a text is a plan's JSON, and names the files that people confuse with it."""

import json
import re
from collections.abc import Mapping
from typing import Any

from ...core.errors import UserError

SHOW = "terraform show -json PLANFILE > plan.json"
FORMAT_MAJOR = "1"
EARLY_FORMATS = ("0.1", "0.2")
"""Those of Terraform 0.12 to 1.0. Format 1.0 changed only the number: https://github.com/hashicorp/terraform/pull/29502"""

# Other programs print lines before the JSON: Terraform's warnings in colour, the command that a wrapper starts.
_OBJECT = re.compile(r"^(?:\x1b\[[0-9;]*m)*(?=\{)", re.MULTILINE)
# hashicorp/setup-terraform puts a wrapper around Terraform. Before version 3 it printed the command first, and commands
# for the runner (::debug::, ::set-output) last: https://github.com/hashicorp/setup-terraform/issues/20
_WRAPPER, _COMMAND = "[command]", "::"


def parse(text: str, source: str) -> dict[str, Any]:
    """Parse the JSON of a plan.

    Args:
        text: the file's text; invalid bytes may be replaced.
        source: its name in messages.

    Raises:
        UserError: it is something else. The message says what it is, and how to get a plan's JSON.
    """
    text = text.removeprefix("\N{ZERO WIDTH NO-BREAK SPACE}")
    if not text.strip():
        raise UserError(f"{source} is empty.", f"Write the plan into it: {SHOW}")
    if text.startswith("PK\x03\x04"):
        raise UserError(f"{source} is a saved plan, not its JSON.", f"Turn it into JSON: {SHOW} (or tofu show)")
    start = _start(text)
    if text.startswith('{"@level"', start):
        raise UserError(
            f"{source} is a log of terraform plan -json, not a plan.", f"Save the plan with -out=PLANFILE, then: {SHOW}"
        )
    raw: dict[str, Any] = _loaded(text, start, source)
    problem = _problem(raw)
    if problem:
        raise UserError(f"{source} {problem[0]}", problem[1])
    return raw


def entries(raw: Mapping[str, Any], member: str, source: str) -> list[Any]:
    """The entries of a member of a plan; a missing member has none.

    Raises:
        UserError: the member is no list.
    """
    value = raw.get(member)
    if value is not None and not isinstance(value, list):
        raise malformed(f"{source}: {member}", "is not a list")
    return value or []


def malformed(where: str, what: str) -> UserError:
    """The error for a part of a plan that Terraform does not write in this way."""
    return UserError(f"{where} {what}.", f"Terraform writes no such plan. Write the file again: {SHOW}")


def unreadable(source: str) -> UserError:
    """The error for JSON that is no plan of Terraform's, because nothing reads it."""
    return UserError(
        f"{source} contains JSON that cannot be read: nested too deep, or a number too long.",
        f"Write the file again: {SHOW}",
    )


def _start(text: str) -> int:
    """Where the JSON begins: at once, or in the first line that begins with an object."""
    at_once = len(text) - len(text.lstrip())
    if text[at_once] == "{" or (text[at_once] == "[" and not text.startswith(_WRAPPER, at_once)):
        return at_once
    found = _OBJECT.search(text)
    return found.end() if found else at_once


def _loaded(text: str, start: int, source: str) -> Any:
    try:
        value, end = json.JSONDecoder().raw_decode(text, start)
        if any(line.strip() and not line.startswith(_COMMAND) for line in text[end:].splitlines()):
            raise json.JSONDecodeError("More follows after its end", text, end)
        return value
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        if text[start] in "{[":
            raise UserError(
                f"{source} is broken JSON at {where}: {error.msg}.", f"Write the file again: {SHOW}"
            ) from None
        raise UserError(f"{source} is not JSON ({where}).", f"A plan's JSON comes from: {SHOW}") from None
    except (ValueError, RecursionError):
        raise unreadable(source) from None


def _problem(raw: Any) -> tuple[str, str] | None:
    """The problem of a JSON document that should be a plan, and how to fix it; None if there is no problem."""
    if not isinstance(raw, dict):
        return "is JSON, but not a plan.", f"A plan's JSON comes from: {SHOW}"
    version = raw.get("format_version")
    if "serial" in raw and "lineage" in raw:
        return "is a Terraform state, not a plan.", f"Make a plan, terraform plan -out=PLANFILE, then: {SHOW}"
    if not isinstance(version, str):
        return "is JSON, but not a plan: it has no format_version.", f"A plan's JSON comes from: {SHOW}"
    if version.partition(".")[0] != FORMAT_MAJOR and version not in EARLY_FORMATS:
        return (
            f"has the plan format {version}; this review reads 0.1, 0.2 and 1.",
            "Create the plan with a Terraform that writes format 1, such as 1.11.",
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
    """Whether this is a state: it has `values`, or only its version if empty. A plan has other members."""
    if "values" in raw:
        return True
    return not raw.keys() - {"format_version", "terraform_version", "checks"}
