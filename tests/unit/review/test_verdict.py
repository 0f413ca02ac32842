"""The verdict, which a reviewer reads first, is correct for every kind of plan."""

import json
import time
from typing import Any

import pytest

from scripts.review.model import Finding, Permission, PrincipalChange, Severity, Status
from scripts.review.reading import read
from scripts.review.review import review
from scripts.review.secrets.mask import Mask
from scripts.review.settings import NONE
from scripts.review.verdict import verdict
from tests.unit.review.plans import document, plan, resource

TAGS = resource("aws_kms_key.k", ("update",), {"tags": {"a": "1"}}, {"tags": {"a": "2"}})
BUCKET = {"bucket": "b", "force_destroy": True}


def verdict_of(*changes: dict[str, Any], **members: Any) -> str:
    """The verdict without findings and permissions."""
    found = review(read(json.dumps(document(*changes, **members)), "p"), NONE)
    read_plan = plan(*changes, **members)
    return verdict(read_plan, Mask(read_plan), found.changes, found.drift, (), ())


def replaced(address: str, **values: Any) -> dict[str, Any]:
    return resource(address, ("delete", "create"), {**BUCKET, **values}, {**BUCKET, "bucket": "c"})


def destroyed(address: str, **values: Any) -> dict[str, Any]:
    return resource(address, ("delete",), values, None)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ([], "Nothing changes."),
        ([resource("a.b", ("no-op",), {}, {})], "Nothing changes."),
        ([TAGS], "Only tags change."),
        ([resource("a.b", ("create",), None, {"x": 1})], "Creates 1 resource."),
        (
            [
                resource("a.b", ("create",), None, {"x": 1}),
                resource("a.c", ("update",), {"x": 1}, {"x": 2}),
                TAGS,
                destroyed("a.d"),
            ],
            "Creates 1 resource, updates 2 and destroys 1.",
        ),
        ([resource("a.b", ("no-op",), {}, {}, entry={"previous_address": "a.a"})], "Only the state changes: 1 moved."),
        (
            [resource("a.b", ("no-op",), {}, {}, importing={"id": "i"}), resource("a.c", ("forget",), {}, None)],
            "Only the state changes: 1 imported, 1 forgotten.",
        ),
        (
            [resource("a.b", ("update",), {"x": 1}, {"x": 2}, importing={"id": "i"})],
            "Updates 1 resource. Of these, 1 is imported.",
        ),
        ([TAGS, resource("a.c", ("forget",), {}, None)], "Only tags change. In the state only: 1 forgotten."),
        ([resource("data.a.b", ("read",), None, {})], "Only reads 1 data source during the apply."),
        (
            [replaced("aws_s3_bucket.models"), TAGS],
            "Replaces the models bucket: its objects are lost. The other changes are only tags.",
        ),
        (
            [replaced('aws_s3_bucket.this["models"]', force_destroy=False)],
            "Replaces the models bucket: the apply fails unless it is empty.",
        ),
        (
            [destroyed("module.d.aws_dynamodb_table.this")],
            "Destroys module.d.aws_dynamodb_table.this: its items are lost.",
        ),
        (
            [
                destroyed("aws_s3_bucket.a"),
                destroyed("aws_db_instance.d"),
                destroyed("aws_kms_key.k"),
                destroyed("x.y"),
            ],
            "Destroys the a bucket: the apply fails unless it is empty. Destroys the d database: only its final"
            " snapshot is left. Destroys or replaces 1 more resource that holds data. Other changes: 1 destroyed.",
        ),
        (
            [destroyed("module.a.aws_sqs_queue.q"), destroyed("module.b.aws_sqs_queue.q")],
            "Destroys module.a.aws_sqs_queue.q: its messages are lost."
            " Destroys module.b.aws_sqs_queue.q: its messages are lost.",
        ),
    ],
)
def test_verdicts_of_plans(changes: list[dict[str, Any]], sentence: str) -> None:
    assert verdict_of(*changes) == sentence


def test_outputs_alone() -> None:
    change = {"actions": ["update"], "before": 1, "after": 2}
    assert verdict_of(output_changes={"o": change, "p": change}) == "Only 2 outputs change."
    assert verdict_of(TAGS, output_changes={"o": change}) == "Only tags change."


