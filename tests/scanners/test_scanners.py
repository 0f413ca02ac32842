"""What scanners that others wrote find in terraform/: each finding that stays has its reason."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ROOT, clean_environment, missing
from tests.roots import Root
from tests.scanners.findings import FINDINGS, PAGE, POLICIES, with_table
from tests.unit.aws_server import aws_address

__all__ = ["aws_address"]
pytestmark = pytest.mark.e2e


def documents(plan: dict[str, Any]) -> dict[str, Any]:
    """The policies that a plan creates, by their address."""
    changes = [(change["address"], change["change"]["after"]) for change in plan["resource_changes"]]
    return {address: json.loads(after["policy"]) for address, after in changes if "policy" in after}


def test_each_finding_in_the_policies_has_its_reason(aws_address: str, scanners: Path, tmp_path: Path) -> None:
    """Ten seconds: a plan with the real provider, and two scanners."""
    if not shutil.which("terraform"):
        missing("terraform is not on PATH")
    account = {"AWS_ENDPOINT_URL": aws_address, "AWS_REGION": "us-east-1"}
    keys = {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing"}
    root = Root(ROOT / "tests/scanners/policies", tmp_path, {**clean_environment(), **account, **keys})
    policies = documents(root.planned())
    assert policies.keys() == POLICIES.keys()
    named = {POLICIES[address]: document for address, document in policies.items()}
    ended = subprocess.run(
        [scanners / "python", ROOT / "tests/scanners/scan.py"],
        input=json.dumps(named),
        env=clean_environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    found = {name: tuple(details) for name, details in json.loads(ended.stdout).items()}
    assert found == {f"{one.policy}: {one.finding}": one.details for one in FINDINGS}


def test_the_page_has_the_table() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert with_table(page) == page, "python -m tests.scanners.findings makes it again"


def test_checkov_fails_nothing_and_each_skip_has_a_reason(scanners: Path) -> None:
    """Ten seconds: checkov reads all modules."""
    ended = subprocess.run(
        [scanners / "checkov", "-d", "terraform", "--framework", "terraform", "--skip-download", "--output", "json"],
        cwd=ROOT,
        env={**clean_environment(), "PATH": f"{scanners}:/usr/bin:/bin", "HOME": "/nowhere"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout[-3000:] + ended.stderr
    report = json.loads(ended.stdout)
    assert report["summary"]["parsing_errors"] == 0
    assert report["summary"]["passed"] > 100
    skipped = report["results"]["skipped_checks"]
    assert skipped
    for check in skipped:
        reason = check["check_result"]["suppress_comment"]
        assert len(reason.split()) > 3, f"{check['check_id']} of {check['resource']} is skipped without a reason"
