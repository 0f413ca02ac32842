"""`make plan` and `make infra` with the real Terraform: what was reviewed is applied, and nothing else is."""

import json
import re
import shutil
import stat
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from tests.conftest import ROOT, Project
from tests.errors.scene import running
from tests.errors.tools import LOCK
from tests.put_back import changed, moved_aside
from tests.terminal import at_the_question

pytestmark = pytest.mark.e2e

LOCAL = "CLOUD=local"
VARIABLES = "terraform/environments/local.tfvars"
BUCKETS = "terraform/modules/buckets/main.tf"
KEPT = 'environment = "local"\nforce_destroy = true\nforce_delete = false\n'
"""A harmless change: the repository is not deleted with its images."""
PROTECTED = 'environment = "local"\n'
"""Another one: the buckets are not deleted with their objects either."""
UNCHANGED = (ROOT / VARIABLES).read_text()
OPENED = (ROOT / BUCKETS).read_text().replace("block_public_policy     = true", "")
"""A change that needs an approval."""


@pytest.fixture(autouse=True)
def folder(yard: Project, demo: str) -> Iterator[Path]:
    """Where `make plan` writes. At first nothing is there; other tests find what was there before."""
    found = yard.folder / "build/local-local/plan"
    with moved_aside(found):
        yield found


def client(yard: Project, service: str) -> Any:
    """A client of the yard's local cloud."""
    cloud = running(yard)
    session = boto3.Session("local", "local", region_name=cloud.region)
    # boto3's types know each service by its literal name only.
    return session.client(service, endpoint_url=cloud.url)  # type: ignore[call-overload]


def reviewed(folder: Path) -> dict[str, Any]:
    data = json.loads((folder / "review.json").read_text())
    (review,) = data["reviews"]
    return {**review, "binding": data["binding"]}


def above_low(review: dict[str, Any]) -> list[str]:
    return [finding["rule"] for finding in review["findings"] if finding["severity"] not in {"info", "low"}]


def test_a_plan_of_no_change_is_reviewed_and_saved(yard: Project, folder: Path) -> None:
    """Twenty seconds: two plans with the real provider."""
    output = yard.make("plan", LOCAL)
    assert "Nothing to change: the stack of `local` matches terraform/ already." in output
    assert "Refreshing state" not in output
    assert {file.name for file in folder.iterdir()} == {"plan.tfplan", "review.md", "review.html", "review.json"}
    assert {stat.S_IMODE(file.stat().st_mode) for file in folder.iterdir()} == {0o600}
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert "build/local-local/plan/review.html" in output
    assert reviewed(folder)["binding"]["environment"] == "local"
    output = yard.make("infra", LOCAL)  # plans anew: after `make destroy`, that plan would be stale
    assert "Nothing to change: the stack of `local` matches terraform/ already." in output
    assert not (folder / "plan.tfplan").exists()


def test_each_of_two_terminals_applies_what_it_has_reviewed_and_an_approval_holds(yard: Project, folder: Path) -> None:
    """A minute: five plans and three applies with the real provider."""
    try:
        with changed(yard.folder / VARIABLES, PROTECTED):
            digest = what_two_terminals_see(yard, folder)
            with changed(yard.folder / BUCKETS, OPENED):
                shutil.rmtree(folder)  # as in another checkout, after the merge
                output = yard.make("infra", LOCAL, f"APPROVE={digest}")
            assert "0 added, 3 changed, 0 destroyed" in output
            assert not (folder / "plan.tfplan").exists()
            assert (folder / "review.html").exists()
            what_is_kept_and_not_empty_stops_a_removal_before_it_begins(yard)
    finally:  # the stack is as before
        yard.make("plan", LOCAL)
        saved = reviewed(folder)
        output = yard.make("infra", LOCAL)  # a saved plan is applied without a question
    assert f"Digest of the change: {saved['digest']}" in output
    assert "0 added, 7 changed, 0 destroyed" in output
    assert not (folder / "plan.tfplan").exists()
    assert not list(folder.parent.glob(".call-*"))


