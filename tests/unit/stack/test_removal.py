"""The resources that would stop the removal of a stack half-way."""

from typing import Any

from scripts.review.model import Action, Change, Plan
from scripts.stack.removal import ProtectedResource, protected_resources

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
