"""Finds what an apply created and could not record, and adopts it: by its name and our tags, never without them.

Terraform writes its state while it applies. If it is killed, or if AWS's answer is lost, a resource exists that the
state does not have, and every later apply fails with "already exists". Only a resource of `NAMES` can fail in this way:
the others are settings of these, and to create one that exists changes nothing.
"""

import json
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scripts.core import aws
from scripts.core.console import listed
from scripts.core.errors import UserError
from scripts.review.model import Action, Plan
from scripts.stack.terraform import FOLDER

NAMES = {
    "aws_cloudwatch_log_group": "name",
    "aws_ecr_repository": "name",
    "aws_iam_role": "name",
    "aws_s3_bucket": "bucket",
}
"""The types whose name is taken once: the attribute that holds it, which is also the id of an import."""
WORDS = {
    "aws_cloudwatch_log_group": "log group",
    "aws_ecr_repository": "repository",
    "aws_iam_role": "role",
    "aws_s3_bucket": "bucket",
}
IMPORTS = "adopted.tf"


@dataclass(frozen=True)
class New:
    """A resource that a plan creates under a name that can be taken already.

    Attributes:
        address: where it is in Terraform's configuration.
        type: a key of `NAMES`.
        name: its name in the account.
        tags: the tags that it gets.
    """

    address: str
    type: str
    name: str
    tags: Mapping[str, str]

    def __str__(self) -> str:
        return f"{WORDS[self.type]} {self.name}"


def created(plan: Plan) -> Iterator[New]:
    """The resources that a plan creates under a name that can be taken already. Pure."""
    for change in plan.changes:
        name = (change.after or {}).get(NAMES.get(change.type, ""))
        if change.action is Action.CREATE and isinstance(name, str):
            yield New(change.address, change.type, name, (change.after or {}).get("tags_all") or {})


def leftovers(resources: Iterable[New]) -> list[New]:
    """Those resources that exist already and carry our tags.

    Raises:
        UserError: one exists without our tags.
    """
    found = [(new, tags) for new in resources if (tags := _tags_in_account(new)) is not None]
    foreign = [new for new, tags in found if not is_ours(new, tags)]
    if foreign:
        raise refusal(foreign)
    return [new for new, _ in found]


def is_ours(new: New, tags: Mapping[str, str]) -> bool:
    """Whether a resource with these tags was created by this stack. Without tags of ours, nothing is. Pure."""
    return bool(new.tags) and all(tags.get(key) == value for key, value in new.tags.items())


def refusal(foreign: list[New]) -> UserError:
    """The error about resources that exist and are not ours. Pure."""
    names, tags = listed([str(new) for new in foreign]), foreign[0].tags
    wanted = ", ".join(f"{key}={value}" for key, value in sorted(tags.items()))
    bucket = next((new.name for new in foreign if new.type == "aws_s3_bucket"), None)
    how = f" (`aws s3 rb s3://{bucket}` does, if it is empty)" if bucket else ""
    exists = "exists already and does" if len(foreign) == 1 else "exist already and do"
    return UserError(
        f"In this account, {names} {exists} not carry this stack's tags ({wanted}): never adopted.",
        f"Remove what nobody needs{how}, or choose another `project` in terraform/environments/, then run `make plan` "
        "again. If it is this stack's, give it these tags first.",
    )


def import_text(resources: Iterable[New]) -> str:
    """Terraform's import blocks for these resources. Pure."""
    return "\n".join(f"import {{\n  to = {new.address}\n  id = {json.dumps(new.name)}\n}}\n" for new in resources)


def configuration(resources: Iterable[New], private: Path) -> Path:
    """A copy of terraform/ in the private folder of this call, with import blocks for these resources."""
    copy = private / FOLDER.name
    shutil.copytree(FOLDER, copy, ignore=shutil.ignore_patterns(".terraform", "*.tfstate*"))
    (copy / IMPORTS).write_text(import_text(resources), encoding="utf-8")
    return copy


def _tags_in_account(new: New) -> dict[str, str] | None:
    """The tags of the resource of this type and name; None if there is none, or if you lack the right to look."""
    from botocore.exceptions import ClientError

    try:
        return _READERS[new.type](new.name)
    except ClientError as error:
        if aws.is_access_denied(error) or aws.error_code(error) in MISSING:
            return None
        raise


MISSING = {"404", "NoSuchBucket", "NoSuchEntity", "RepositoryNotFoundException", "ResourceNotFoundException"}


def _of_bucket(name: str) -> dict[str, str] | None:
    from botocore.exceptions import ClientError

    client = aws.client("s3")
    client.head_bucket(Bucket=name)
    try:
        return _pairs(client.get_bucket_tagging(Bucket=name)["TagSet"])
    except ClientError as error:
        if aws.error_code(error) == "NoSuchTagSet":
            return {}
        raise


def _of_repository(name: str) -> dict[str, str] | None:
    client = aws.client("ecr")
    (repository,) = client.describe_repositories(repositoryNames=[name])["repositories"]
    return _pairs(client.list_tags_for_resource(resourceArn=repository["repositoryArn"])["tags"])


def _of_role(name: str) -> dict[str, str] | None:
    return _pairs(aws.client("iam").get_role(RoleName=name)["Role"].get("Tags", []))


def _of_log_group(name: str) -> dict[str, str] | None:
    client = aws.client("logs")
    groups = client.describe_log_groups(logGroupNamePrefix=name)["logGroups"]
    arns = [group["arn"].removesuffix(":*") for group in groups if group["logGroupName"] == name]
    return dict(client.list_tags_for_resource(resourceArn=arns[0])["tags"]) if arns else None


def _pairs(tags: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in tags}


_READERS: Mapping[str, Callable[[str], dict[str, str] | None]] = {
    "aws_cloudwatch_log_group": _of_log_group,
    "aws_ecr_repository": _of_repository,
    "aws_iam_role": _of_role,
    "aws_s3_bucket": _of_bucket,
}