def what_two_terminals_see(yard: Project, folder: Path) -> str:
    """One applies PROTECTED while the other plans OPENED; gives the digest of the other's change."""
    with at_the_question(yard, "[y/N]", "infra", LOCAL) as answer:
        first = reviewed(folder)
        changes = [one["address"] for one in first["changes"]]
        assert changes.count("module.registry[0].aws_ecr_repository.this") == len(changes) - 3 == 1
        with changed(yard.folder / VARIABLES, UNCHANGED), changed(yard.folder / BUCKETS, OPENED):
            output = yard.make("plan", LOCAL)  # in the second terminal
        second = str(reviewed(folder)["digest"])
        assert second != first["digest"]
        assert f"`make infra APPROVE={second}`" in output
        yard.make("cloud-faults", "FAULTS=s3:PutObject cut-after 1x")  # S3's answer about the lock is lost
        output = answer("y")
    assert first["digest"] in output
    assert "The lock on the state is one of this folder's, and no Terraform uses it: it is removed." in output
    assert "0 added, 4 changed, 0 destroyed" in output
    assert (folder / "plan.tfplan").exists()
    return second


def what_is_kept_and_not_empty_stops_a_removal_before_it_begins(yard: Project) -> None:
    """`make destroy` of the stack of PROTECTED."""
    output = yard.make("destroy", LOCAL, "CONFIRM=local", code=2)
    assert "Destroys" in output
    assert "these are not empty and `local` protects their content: trainyard-local-" in output
    assert "force_destroy = true" in output
    assert "Destroying..." not in output
    assert not (yard.folder / "build/local-local/destroy/plan.tfplan").exists()
    assert (yard.folder / "build/local-local/destroy/review.html").exists()


def test_the_printed_command_removes_the_lock_of_a_killed_command(yard: Project, demo: str) -> None:
    place = {"Bucket": "trainyard-tfstate-123456789012-us-east-1", "Key": "local/terraform.tfstate.tflock"}
    s3 = client(yard, "s3")
    s3.put_object(Body=json.dumps(LOCK), **place)
    output = yard.make("infra", LOCAL, code=2)
    found = re.search(r"remove the lock: `(.+)`", output)
    assert found, output
    with yard.start("sh", "-c", found[1]) as process:
        output, _ = process.communicate(timeout=60)
    assert process.returncode == 0, output
    assert "The state of `local` is unlocked." in output
    assert "Contents" not in s3.list_objects_v2(Bucket=place["Bucket"], Prefix=place["Key"])


def test_what_an_apply_could_not_record_is_adopted(yard: Project, folder: Path) -> None:
    place = {"Bucket": "trainyard-tfstate-123456789012-us-east-1", "Key": "local/terraform.tfstate"}
    s3 = client(yard, "s3")
    state = s3.get_object(**place)["Body"].read()
    s3.delete_object(**place)
    try:
        output = yard.make("plan", LOCAL)
    finally:
        s3.put_object(Body=state, **place)
    assert "so this plan adopts it: " in output
    review = reviewed(folder)
    assert (review["counts"]["create"], review["counts"]["import"]) == (16, 5)
    assert "imported by trainyard-local-data-123456789012-us-east-1" in (folder / "review.md").read_text()
    assert "terraform/adopted.tf" not in review["binding"]["files"]


def test_terraform_s_warnings_come_before_the_question_and_no_is_no(yard: Project, folder: Path) -> None:
    check = yard.folder / "terraform/check.tf"
    check.write_text(
        'check "c" {\n  assert {\n    condition     = var.project == "x"\n    error_message = "Mind this."\n  }\n}\n'
    )
    try:
        with changed(yard.folder / VARIABLES, KEPT), at_the_question(yard, "[y/N]", "infra", LOCAL) as answer:
            text = answer("n")
    finally:
        check.unlink()
    assert "Warning: Check block assertion failed" in text
    assert "Mind this." in text
    assert "Updates 1 resource" in text
    assert "Apply this plan to account 123456789012 in us-east-1? [y/N] n" in text
    assert "Nothing was changed." in text
    assert not (folder / "plan.tfplan").exists()


def test_the_stack_of_this_repository_reviews_without_a_finding_above_low(yard: Project) -> None:
    place = yard.folder / "build/local-ireland"
    words = ("env", "AWS_REGION=eu-west-1", f"TF_DATA_DIR={place}/terraform", sys.executable, "-m", "scripts.plan")

    def plan(*arguments: str) -> tuple[int, str]:
        cloud = (sys.executable, "-m", "scripts.cloud", "exec", "--")
        with yard.start(*cloud, *words, *arguments) as process:
            output, _ = process.communicate(timeout=120)
        return process.returncode, output

    code, output = plan("stack", "--env", "dev", "--yes")
    assert code == 0, output
    assert "Created the state bucket trainyard-tfstate-123456789012-eu-west-1" in output
    review = reviewed(place / "plan")
    assert review["counts"]["create"] == 21
    assert above_low(review) == []
    assert plan("review", str(place / "plan/plan.tfplan"), "--fail-on", "medium")[0] == 0
