"""`make plan` and `make infra` with the real Terraform: what was reviewed is applied, and nothing else is."""

import json
import os
import pty
import re
import shutil
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Project

pytestmark = pytest.mark.e2e

LOCAL = "CLOUD=local"
VARIABLES = "terraform/environments/local.tfvars"
BUCKETS = "terraform/modules/buckets/main.tf"
KEPT = 'environment = "local"\nforce_destroy = true\nforce_delete = false\n'
"""A harmless change: the repository is not deleted with its images."""


@pytest.fixture(autouse=True)
def folder(yard: Project, demo: str) -> Path:
    """Where `make plan` writes, with nothing in it."""
    found = yard.folder / "build/local-local/plan"
    shutil.rmtree(found, ignore_errors=True)
    return found


@contextmanager
def changed(yard: Project, name: str, text: str) -> Iterator[None]:
    """A file of the project is another; at the end it is as before, and so is the stack."""
    try:
        with changed_only(yard, name, text):
            yield
    finally:
        (yard.folder / "build/local-local/plan/plan.tfplan").unlink(missing_ok=True)
        yard.make("infra", LOCAL, "YES=1")


@contextmanager
def changed_only(yard: Project, name: str, text: str) -> Iterator[None]:
    """A file of the project is another for a while; nothing is applied."""
    file = yard.folder / name
    before = file.read_text()
    file.write_text(text)
    try:
        yield
    finally:
        file.write_text(before)


def reviewed(folder: Path) -> dict[str, Any]:
    data = json.loads((folder / "review.json").read_text())
    (review,) = data["reviews"]
    return {**review, "binding": data["binding"]}


def above_low(review: dict[str, Any]) -> list[str]:
    return [finding["rule"] for finding in review["findings"] if finding["severity"] not in {"info", "low"}]


def test_a_plan_of_no_change_is_reviewed_saved_and_applied_once(yard: Project, folder: Path) -> None:
    output = yard.make("plan", LOCAL)
    assert "Nothing to change: the stack of `local` matches terraform/ already." in output
    assert "Refreshing state" not in output
    assert {file.name for file in folder.iterdir()} == {"plan.tfplan", "review.md", "review.html", "review.json"}
    assert {stat.S_IMODE(file.stat().st_mode) for file in folder.iterdir()} == {0o600}
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert "build/local-local/plan/review.html" in output
    assert reviewed(folder)["binding"]["environment"] == "local"
    output = yard.make("infra", LOCAL)
    assert "Applying the plan of" in output
    assert "0 added, 0 changed, 0 destroyed" in output
    assert not (folder / "plan.tfplan").exists()


def test_a_saved_plan_is_applied_without_a_question_and_never_on_another_state(yard: Project, folder: Path) -> None:
    with changed(yard, VARIABLES, KEPT):
        yard.make("plan", LOCAL)
        first = reviewed(folder)
        assert [one["address"] for one in first["changes"]] == ["module.registry.aws_ecr_repository.this"]
        with changed_only(yard, VARIABLES, KEPT + "manage_log_group = true\n"):
            yard.make("plan", LOCAL)
            assert reviewed(folder)["digest"] != first["digest"]
        yard.make("plan", LOCAL)
        assert reviewed(folder)["digest"] == first["digest"]

        saved = yard.folder / "build/saved"
        shutil.copytree(folder, saved)
        output = yard.make("infra", LOCAL)
        assert f"Digest of the change: {first['digest']}" in output
        assert "0 added, 1 changed, 0 destroyed" in output
        assert not (folder / "plan.tfplan").exists()

        shutil.rmtree(folder)
        saved.rename(folder)
        output = yard.make("infra", LOCAL, "YES=1", code=2)
        assert "Saved plan is stale" in output
        assert "Error: The state of `local` has changed since the plan was made" in output
        assert (folder / "plan.tfplan").exists()