def test_drift() -> None:
    drift = resource("a.b", ("update",), {"x": 1}, {"x": 2})
    back = resource("a.b", ("update",), {"x": 2}, {"x": 1})
    assert verdict_of(drift=(drift,)) == "Nothing changes. 1 resource was changed outside of Terraform."
    assert verdict_of(back, drift=(drift,)) == "1 change only reverts a change made outside of Terraform."
    assert verdict_of(back, TAGS, drift=(drift,)) == (
        "1 change only reverts a change made outside of Terraform. The other changes are only tags."
    )


def test_errored_and_incomplete_plans() -> None:
    assert verdict_of(errored=True) == (
        "Planning ended in an error: this plan is incomplete. Do not apply it. Nothing was planned."
    )
    deferred = {"reason": "x", "resource_change": resource("a.b", ("create",), None, {})}
    assert verdict_of(complete=False, deferred_changes=[deferred]) == (
        "This plan is incomplete: 1 change is deferred to a later plan. Nothing changes."
    )
    assert verdict_of(TAGS, complete=False) == (
        "This plan is incomplete: some changes are deferred to a later plan. Only tags change."
    )


def test_findings_and_permissions() -> None:
    found = plan(TAGS)
    mask = Mask(found)
    finding = Finding("r", Severity.HIGH, Status.NEW, "a.b", "what", "why", "fix", "page")
    there = Finding("r", Severity.CRITICAL, Status.THERE, "a.b", "what", "why", "fix", "page")
    allowed = Permission("Allow", "s3:GetObject", "*")
    denied = Permission("Deny", "s3:PutObject", "*")
    change = PrincipalChange("p", "identity", "a.b", added=(allowed, denied), removed=(allowed,))
    unknown = PrincipalChange("q", "identity", "a.c", unknown="its policy is not known")
    shown = review(found, NONE).changes
    assert verdict(found, mask, shown, (), [finding, there], [change, unknown]) == (
        "New findings: 1 high. Grants 2 permissions, revokes 1."
        " The permissions of 1 principal are known only after the apply. Only tags change."
    )
    narrower = PrincipalChange("p", "identity", "a.b", removed=(allowed,))
    assert verdict(found, mask, (), (), (), [narrower]) == "Revokes 1 permission. Nothing changes."


def test_a_secret_key_is_masked() -> None:
    sentence = verdict_of(
        replaced('aws_s3_bucket.this["hunter22"]'),
        resource("a.b", ("update",), {"p": "hunter22"}, {"p": "x"}, before_sensitive={"p": True}),
    )
    assert "hunter22" not in sentence
    assert sentence.startswith('Replaces aws_s3_bucket.this["(sensitive)"]: its objects are lost.')


def test_counts_and_order() -> None:
    found = review(
        plan(
            replaced("aws_s3_bucket.b"),
            TAGS,
            resource("a.b", ("update",), {}, {"x": 1}, importing={"id": "i"}, entry={"previous_address": "a.a"}),
            resource("a.c", ("no-op",), {}, {}),
        ),
        NONE,
    )
    assert found.counts == {"update": 2, "replace": 1, "import": 1, "move": 1}
    assert [each.address for each in found.changes] == ["aws_s3_bucket.b", "aws_kms_key.k", "a.b"]
    weights = [(-each.severity, each.status is not Status.NEW) for each in found.findings]
    assert weights == sorted(weights)


def test_time_grows_linearly_with_the_plan() -> None:
    changes = [resource(f"a.b[{index}]", ("update",), {"x": 1}, {"x": index + 2}) for index in range(10_000)]
    found = plan(*changes)
    start = time.process_time()
    assert review(found, NONE).verdict == "Updates 10000 resources."
    assert time.process_time() - start < 6


def test_the_gravest_loss_is_named_first() -> None:
    small = [destroyed(f"aws_ssm_parameter.p{number}", name="p") for number in range(2)]
    database = destroyed("aws_db_instance.prod", skip_final_snapshot=True)
    found = review(read(json.dumps(document(*small, database)), "p"), NONE).verdict
    assert found.startswith("Destroys the prod database: its data is lost. ")
    assert "Destroys or replaces 1 more resource that holds data." in found
