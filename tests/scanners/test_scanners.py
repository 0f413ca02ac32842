"""What scanners that others wrote find in terraform/: each finding that stays has its reason."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ROOT, clean_environment, missing
from tests.roots import Root
from tests.scanners.findings import FINDINGS, IN_PLAN, PAGE, POLICIES, with_tables
from tests.unit.aws_server import aws_address

__all__ = ["aws_address"]
pytestmark = pytest.mark.e2e


OWN_ROOT = "module.own_root."


def documents(plan: dict[str, Any]) -> dict[str, Any]:
    """The policies that a plan creates outside of the example, by their address."""
    changes = [(change["address"], change["change"]["after"]) for change in plan["resource_changes"]]
    return {
        address: json.loads(after["policy"])
        for address, after in changes
        if "policy" in after and not address.startswith(OWN_ROOT)
    }


@pytest.fixture(scope="module")
def plan(aws_address: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The plan of policies/, in an account with nothing in it."""
    if not shutil.which("terraform"):
        missing("terraform is not on PATH")
    keys = {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing"}
    account = {**clean_environment(), **keys, "AWS_ENDPOINT_URL": aws_address, "AWS_REGION": "us-east-1"}
    return Root(ROOT / "tests/scanners/policies", tmp_path_factory.mktemp("plan"), account).planned()


def scanned(command: list[str | Path], text: str = "", codes: tuple[int, ...] = (0,)) -> Any:
    """What a scanner answers, in JSON."""
    ended = subprocess.run(
        command,
        input=text,
        cwd=ROOT,
        env={**clean_environment(), "HOME": "/nowhere"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode in codes, ended.stdout[-3000:] + ended.stderr
    return json.loads(ended.stdout)


def test_each_finding_in_the_policies_has_its_reason(plan: dict[str, Any], scanners: Path) -> None:
    """Ten seconds: a plan with the real provider, and two scanners."""
    policies = documents(plan)
    assert policies.keys() == POLICIES.keys()
    named = {POLICIES[address]: document for address, document in policies.items()}
    found = scanned([scanners / "python", "tests/scanners/scan.py"], json.dumps(named))
    stay = {f"{one.policy}: {one.finding}": one.details for one in FINDINGS}
    assert {name: tuple(details) for name, details in found.items()} == stay


def test_the_page_has_the_tables() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert with_tables(page) == page, "python -m tests.scanners.findings makes it again"


def test_what_checkov_fails_in_a_plan_has_its_reason(plan: dict[str, Any], scanners: Path, tmp_path: Path) -> None:
    file = tmp_path / "plan.json"
    file.write_text(json.dumps(plan))
    reading = ("-f", file, "--framework", "terraform_plan", "--repo-root-for-plan-enrichment", "terraform")
    report = scanned([scanners / "checkov", *reading, "--skip-download", "--output", "json"], codes=(1,))
    failed = [(check["check_id"], check["resource"]) for check in report["results"]["failed_checks"]]
    of_example = [(check, name.removeprefix(OWN_ROOT)) for check, name in failed if name.startswith(OWN_ROOT)]
    assert sorted(of_example) == sorted(IN_PLAN)
    assert report["summary"]["passed"] > 100


def test_checkov_fails_nothing_and_each_skip_has_a_reason(scanners: Path) -> None:
    """Ten seconds: checkov reads all modules."""
    report = scanned(
        [scanners / "checkov", "-d", "terraform", "--framework", "terraform", "--skip-download", "--output", "json"]
    )
    assert report["summary"]["parsing_errors"] == 0
    assert report["summary"]["passed"] > 100
    skipped = report["results"]["skipped_checks"]
    assert skipped
    for check in skipped:
        reason = check["check_result"]["suppress_comment"]
        assert len(reason.split()) > 3, f"{check['check_id']} of {check['resource']} is skipped without a reason"
