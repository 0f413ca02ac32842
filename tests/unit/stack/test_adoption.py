"""What exists already under a name of the stack: adopted with our tags, refused without them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from scripts.core import aws
from scripts.core.errors import UserError
from scripts.stack import adoption
from scripts.stack.adoption import New
from tests.unit.aws_server import poor_user
from tests.unit.review.plans import plan, resource

TAGS = {"Environment": "dev", "ManagedBy": "Terraform", "Project": "trainyard"}
PAIRS = [{"Key": key, "Value": value} for key, value in TAGS.items()]
TRUST = '{"Version": "2012-10-17", "Statement": []}'
MAKERS: dict[str, Callable[[str, bool], object]] = {
    "aws_s3_bucket": lambda name, tagged: (
        aws.client("s3").create_bucket(Bucket=name),
        tagged and aws.client("s3").put_bucket_tagging(Bucket=name, Tagging={"TagSet": PAIRS}),
    ),
    "aws_ecr_repository": lambda name, tagged: aws.client("ecr").create_repository(
        repositoryName=name, tags=PAIRS if tagged else []
    ),
    "aws_iam_role": lambda name, tagged: aws.client("iam").create_role(
        RoleName=name, AssumeRolePolicyDocument=TRUST, Tags=PAIRS if tagged else []
    ),
    "aws_cloudwatch_log_group": lambda name, tagged: aws.client("logs").create_log_group(
        logGroupName=name, tags=TAGS if tagged else {}
    ),
}


def new(kind: str, name: str = "trainyard-dev") -> New:
    return New(f"{kind}.this", kind, name, TAGS)


def test_only_what_is_created_under_a_name_that_can_be_taken_is_looked_for() -> None:
    after: dict[str, Any] = {"bucket": "data", "name": "data", "tags_all": TAGS}
    made = plan(
        resource("module.buckets.aws_s3_bucket.this[0]", ("create",), None, after),
        resource("aws_s3_bucket.kept", ("update",), after, after),
        resource("aws_s3_bucket.replaced", ("delete", "create"), after, after),
        resource("aws_s3_bucket.unnamed", ("create",), None, {"tags_all": TAGS}),
        resource("aws_s3_bucket_policy.this", ("create",), None, after),
    )
    found = list(adoption.created(made))
    assert found == [New("module.buckets.aws_s3_bucket.this[0]", "aws_s3_bucket", "data", TAGS)]


@pytest.mark.parametrize(
    ("tags", "is_ours"),
    [
        (TAGS, True),
        ({**TAGS, "Owner": "ada"}, True),
        ({**TAGS, "Environment": "prod"}, False),
        ({"Project": "trainyard"}, False),
        ({}, False),
    ],
)
def test_all_of_our_tags_must_be_there(tags: dict[str, str], is_ours: bool) -> None:
    assert adoption.is_ours(new("aws_iam_role"), tags) is is_ours
    assert not adoption.is_ours(New("a.b", "aws_iam_role", "b", {}), tags)


@pytest.mark.parametrize("kind", sorted(adoption.NAMES))
def test_what_carries_our_tags_is_found_by_its_name(kind: str, empty_aws: None) -> None:
    assert adoption.leftovers([new(kind)]) == []
    MAKERS[kind]("trainyard-dev", True)
    assert adoption.leftovers([new(kind), new(kind, "trainyard")]) == [new(kind)]


@pytest.mark.parametrize("kind", sorted(adoption.NAMES))
def test_what_does_not_is_refused(kind: str, empty_aws: None) -> None:
    MAKERS[kind]("trainyard-dev", False)
    with pytest.raises(UserError, match=f"{adoption.WORDS[kind]} trainyard-dev exists already") as caught:
        adoption.leftovers([new(kind)])
    assert "Environment=dev, ManagedBy=Terraform, Project=trainyard" in caught.value.problem


def test_without_the_right_to_look_terraform_finds_out(empty_aws: None) -> None:
    MAKERS["aws_iam_role"]("trainyard-dev", False)
    with poor_user():
        assert adoption.leftovers([new("aws_iam_role"), new("aws_ecr_repository")]) == []


def test_the_configuration_is_copied_and_imports(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("main.tf", "modules/a/main.tf", ".terraform.lock.hcl", ".terraform/big"):
        file = Path("terraform", name)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(name, encoding="utf-8")
    private = tmp_path / "private"
    private.mkdir()
    copy = adoption.configuration([New('module.b.aws_s3_bucket.this["data"]', "aws_s3_bucket", "x", TAGS)], private)
    assert copy == private / "terraform"
    assert {path.relative_to(copy).as_posix() for path in copy.rglob("*") if path.is_file()} == {
        "main.tf",
        "modules/a/main.tf",
        ".terraform.lock.hcl",
        adoption.IMPORTS,
    }
    assert (copy / adoption.IMPORTS).read_text(encoding="utf-8") == (
        'import {\n  to = module.b.aws_s3_bucket.this["data"]\n  id = "x"\n}\n'
    )
