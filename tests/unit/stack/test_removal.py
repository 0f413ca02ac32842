"""The resources that would stop the removal of a stack half-way."""

import json
from typing import Any

import pytest

from scripts.core.errors import UserError
from scripts.review.model import Action, Change, Plan
from scripts.stack.removal import KEEP_BUCKET, ProtectedResource, ask_for_name, is_protected, protected_resources
from tests.conftest import ROOT

AWS = "registry.terraform.io/hashicorp/aws"


def change(kind: str, action: Action, before: dict[str, object] | None, **more: Any) -> Change:
    return Change(f"{kind}.this", "", "managed", kind, "this", AWS, action, before, None, **more)


def test_buckets_and_repositories_that_can_be_deleted_only_when_empty_are_found() -> None:
    kept = {"force_destroy": False}
    plan = Plan(
        "dev",
        "1.2",
        "1.11.4",
        (
            change("aws_s3_bucket", Action.DESTROY, {"bucket": "kept", **kept}),
            change("aws_s3_bucket", Action.REPLACE, {"bucket": "replaced", **kept}),
            change("aws_s3_bucket", Action.REPLACE, {"bucket": "left", **kept}, leaves_old=True),
            change("aws_s3_bucket", Action.FORGET, {"bucket": "forgotten", **kept}),
            change("aws_s3_bucket", Action.DESTROY, {"bucket": "imported", "force_destroy": None}),
            change("aws_s3_bucket", Action.DESTROY, {"bucket": "thrown-away", "force_destroy": True}),
            change("aws_s3_bucket", Action.NO_OP, {"bucket": "stays", **kept}),
            change("aws_ecr_repository", Action.DESTROY, {"name": "images", "force_delete": False}),
            change("aws_iam_role", Action.DESTROY, {"name": "role"}),
            change("aws_s3_bucket", Action.CREATE, None),
        ),
    )
    assert list(protected_resources(plan)) == [
        ProtectedResource("aws_s3_bucket", "kept", "force_destroy"),
        ProtectedResource("aws_s3_bucket", "replaced", "force_destroy"),
        ProtectedResource("aws_s3_bucket", "imported", "force_destroy"),
        ProtectedResource("aws_ecr_repository", "images", "force_delete"),
    ]


def test_a_plan_without_changes_removes_nothing() -> None:
    assert list(protected_resources(Plan("dev", "1.2", "1.11.4"))) == []


KEPT = json.dumps({"Statement": [{"Sid": "TlsOnly"}, {"Sid": "KeepBucket", "Effect": "Deny"}]})


@pytest.mark.parametrize(
    ("kind", "action", "policy", "protected"),
    [
        ("aws_s3_bucket_policy", Action.DESTROY, KEPT, True),
        ("aws_s3_bucket_policy", Action.REPLACE, KEPT, True),
        ("aws_s3_bucket_policy", Action.UPDATE, KEPT, False),
        ("aws_s3_bucket_policy", Action.NO_OP, KEPT, False),
        ("aws_s3_bucket_policy", Action.DESTROY, '{"Statement": [{"Sid": "TlsOnly"}]}', False),
        ("aws_s3_bucket_policy", Action.DESTROY, '{"Statement": {"Effect": "Deny"}}', False),
        ("aws_s3_bucket_policy", Action.DESTROY, "not JSON", False),
        ("aws_s3_bucket_policy", Action.DESTROY, None, False),
        ("aws_sqs_queue_policy", Action.DESTROY, KEPT, False),
    ],
)
def test_a_stack_is_protected_as_long_as_its_applied_bucket_policies_say_so(
    kind: str, action: Action, policy: str | None, protected: bool
) -> None:
    assert is_protected(Plan("dev", "1.2", "1.11.4", (change(kind, action, {"policy": policy}),))) is protected


def test_the_statement_that_protects_is_the_one_of_the_module() -> None:
    """terraform/tests/buckets.tftest.hcl proves that the module writes it."""
    assert f'["{KEEP_BUCKET}"]' in (ROOT / "terraform/modules/buckets/main.tf").read_text(encoding="utf-8")


def test_a_removal_needs_the_name_of_the_environment() -> None:
    ask_for_name("local", "local")
    with pytest.raises(UserError, match="must type its name") as caught:
        ask_for_name("local", "")  # pytest has no terminal
    assert "`make destroy CONFIRM=local`" in caught.value.fix
    with pytest.raises(UserError, match="not the environment's name: nothing of `local` was removed"):
        ask_for_name("local", "prod")
