"""Makes the plans that the review and checkov are compared on again.

Each folder here has a configuration as a team would write it, with typical mistakes, and `plan.json`: the plan that the
real Terraform and the real provider make of it in an empty account. findings.json lists what the review found in each
when it was compared; a test looks for these findings in the review of today.

    python -m tests.unit.review.beside.make --accept     # only findings.json, from the stored plans
    python -m tests.unit.review.beside.make [NAME …]     # the plans (all, or these), then findings.json

`python -m benchmarks.review_beside_checkov` makes the comparison.
"""

import argparse
import json
import shutil
from pathlib import Path

from scripts.review import reading
from scripts.review.model import Review
from scripts.review.review import review
from scripts.review.settings import NONE
from scripts.stack.terraform import FOLDER
from tests.unit.review.golden.make import account, normalised, plan_json

BESIDE = Path(__file__).parent
FINDINGS = BESIDE / "findings.json"


def names() -> list[str]:
    """The configurations."""
    return sorted(file.parent.name for file in BESIDE.glob("*/main.tf"))


def reviewed(name: str) -> Review:
    """The review of a plan."""
    return review(reading.read((BESIDE / name / "plan.json").read_text(encoding="utf-8"), name), NONE)


def found(plan: Review) -> dict[str, list[str]]:
    """The addresses of a review's findings, by rule."""
    addresses: dict[str, set[str]] = {}
    for each in plan.findings:
        addresses.setdefault(each.rule, set()).add(each.address)
    return {rule: sorted(addresses[rule]) for rule in sorted(addresses)}


def main() -> None:
    """Write the plans that the command line names, and findings.json."""
    parser = argparse.ArgumentParser(description="Makes the plans for the comparison with checkov again.")
    parser.add_argument("--accept", action="store_true", help="only findings.json, from the stored plans")
    parser.add_argument("names", nargs="*", default=[], metavar="NAME", help="the plans; default: all")
    arguments = parser.parse_args()
    if not arguments.accept:
        with account() as runner:
            for name in arguments.names or names():
                shutil.copy(BESIDE / name / "main.tf", FOLDER)
                # The local cloud's caller has the id of an access key, which checkov would report.
                text = normalised(plan_json(name, runner)).replace('"user_id": "AKIA', '"user_id": "AIDA')
                (BESIDE / name / "plan.json").write_text(text, encoding="utf-8")
                print(f"{name}: {len(text):,} characters", flush=True)
    findings = {name: found(reviewed(name)) for name in names()}
    FINDINGS.write_text(f"{json.dumps(findings, indent=1)}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
