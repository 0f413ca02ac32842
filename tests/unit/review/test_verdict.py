"""The verdict, which a reviewer reads first, is correct for every kind of plan."""

import json
import time
from typing import Any

import pytest

from scripts.review.model import Finding, Permission, PrincipalChange, Severity, Shown, Status
from scripts.review.reading import read
from scripts.review.review import review
from scripts.review.secrets.mask import Mask
from scripts.review.settings import NONE
from scripts.review.verdict import verdict
from tests.unit.review.plans import document, plan, resource

TAGS = resource("aws_kms_key.k", ("update",), {"tags": {"a": "1"}}, {"tags": {"a": "2"}})
GRANT = Permission("Allow", Shown("s3:GetObject"), Shown("*"))
BUCKET = {"bucket": "b", "force_destroy": True}


def verdict_of(*changes: dict[str, Any], **members: Any) -> str:
    """The verdict without findings and permissions."""
    found = review(read(json.dumps(document(*changes, **members)), "p"), NONE)
    read_plan = plan(*changes, **members)
    headline, further = verdict(read_plan, Mask(read_plan), found.changes, found.drift, (), ())
    return " ".join((headline, *further))


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
            "Destroys the k key: nobody can read what it encrypted. Also destroys 2 more that hold data.",
        ),
        (
            [destroyed("module.a.aws_sqs_queue.q"), destroyed("module.b.aws_sqs_queue.q")],
            "Destroys module.a.aws_sqs_queue.q: its messages are lost. Also destroys module.b.aws_sqs_queue.q.",
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
    finding = Finding("r", Severity.HIGH, Status.NEW, Shown("a.b"), "title", Shown("what"), "why", "fix", "page")
    there = Finding("r", Severity.CRITICAL, Status.THERE, Shown("a.b"), "title", Shown("what"), "why", "fix", "page")
    allowed = Permission("Allow", Shown("s3:GetObject"), Shown("*"))
    denied = Permission("Deny", Shown("s3:PutObject"), Shown("*"))
    change = PrincipalChange(Shown("role/p"), "identity", Shown("a.b"), added=(allowed, denied), removed=(allowed,))
    shown = review(found, NONE).changes
    assert verdict(found, mask, shown, (), [finding, there], [change]) == (
        "New findings: 1 high. role/p gains 2 permissions and loses 1. Only tags change.",
        (),
    )


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ([PrincipalChange(Shown("role/p"), "identity", Shown("a.b"), removed=(GRANT,))], "role/p loses 1 permission."),
        ([PrincipalChange(Shown("*"), "resource", Shown("a.b"), added=(GRANT,))], "Everybody gains 1 permission."),
        (
            [PrincipalChange(Shown("r" * 60), "identity", Shown("a.b"), added=(GRANT,))],
            "One existing principal gains 1 permission.",
        ),
        (
            [
                PrincipalChange(Shown("p"), "identity", Shown("a.b"), added=(GRANT, GRANT), removed=(GRANT,)),
                PrincipalChange(Shown("q"), "identity", Shown("a.c"), added=(GRANT,)),
            ],
            "2 existing principals gain 3 permissions and lose 1.",
        ),
        (
            [PrincipalChange(Shown("q"), "identity", Shown("a.c"), unknown=Shown("not known"))],
            "The permissions of 1 existing principal are known only after the apply.",
        ),
        (
            [
                PrincipalChange(
                    Shown("q"), "identity", Shown("a.c"), added=(GRANT,), unknown=Shown("not known"), is_new=True
                )
            ],
            "",
        ),
    ],
)
def test_only_what_existing_principals_gain_and_lose_is_in_the_headline(
    changes: list[PrincipalChange], sentence: str
) -> None:
    found = plan()
    assert verdict(found, Mask(found), (), (), (), changes) == (f"{sentence} Nothing changes.".strip(), ())


def test_a_refused_destruction_is_no_loss() -> None:
    kept = destroyed("aws_db_instance.prod", deletion_protection=True, skip_final_snapshot=True)
    lost = destroyed("aws_s3_object.readme")
    refusal = "AWS refuses to destroy the prod database: deletion_protection is on."
    assert verdict_of(kept) == refusal
    assert verdict_of(lost, kept) == f"Destroys the readme object: its content is lost. {refusal}"
    assert verdict_of(kept, destroyed("aws_lb.front", enable_deletion_protection=True)) == (
        "AWS refuses to destroy the prod database and 1 more: they are protected."
    )
    empty = destroyed("aws_s3_bucket.logs", force_destroy=False)
    assert verdict_of(empty, kept).startswith(refusal)


def test_what_has_no_room_is_in_the_summary_unless_it_is_told_elsewhere() -> None:
    long = [destroyed(f'module.m.aws_s3_bucket.b["{"x" * 70}{number}"]', force_destroy=True) for number in range(3)]
    drift = resource("a.b", ("update",), {"x": 1}, {"x": 2})
    found = review(read(json.dumps(document(*long, TAGS, drift=(drift,))), "p"), NONE)
    assert len(found.verdict) <= 110
    assert found.verdict.startswith("Destroys the …xxx")
    assert found.summary == (
        "Also destroys 2 more that hold data.",
        "The other changes are only tags.",
        "1 resource was changed outside of Terraform.",
    )


def test_a_policy_in_another_order_is_no_update() -> None:
    def policy(*actions: str) -> str:
        statements = [{"Effect": "Allow", "Action": list(actions), "Resource": "*"}, {"Effect": "Deny", "Action": "*"}]
        return json.dumps({"Statement": statements if actions[0] == "a:B" else statements[::-1]})

    address = "aws_sqs_queue_policy.q"
    turned = resource(address, ("update",), {"policy": policy("a:B", "c:D")}, {"policy": policy("c:D", "a:B")})
    found = review(plan(turned), NONE)
    assert [each.reordered for each in found.changes] == [True]
    assert found.counts == {"reordered": 1}
    assert found.verdict == "1 update changes only the order of a policy or of JSON."
    real = resource("a.b", ("update",), {"x": 1, "j": '{"a": 1, "b": 2}'}, {"x": 2, "j": '{"b": 2, "a": 1}'})
    found = review(plan(turned, real), NONE)
    assert (found.counts, found.verdict.split(".")[0]) == ({"update": 1, "reordered": 1}, "Updates 1 resource")
    spare = resource("a.b", ("update",), {"x": None}, {"x": ""})  # folded too, but nothing says that it is an order
    assert review(plan(spare), NONE).counts == {"update": 1}


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


@pytest.mark.e2e
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
    assert found.endswith(" Also destroys 2 more that hold data.")


def test_a_database_and_a_key_are_named_before_lesser_losses_in_any_order_of_the_plan() -> None:
    losses = [
        destroyed("aws_ssm_parameter.flag", name="p"),
        destroyed("aws_s3_object.readme", key="k"),
        destroyed("aws_db_instance.prod", skip_final_snapshot=True),
        destroyed("aws_kms_key.data"),
    ]
    for turn in range(len(losses)):
        found = review(read(json.dumps(document(*losses[turn:], *losses[:turn])), "p"), NONE)
        assert found.verdict == (
            "Destroys the prod database: its data is lost. Also destroys the data key and 2 more that hold data."
        )
