"""Compares the review with checkov on the plans of tests/unit/review/beside, and writes the table in docs/review.md.

    python -m benchmarks.review_beside_checkov CHECKOV      (the path of the program)

checkov runs as docs/review.md says, without a network. A check that fails and a finding mean the same if
`checkov_checks.py` says so and they are about the same resource, or about two of which one refers to the other.
Everything else counts as seen by one alone. Exits with 1 if checkov alone sees something grave.
"""

import json
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.checkov_checks import KINDS, RULES_OF, SECRET_RULES, SECRETS, is_grave
from benchmarks.table import table
from scripts.review import reading
from scripts.review.model import Finding, Severity
from scripts.review.reading.references import without_keys
from tests.unit.review.beside.make import BESIDE, names, reviewed

PAGE = Path("docs/review.md")
START = "<!-- Written by `python -m benchmarks.review_beside_checkov` -->\n"
END = "<!-- End of the written part -->\n"
SHOWN = 4


class Check(NamedTuple):
    """A check that fails.

    Attributes:
        id: such as `CKV_AWS_70`.
        name: what it asks for.
        address: the resource's address.
    """

    id: str
    name: str
    address: str


class Comparison(NamedTuple):
    """What each sees of a plan.

    Attributes:
        name: the plan's name.
        checks: the checks that fail.
        findings: the review's findings.
        checkov_alone: the checks without a finding.
        review_alone: the findings without a check.
    """

    name: str
    checks: Sequence[Check]
    findings: Sequence[Finding]
    checkov_alone: Sequence[Check]
    review_alone: Sequence[Finding]


def checkov(program: str, name: str) -> tuple[str, list[Check]]:
    """The version of checkov, and the checks that fail on a plan."""
    plan = BESIDE / name / "plan.json"
    command = [program, "--file", str(plan), "--skip-download", "--compact", "--quiet", "--output", "json"]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    if answer.returncode not in (0, 1):
        sys.exit(f"checkov ended with {answer.returncode}:\n{answer.stderr}")
    found: Any = json.loads(answer.stdout)
    reports = found if isinstance(found, list) else [found]
    lines = plan.read_text(encoding="utf-8").splitlines()
    checks = [
        Check(each["check_id"], each["check_name"], each.get("resource_address") or address_at(lines, each))
        for report in reports
        for each in report["results"]["failed_checks"]
    ]
    return reports[0]["summary"]["checkov_version"], checks


def address_at(lines: Sequence[str], check: dict[str, Any]) -> str:
    """The address of the resource in whose part of the plan a secret stands; checkov tells only the line."""
    found = (re.match(r' *"address": "(.*)"', line) for line in reversed(lines[: check["file_line_range"][0]]))
    return next(str(json.loads(f'"{match[1]}"')) for match in found if match)


def compare(name: str, checks: Sequence[Check]) -> Comparison:
    """Compare what checkov and the review see of a plan."""
    findings = list({(each.rule, each.address): each for each in reviewed(name).findings}.values())
    related = relations(name)
    pairs = [
        (check, finding)
        for check in checks
        for finding in findings
        if finding.rule in (SECRET_RULES if check.id.startswith(SECRETS) else RULES_OF.get(check.id, ()))
        and without_keys(finding.address) in related.get(without_keys(check.address), {without_keys(check.address)})
    ]
    matched = {id(each) for pair in pairs for each in pair}
    alone = [each for each in checks if id(each) not in matched]
    return Comparison(name, checks, findings, alone, [each for each in findings if id(each) not in matched])


def relations(name: str) -> dict[str, set[str]]:
    """For the address of each resource of a plan: itself, those that it refers to, and those that refer to it."""
    plan = reading.read((BESIDE / name / "plan.json").read_text(encoding="utf-8"), name)
    addresses = {without_keys(each.address) for each in plan.changes}
    found = {each: {each} for each in addresses}
    for (address, _), targets in (plan.references or {}).items():
        for target in addresses.intersection(targets) if address in addresses else ():
            found[address].add(target)
            found[target].add(address)
    return found


def in_words(checks: Sequence[Check]) -> str:
    """Checks without a finding, as counts of what they are about."""
    counts = Counter(
        next((words for words, pattern in KINDS if re.search(pattern, each.name)), "other") for each in checks
    )
    return ", ".join(f"{words} {counts[words]}" for words in (*dict(KINDS), "other") if counts[words])


def gravest(findings: Sequence[Finding]) -> str:
    """The gravest findings without a check, by rule, and how many others there are."""
    ordered = sorted(findings, key=lambda each: -each.severity)
    rules = list(dict.fromkeys(each.rule for each in ordered))[:SHOWN]
    more = sum(each.rule not in rules for each in findings)
    return ", ".join(f"`{rule}`" for rule in rules) + (f" and {more} more" if more else "")


def lines(compared: Sequence[Comparison], version: str) -> Iterator[str]:
    """The written part of the page."""
    checks, alone = ([each for one in compared for each in getattr(one, part)] for part in ("checks", "checkov_alone"))
    findings = [each for one in compared for each in one.findings]
    ours = [each for one in compared for each in one.review_alone]
    grave = sum(is_grave(each.id) for each in checks)
    yield (
        f"Measured on {date.today()} with checkov {version}. Of {len(checks)} checks that fail, "
        f"{len(checks) - len(alone)} have a finding that means the\n"
        f"same, among them all {grave} that mean public, open to the world, a secret in plain text, or privileged. "
        f"Of {len(findings)} findings,\n"
        f"{len(ours)} have no check, {sum(each.severity >= Severity.HIGH for each in ours)} of them high or critical."
    )
    yield ""
    header = ("Configuration", "Checks", "Findings", "checkov alone", "The review alone")
    yield from table(
        header,
        [
            (
                f"[{one.name}](../{BESIDE.relative_to(Path.cwd())}/{one.name}/main.tf)",
                f"{len(one.checks)}",
                f"{len(one.findings)}",
                f"{len(one.checkov_alone)}: {in_words(one.checkov_alone)}",
                f"{len(one.review_alone)}: {gravest(one.review_alone)}",
            )
            for one in compared
        ],
    )


def main(program: str) -> int:
    """Run both on all plans, and write the table."""
    compared, version = [], ""
    for name in names():
        version, checks = checkov(program, name)
        compared.append(compare(name, checks))
        print(f"{name}: {len(checks)} checks fail", file=sys.stderr, flush=True)
    missed = [(one.name, each) for one in compared for each in one.checkov_alone if is_grave(each.id)]
    for name, each in missed:
        print(f"checkov alone: {name}: {each.id} {each.address}: {each.name}")
    if missed:
        return 1
    before, rest = PAGE.read_text(encoding="utf-8").split(START)
    after = rest.split(END)[1]
    written = "".join(f"{line}\n" for line in lines(compared, version))
    PAGE.write_text(f"{before}{START}\n{written}\n{END}{after}", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
