"""Binds a saved plan to its account, region and files: recorded at the review, compared before the apply."""

import hashlib
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from scripts.core.errors import UserError
from scripts.stack.target import Target
from scripts.stack.terraform import FOLDER

MEMBER = "binding"
"""The key of the binding in review.json."""

SETTINGS = Path("review.toml")
SKIPPED_SUFFIXES = {".backup", ".log", ".md", ".tfplan", ".tfstate"}
"""Files in terraform/ that are not configuration."""

PLAN_AGAIN = "Run `make plan` again: it plans and reviews."


class Binding(BaseModel):
    """The environment, account, region and files that a plan was made from.

    Attributes:
        environment: a name in terraform/environments/.
        account_id: the account that the plan is for.
        region: the region that the plan is for.
        endpoint: the address of S3; it differs between AWS and a local cloud.
        planned_at: when the plan was made.
        plan_sha256: the SHA-256 of the saved plan.
        files: name and SHA-256 of each file that Terraform or the review read.
    """

    model_config = ConfigDict(frozen=True)

    environment: str
    account_id: str
    region: str
    endpoint: str
    planned_at: datetime
    plan_sha256: str
    files: dict[str, str]


def bind(target: Target, plan: Path) -> Binding:
    """The binding of a plan file to the target and to its files as they are now."""
    return Binding(
        environment=target.environment,
        account_id=target.account_id,
        region=target.backend.region,
        endpoint=target.endpoint,
        planned_at=datetime.now(UTC).replace(microsecond=0),
        plan_sha256=_sha256(plan),
        files={str(file): _sha256(file) for file in _files(target)},
    )


def read(page: Path) -> Binding:
    """The binding that review.json holds.

    Raises:
        UserError: the file does not exist, or holds no valid binding.
    """
    try:
        return Binding.model_validate(json.loads(page.read_text(encoding="utf-8"))[MEMBER])
    except (FileNotFoundError, KeyError, TypeError, ValueError, ValidationError):
        raise UserError(f"{page} is missing or broken: the plan beside it cannot be checked.", PLAN_AGAIN) from None


def refusal(recorded: Binding, now: Binding, plan: Path) -> UserError | None:
    """The error if a saved plan must not be applied; None if nothing differs from the review. Pure.

    Args:
        recorded: the binding from the review.
        now: the binding as it is now.
        plan: the saved plan's file, for the message.
    """
    if recorded.environment != now.environment:
        return UserError(
            f"{plan} is a plan for the environment `{recorded.environment}`, not for `{now.environment}`.", PLAN_AGAIN
        )
    if (recorded.account_id, recorded.region) != (now.account_id, now.region):
        return UserError(
            f"{plan} is a plan for account {recorded.account_id}, {recorded.region}; "
            f"your credentials and region are those of account {now.account_id}, {now.region}.",
            "Use the account and region of the plan (AWS_PROFILE, AWS_REGION), or run `make plan` again.",
        )
    if recorded.endpoint != now.endpoint:
        return UserError(
            f"{plan} is a plan for the cloud at {recorded.endpoint}, not for the one at {now.endpoint}.", PLAN_AGAIN
        )
    if recorded.plan_sha256 != now.plan_sha256:
        return UserError(f"{plan} is not the plan that was reviewed: the file has changed since.", PLAN_AGAIN)
    changed = [name for name in sorted(recorded.files.keys() | now.files) if _differ(name, recorded, now)]
    if changed:
        return UserError(f"Changed since the plan was reviewed: {', '.join(changed)}.", PLAN_AGAIN)
    return None


def _differ(name: str, recorded: Binding, now: Binding) -> bool:
    return recorded.files.get(name) != now.files.get(name)


def _files(target: Target) -> Iterator[Path]:
    """The files that Terraform may read, this environment's variables, and the review's settings."""
    others = {"environments", "examples", "tests"}
    for file in sorted(FOLDER.rglob("*")):
        parts = file.relative_to(FOLDER).parts
        hidden = any(part.startswith(".") for part in parts) and file.name != ".terraform.lock.hcl"
        if file.is_file() and not hidden and parts[0] not in others and file.suffix not in SKIPPED_SUFFIXES:
            yield file
    yield FOLDER / "environments" / target.variables_file.name
    if SETTINGS.exists():
        yield SETTINGS


def _sha256(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()
