"""Scans IAM policies; the Python of the scanners' environment runs it: ``python scan.py < policies.json``.

Reads an object of policy documents by name. Prints an object: for ``policy: finding``, what it is about.
"""

import json
import re
import sys
import warnings
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

warnings.simplefilter("ignore")

import parliament  # noqa: E402 - it warns while it is imported
from cloudsplaining.command.scan_policy_file import scan_policy  # noqa: E402

_ESCALATION = re.compile(r".* escalation on \S+ due to (\S+) not being allowed, but does allow (\S+)")


def by_parliament(document: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """parliament's findings: what is malformed, and what could be limited to a resource."""
    for finding in parliament.analyze_policy_string(json.dumps(document)).findings:
        for detail in finding.detail if isinstance(finding.detail, list) else [finding.detail]:
            yield f"parliament {finding.issue}", _short(detail)


def by_cloudsplaining(document: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """cloudsplaining's findings, those in statements with conditions too."""
    for kind, found in scan_policy(document, flag_conditional_statements=True).items():
        for one in found["findings"] if isinstance(found, dict) else ():
            yield f"cloudsplaining {kind}", _short(one)


def _short(detail: Any) -> str:
    if isinstance(detail, dict):
        return f"{detail['action']} on {detail['required_format']}" if "action" in detail else json.dumps(detail)
    return _ESCALATION.sub(r"\1 through \2", str(detail))


def main() -> None:
    """Scan what stdin names."""
    found: dict[str, set[str]] = defaultdict(set)
    for name, document in json.load(sys.stdin).items():
        for scan in (by_parliament, by_cloudsplaining):
            for finding, detail in scan(document):
                found[f"{name}: {finding}"].add(detail)
    json.dump({finding: sorted(details) for finding, details in found.items()}, sys.stdout)


if __name__ == "__main__":
    main()
