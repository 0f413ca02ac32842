"""review.sarif: the findings for a code scanning service, in SARIF 2.1.0.

https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
GitHub reads a part of it, and no file above its limits:
https://docs.github.com/en/code-security/reference/code-scanning/sarif-files/sarif-support

A plan does not say in which line of which file a resource is. So each result lies where a `.tf` file beside the plan
declares the resource (`places.py`), else in the plan's own file, and names the resource's address as its logical
location. Findings that the change fixes or that review.toml switches off are left
out: a service that does not know of suppressions would raise an alert for them.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple
from urllib.parse import quote

from ...core.printable import visible
from ..model import Finding, Review, Severity, Status
from ..rules import RULES, Rule
from . import words
from .escaping import is_page
from .places import Place, Places

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
RESULTS = 25_000
"""GitHub refuses a run with more results, and shows the 5,000 most severe."""

_TEXT, _NAME = 1_000, 1_000
_LEVELS = {
    Severity.CRITICAL: "error",
    Severity.HIGH: "error",
    Severity.MEDIUM: "warning",
    Severity.LOW: "note",
    Severity.INFO: "note",
}
# GitHub calls a result critical over 9.0, high from 7.0, medium from 4.0 and low from 0.1.
_SCORES = {
    Severity.CRITICAL: "9.5",
    Severity.HIGH: "8.0",
    Severity.MEDIUM: "5.5",
    Severity.LOW: "2.0",
    Severity.INFO: "0.1",
}


class _File(NamedTuple):
    """A plan's file: a URI relative to the working folder, only its name if it lies elsewhere; and its folder."""

    uri: str
    folder: Path


def sarif(reviews: Sequence[Review]) -> dict[str, Any]:
    """The data that `json.dumps` writes as review.sarif.

    Args:
        reviews: one for each plan.

    Returns:
        A SARIF log with one run, which holds the findings of all plans that remain after the apply.
    """
    found = [(file, finding) for one in reviews for file in [_file(one.source)] for finding in words.open_findings(one)]
    found.sort(key=lambda each: -each[1].severity)  # a service that reads only a part of them reads the most severe
    shown = found[:RESULTS]
    named = dict.fromkeys(finding.rule for _, finding in shown)
    places = {name: place for place, name in enumerate(named)}
    driver = {
        "name": "trainyard-review",
        "rules": [_rule(RULES[name]) for name in named],
    }
    run: dict[str, Any] = {
        "tool": {"driver": driver},
        "automationDetails": {"id": "trainyard-review/"},
        "columnKind": "unicodeCodePoints",
        "results": list(_results(shown, places)),
    }
    if len(found) > len(shown):
        run["properties"] = {"leftOut": len(found) - len(shown)}
    return {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}


def _rule(rule: Rule) -> dict[str, Any]:
    return {
        "id": rule.id,
        "shortDescription": {"text": rule.title},
        "fullDescription": {"text": rule.why},
        "help": {"text": rule.fix},
        **({"helpUri": rule.page} if is_page(rule.page) else {}),
        "defaultConfiguration": {"level": _LEVELS[rule.severity]},
        "properties": {"tags": ["security"], "security-severity": _SCORES[rule.severity]},
    }


def _results(found: Sequence[tuple[_File, Finding]], places: Mapping[str, int]) -> Iterator[dict[str, Any]]:
    seen: dict[str, int] = {}
    declared = Places(Path.cwd())
    for file, finding in found:
        same = f"{finding.rule}\n{finding.address}\n{file.uri}"
        seen[same] = seen.get(same, 0) + 1
        place = declared.of(finding.address, file.folder)
        yield {
            "ruleId": finding.rule,
            "ruleIndex": places[finding.rule],
            "level": _LEVELS[finding.severity],
            "message": {"text": f"{_text(finding.address)}: {_text(finding.what)} {_text(finding.fix)}"},
            "locations": [_location(file.uri, finding, place)],
            "partialFingerprints": {"primaryLocationLineHash": f"{_hash(same)}:{seen[same]}"},
            "baselineState": "new" if finding.status is Status.NEW else "unchanged",
        }


def _location(uri: str, finding: Finding, place: Place | None) -> dict[str, Any]:
    # A service shows no alert without a line, so one in the plan's file is at its first.
    file, line = (quote(place.file.as_posix()), place.line) if place else (uri, 1)
    return {
        "physicalLocation": {"artifactLocation": {"uri": file}, "region": {"startLine": line}},
        "logicalLocations": [
            {"fullyQualifiedName": words.shortened(visible(finding.address), _NAME), "kind": "resource"}
        ],
    }


def _file(source: str) -> _File:
    path = Path(source).absolute()
    inside = path.is_relative_to(Path.cwd()) and ".." not in path.parts
    uri = quote(PurePosixPath(path.relative_to(Path.cwd()) if inside else path.name).as_posix()) or "plan"
    return _File(uri, path.parent.resolve())


def _text(text: str) -> str:
    """A text for a message. Without the space, `[text](address)` would be a link (SARIF, section 3.11.6)."""
    return words.shortened(visible(text), _TEXT).replace("](", "] (")


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode(errors="backslashreplace")).hexdigest()[:16]
