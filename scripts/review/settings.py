"""Reads review.toml, which switches rules off.

    [[off]]
    rule    = "s3-force-destroy"          # a rule of docs/review-rules.md
    address = "module.buckets.*"          # optional: one address, or several with *
    source  = "local"                     # optional: one environment (or plan file), by its name in the review
    reason  = "Everything here may be deleted."

The review still shows a finding that is switched off, in its own section and with the reason.
"""

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from ..core.errors import UserError, nearest
from .model import Finding, SuppressedFinding

_MEMBERS = ("rule", "address", "source", "reason")
_FIX = "Each [[off]] of review.toml names a rule of docs/review-rules.md and a reason (docs/review.md)."


@dataclass(frozen=True, slots=True)
class Suppression:
    """One entry of review.toml.

    Attributes:
        rule: the rule's id.
        reason: why it is switched off.
        address: the resources' address; `*` matches any text. Empty for all.
        source: the plan's environment. Empty for all.
    """

    rule: str
    reason: str
    address: str = ""
    source: str = ""


@dataclass(frozen=True, slots=True)
class Settings:
    """The content of review.toml."""

    off: tuple[Suppression, ...] = ()


NONE = Settings()
"""Nothing is switched off."""


def read(path: Path) -> Settings:
    """Read the settings from a file; `NONE` if there is no such file.

    Raises:
        UserError: it is not TOML, or an entry has no reason, no rule, or an unknown member.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        return NONE
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{path} cannot be read: {error}", "Make it a readable text file, or delete it.") from None
    try:
        found = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise UserError(f"{path} is not TOML: {error}", "Fix that line (https://toml.io).") from None
    return _checked(found, path)


def _checked(found: Mapping[str, Any], path: Path) -> Settings:
    unknown = sorted(set(found) - {"off"})
    if unknown:
        raise UserError(f"{path} contains {unknown[0]!r}, which is not a known setting.", _FIX)
    entries = found.get("off", [])
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise UserError(f"{path}: `off` is not a list of tables.", _FIX)
    return Settings(tuple(_entry(entry, f"{path}, [[off]] number {place}") for place, entry in enumerate(entries, 1)))


def _entry(entry: Mapping[str, Any], place: str) -> Suppression:
    from .rules import RULES

    for member, value in entry.items():
        if member not in _MEMBERS:
            raise UserError(f"{place} contains {member!r}, which is not a known setting.", _FIX)
        if not isinstance(value, str) or not value.strip():
            raise UserError(f"{place}: {member} is not a text, or is empty.", _FIX)
    rule = entry.get("rule")
    if rule is None:
        raise UserError(f"{place} has no rule.", _FIX)
    if rule not in RULES:
        near = nearest(rule, RULES)
        raise UserError(
            f"{place}: there is no rule {rule!r}." + (f" Did you mean {near!r}?" if near else ""),
            "docs/review-rules.md lists them all.",
        )
    if "reason" not in entry:
        raise UserError(f"{place} switches {rule} off without a reason.", 'Add `reason = "…"`: the review shows it.')
    return Suppression(rule, entry["reason"].strip(), entry.get("address", ""), entry.get("source", ""))


def split(
    findings: Iterable[Finding], settings: Settings, source: str = ""
) -> tuple[tuple[Finding, ...], tuple[SuppressedFinding, ...]]:
    """Separate the active findings from those that are switched off.

    Args:
        findings: the findings of a plan.
        settings: what is switched off.
        source: the plan's name (`Plan.source`).
    """
    by_rule: dict[str, list[Suppression]] = {}
    for off in settings.off:
        if off.source in ("", source):
            by_rule.setdefault(off.rule, []).append(off)
    active: list[Finding] = []
    suppressed: list[SuppressedFinding] = []
    for finding in findings:
        reasons = (off.reason for off in by_rule.get(finding.rule, ()) if _covers(off.address, finding.address))
        reason = next(reasons, None)
        if reason is None:
            active.append(finding)
        else:
            suppressed.append(SuppressedFinding(finding, reason))
    return tuple(active), tuple(suppressed)


def _covers(pattern: str, address: str) -> bool:
    return not pattern or _expression(pattern).fullmatch(address) is not None


@lru_cache(maxsize=1024)
def _expression(pattern: str) -> re.Pattern[str]:
    # Not fnmatch, because addresses contain brackets, such as `aws_s3_bucket.this["data"]`.
    return re.compile(".*".join(re.escape(part) for part in pattern.split("*")), re.DOTALL)
