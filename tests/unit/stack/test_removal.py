"""What a removal of the stack would stumble over."""

from scripts.stack.removal import Protected, protected


def change(kind: str, actions: list[str], before: dict[str, object] | None) -> dict[str, object]:
    return {"type": kind, "change": {"actions": actions, "before": before}}


def test_buckets_and_repositories_that_go_only_when_empty_are_found() -> None:
    plan = {
        "resource_changes": [
            change("aws_s3_bucket", ["delete"], {"bucket": "kept", "force_destroy": False}),
            change("aws_s3_bucket", ["delete"], {"bucket": "imported", "force_destroy": None}),
            change("aws_s3_bucket", ["delete"], {"bucket": "thrown-away", "force_destroy": True}),
            change("aws_s3_bucket", ["no-op"], {"bucket": "stays", "force_destroy": False}),
            change("aws_ecr_repository", ["delete"], {"name": "images", "force_delete": False}),
            change("aws_iam_role", ["delete"], {"name": "role"}),
            change("aws_s3_bucket", ["create"], None),
        ]
    }
    assert list(protected(plan)) == [
        Protected("aws_s3_bucket", "kept", "force_destroy"),
        Protected("aws_s3_bucket", "imported", "force_destroy"),
        Protected("aws_ecr_repository", "images", "force_delete"),
    ]


def test_a_plan_without_changes_removes_nothing() -> None:
    assert list(protected({})) == []