def test_an_approval_holds_for_the_same_change_planned_anew(yard: Project, folder: Path) -> None:
    opened = (yard.folder / BUCKETS).read_text().replace("block_public_policy     = true", "")
    with changed(yard, BUCKETS, opened):
        output = yard.make("plan", LOCAL)
        digest = reviewed(folder)["digest"]
        assert f"`make infra APPROVE={digest}`" in output
        output = yard.make("infra", LOCAL, "YES=1", code=2)
        assert "nobody has approved it" in output
        shutil.rmtree(folder)  # as in another checkout, after the merge
        output = yard.make("infra", LOCAL, f"APPROVE={digest}")
        assert "0 added, 3 changed, 0 destroyed" in output
        assert not (folder / "plan.tfplan").exists()
        assert (folder / "review.html").exists()


def test_no_is_no(yard: Project, folder: Path) -> None:
    with changed_only(yard, VARIABLES, KEPT):
        ours, theirs = pty.openpty()
        process = subprocess.Popen(
            ["make", "infra", LOCAL], cwd=yard.folder, env=yard.environment, stdin=theirs, stdout=theirs, stderr=theirs
        )
        os.close(theirs)
        output = b""
        while not output.rstrip().endswith(b"[y/N]"):
            output += os.read(ours, 65536)
        os.write(ours, b"n\n")
        assert process.wait(60) == 0
        output += os.read(ours, 65536)
        os.close(ours)
    text = re.sub(r"\x1b\[[0-9;]*m", "", output.decode())
    assert "Updates 1 resource" in text
    assert "Apply this plan to account 123456789012 in us-east-1? [y/N] n" in text
    assert "Nothing was changed." in text
    assert not (folder / "plan.tfplan").exists()


def test_warnings_of_terraform_are_not_lost(yard: Project) -> None:
    check = (
        'check "c" {\n  assert {\n    condition     = var.project == "x"\n    error_message = "Mind this."\n  }\n}\n'
    )
    file = yard.folder / "terraform/check.tf"
    file.write_text(check)
    try:
        output = yard.make("plan", LOCAL)
    finally:
        file.unlink()
    assert "Warning: Check block assertion failed" in output
    assert "Mind this." in output


def test_what_is_kept_and_not_empty_stops_a_removal_before_it_begins(yard: Project) -> None:
    with changed(yard, VARIABLES, 'environment = "local"\nforce_delete = true\n'):
        yard.make("infra", LOCAL, "YES=1")
        output = yard.make("destroy", LOCAL, "CONFIRM=local", code=2)
        assert "Destroys" in output
        assert "these are not empty and `local` protects their content: trainyard-local-" in output
        assert "force_destroy = true" in output
        assert "Destroying..." not in output
        assert not (yard.folder / "build/local-local/destroy/plan.tfplan").exists()
        assert (yard.folder / "build/local-local/destroy/review.html").exists()


def test_the_stack_of_this_repository_reviews_without_a_finding_above_low(yard: Project) -> None:
    place = yard.folder / "build/aws-elsewhere"
    words = ("env", "AWS_REGION=eu-west-1", f"TF_DATA_DIR={place}/terraform", sys.executable, "-m", "scripts.plan")

    def plan(*arguments: str) -> tuple[int, str]:
        cloud = (sys.executable, "-m", "scripts.cloud", "exec", "--")
        with yard.start(*cloud, *words, *arguments) as process:
            output, _ = process.communicate(timeout=120)
        return process.returncode, output

    code, output = plan("stack", "--env", "dev")
    assert code == 2
    assert "There is no state bucket trainyard-tfstate-123456789012-eu-west-1 yet" in output
    assert "YES=1" in output
    code, output = plan("stack", "--env", "dev", "--yes")
    assert code == 0, output
    assert "Created the state bucket trainyard-tfstate-123456789012-eu-west-1" in output
    review = reviewed(place / "plan")
    assert review["counts"]["create"] == 21
    assert above_low(review) == []
    assert plan("review", str(place / "plan/plan.tfplan"), "--fail-on", "medium")[0] == 0
