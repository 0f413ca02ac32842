"""The reviews of real plans by the real provider: their exact text, and the facts that must always be in them.

`python -m tests.unit.review.golden.make --accept` accepts the current reviews; read the diff before you commit it.
"""

import functools
import json
import re
from pathlib import Path

import pytest

from scripts.review import reading, render
from scripts.review.digest import digest
from scripts.review.model import Action, ChangeView, Review, Status
from tests.unit.review.golden.make import GOLDEN, golden_review, names, normalised, texts

ACCEPT = "python -m tests.unit.review.golden.make --accept"
accepted = functools.cache(golden_review)
FILES = sorted(file for file in GOLDEN.rglob("*") if file.suffix in (".json", ".md"))


@pytest.fixture(autouse=True)
def slowness() -> None:
    """The digests of the accepted pages are those that users get."""


@pytest.mark.parametrize("name", names())
def test_the_review_equals_the_accepted_one(name: str) -> None:
    for file, text in texts(accepted(name)).items():
        assert text == (GOLDEN / name / file).read_text(encoding="utf-8"), f"If the new text is right: {ACCEPT}"


@pytest.mark.parametrize("file", FILES, ids=lambda file: f"{file.parent.name}/{file.name}")
def test_no_file_names_the_machine_that_wrote_it(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    assert not re.search(r"127\.0\.0\.1|localhost|/tmp/|/root/|/home/|/Users/", text)
    assert file.name != "plan.json" or normalised(text) == text


def findings(review: Review, *statuses: Status) -> set[tuple[str, str]]:
    """The rule and address of each finding with one of the statuses; new ones by default."""
    return {(each.rule, each.address) for each in review.findings if each.status in (statuses or (Status.NEW,))}


def change(review: Review, address: str) -> ChangeView:
    [found] = [each for each in review.changes if each.address == address]
    return found


def test_create() -> None:
    review = accepted("create")
    assert review.counts == {"create": 8}
    assert ("iam-pass-role", "aws_iam_role_policy.reader") in findings(review)
    reader = next(each for each in review.permissions if each.kind == "identity")
    assert {each.action for each in reader.added} == {"iam:PassRole", "s3:GetObject", "s3:ListBucket"}
    assert all(each.is_new for each in review.permissions)
    assert review.verdict == "New findings: 1 high. Creates 8 resources."


def test_update() -> None:
    review = accepted("update")
    assert {rule for rule, _ in findings(review)} == {
        "s3-public-access-open",
        "s3-versioning-suspended",
        "retention-shortened",
        "ecr-mutable-tags",
    }
    assert [each.path for each in change(review, "aws_s3_bucket.data").differences] == ["tags.Cost", "tags.Owner"]


def test_permissions_are_compared_by_meaning() -> None:
    """Another order of actions, or a wildcard for the same actions, changes no permission."""
    review = accepted("permissions")
    assert ("s3-public-policy", "aws_s3_bucket_policy.data") in findings(review)
    [role] = [each for each in review.permissions if each.kind == "identity"]
    assert {(each.action, each.marks) for each in role.added} == {
        ("s3:GetObject", ("lost condition",)),
        ("s3:ListBucket", ("lost condition",)),
        ("iam:PassRole", ("escalates", "on everything")),
        ("sagemaker:CreateTrainingJob", ("on everything",)),
    }
    assert not any(each.removed for each in review.permissions)
    outside = {each.place for each in review.permissions for one in each.added if "outside account" in one.marks}
    assert outside == {"aws_iam_role.worker", "aws_kms_key.data"}


def test_replace() -> None:
    review = accepted("replace")
    assert review.counts == {"update": 1, "replace": 6}
    lost = {address for rule, address in findings(review) if rule == "data-replaced"}
    assert {"aws_s3_bucket.models", "aws_ecr_repository.images"} <= lost
    assert change(review, "aws_s3_bucket.models").why == "bucket cannot be changed in place"
    assert [each.path for each in change(review, "aws_s3_bucket.models").differences if each.forces_replacement] == [
        "bucket"
    ]
    assert change(review, "aws_cloudwatch_log_group.jobs").label == "replace, new one first"
    assert change(review, "aws_sns_topic.asked_for").why == "requested with -replace"
    assert change(review, "aws_sns_topic.triggered").why == "something in its replace_triggered_by changes"


def test_destroy() -> None:
    review = accepted("destroy")
    assert set(review.counts) == {"destroy"}
    assert {
        ("data-destroyed", "aws_s3_bucket.cache"),
        ("data-destroyed", "aws_dynamodb_table.runs"),
        ("kms-key-deleted", "aws_kms_key.data"),
    } <= findings(review)
    assert [each.kind for each in review.permissions] == ["identity"]  # access to a destroyed resource is not listed


def test_drift_that_stays() -> None:
    review = accepted("drift")
    assert [each.address for each in review.changes] == ["aws_sns_topic.alerts"]
    assert {each.address for each in review.drift} == {
        "aws_iam_role.worker",
        "aws_s3_bucket.data",
        "aws_sqs_queue.jobs",
    }
    assert ("iam-admin-policy", "aws_iam_role.worker") in findings(review, Status.THERE)


def test_changes_that_revert_drift_are_recognised() -> None:
    review = accepted("reverted-drift")
    assert {each.address: each.reverts_drift for each in review.changes} == {
        "aws_s3_bucket_public_access_block.data": True,
        "aws_sqs_queue.jobs": True,
        "aws_sns_topic.alerts": True,
        "aws_sqs_queue.results": False,
    }
    assert ("s3-public-access-open", "aws_s3_bucket_public_access_block.data") in findings(review, Status.FIXED)
    assert review.verdict.startswith("3 changes only revert changes made outside of Terraform.")


def test_refresh_only() -> None:
    review = accepted("refresh-only")
    assert review.changes == ()
    assert len(review.drift) == 4
    assert review.verdict == "Nothing changes. 4 resources were changed outside of Terraform."


def test_import() -> None:
    review = accepted("import")
    assert review.counts == {"update": 1, "import": 4}
    assert change(review, "aws_s3_bucket.as_it_is").label == "import"
    assert change(review, "aws_s3_bucket.as_it_is").import_id == "golden-import-as-it-is"
    assert change(review, "aws_sqs_queue.changed").label == "import and update"


def test_moved() -> None:
    review = accepted("moved")
    assert review.counts == {"update": 1, "move": 3}
    assert change(review, "module.queue.aws_sqs_queue.this").previous_address == "aws_sqs_queue.root"
    assert change(review, 'aws_sns_topic.each["one"]').label == "move and update"


def test_forgotten() -> None:
    review = accepted("forgotten")
    assert review.counts == {"destroy": 1, "forget": 2}
    assert [each.differences for each in review.changes if each.action is Action.FORGET] == [(), ()]
    assert "data-destroyed" not in {rule for rule, _ in findings(review)}


def test_unknown_values() -> None:
    review = accepted("unknown")
    policies = {f"aws_iam_role_policy.from_{source}" for source in ("jsonencode", "a_data_source")}
    assert {("unknown-until-apply", address) for address in policies} <= findings(review)
    assert ("iam-admin-policy", "aws_iam_role_policy.from_a_data_source") in findings(review)
    [role] = [each for each in review.permissions if each.unknown]
    assert [(each.action, each.resource) for each in role.known] == [("*", "*")]


def test_sensitive_values() -> None:
    review = accepted("sensitive")
    assert "CANARY" in (GOLDEN / "sensitive" / "plan.json").read_text(encoding="utf-8")
    data = json.dumps(render.data([review]))
    for page in (render.markdown([review]), render.html([review]), data, "\n".join(render.terminal(review))):
        assert not re.search("CANARY|0123456789|4711|0815|nobody-marked", page, re.IGNORECASE)
    assert len(review.changes) == 4


def test_another_secret_has_another_digest() -> None:
    text = (GOLDEN / "sensitive" / "plan.json").read_text(encoding="utf-8")
    one, other = (digest(reading.read(each, "p")) for each in (text, text.replace("another-variable", "a-third-one")))
    assert one != other


def test_for_each_and_count() -> None:
    review = accepted("for-each")
    assert change(review, 'aws_sqs_queue.each["goes"]').why == "for_each no longer has its key"
    assert change(review, "aws_sns_topic.counted[2]").why == "count no longer reaches its index"
    page = render.html([review])
    assert "<script>]" not in page
    assert "&lt;script&gt;" in page


def test_nested_modules() -> None:
    review = accepted("nested-modules")
    assert {each.module for each in review.changes} == {
        f'module.team["{name}"]{store}' for name in ("speech", "text", "vision") for store in ("", ".module.store")
    } - {'module.team["vision"]'}
    bucket = 'module.team["speech"].module.store.aws_s3_bucket.this'
    assert ("data-destroyed", bucket) in findings(review)
    assert change(review, bucket).why == "its module is no longer in the configuration"


def test_a_plan_that_ended_in_an_error() -> None:
    review = accepted("errored")
    assert (review.errored, review.applyable, review.complete) == (True, False, False)
    assert {("plan-errored", "(the plan)"), ("check-failed", "aws_s3_bucket.data")} <= findings(review)


def test_no_change() -> None:
    review = accepted("no-change")
    assert (review.verdict, review.changes, review.findings) == ("Nothing changes.", (), ())
