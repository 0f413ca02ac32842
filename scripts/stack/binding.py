"""What a saved plan belongs to, recorded when it is reviewed and compared when it is to be applied."""

import hashlib
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from scripts.core.errors import UserError
from scripts.stack.terraform import FOLDER
from scripts.stack.work import Work

MEMBER = "binding"
"""Where review.json holds it."""

SETTINGS = Path("review.toml")
NOT_READ = {".backup", ".log", ".md", ".tfplan", ".tfstate"}
"""What lies among the configuration and is none."""

AGAIN = "`make plan` plans and reviews anew."


class Binding(BaseModel):
    """The place and the files that a plan was made of.

    Attributes:
        environment: a name in terraform/environments/.
        account_id: whose account it is for.
        region: in which region.
        endpoint: where S3 answered, which tells one cloud from another.
        planned_at: when it was made.
        plan_sha256: of the saved plan.
        files: of each file that the plan or its review was made of: its name and SHA-256.
    """

    model_config = ConfigDict(frozen=True)

    environment: str
    account_id: str
    region: str
    endpoint: str
    planned_at: datetime
    plan_sha256: str
    files: dict[str, str]


def of(work: Work, plan: Path) -> Binding:
    """What a plan that is made now belongs to."""
    return Binding(
        environment=work.environment,
        account_id=work.account_id,
        region=work.backend.region,
        endpoint=work.endpoint,
        planned_at=datetime.now(UTC).replace(microsecond=0),
        plan_sha256=_sha256(plan),
        files={str(file): _sha256(file) for file in _files(work)},
    )


def read(page: Path) -> Binding:
    """What review.json says that its plan belongs to.

    Raises:
        UserError: there is no such file, or it says nothing of the kind.
    """
    try:
        return Binding.model_validate(json.loads(page.read_text(encoding="utf-8"))[MEMBER])
    except (FileNotFoundError, KeyError, TypeError, ValueError, ValidationError):
        raise UserError(f"{page} is missing or broken: nothing says what the plan beside it is for.", AGAIN) from None


def refusal(recorded: Binding, now: Binding, plan: Path) -> UserError | None:
    """Why a saved plan must not be applied; None where it is what was reviewed, for this place. Pure.

    Args:
        recorded: what its review says.
        now: what is found now.
        plan: the saved plan's file, for the words.
    """
    if recorded.environment != now.environment:
        return UserError(
            f"{plan} is a plan for the environment `{recorded.environment}`, not for `{now.environment}`.", AGAIN
        )
    if (recorded.account_id, recorded.region) != (now.account_id, now.region):
        return UserError(
            f"{plan} is a plan for account {recorded.account_id}, {recorded.region}; "
            f"the credentials and region are those of account {now.account_id}, {now.region}.",
            "Use the account and region of the plan (AWS_PROFILE, AWS_REGION), or plan anew: `make plan`.",
        )
    if recorded.endpoint != now.endpoint:
        return UserError(
            f"{plan} is a plan for the cloud at {recorded.endpoint}; the one at {now.endpoint} is another.", AGAIN
        )
    if recorded.plan_sha256 != now.plan_sha256:
        return UserError(f"{plan} is not the plan that was reviewed: the file was changed since.", AGAIN)
    changed = [name for name in sorted(recorded.files.keys() | now.files) if _differ(name, recorded, now)]
    if changed:
        return UserError(f"Changed since the plan was reviewed: {', '.join(changed)}.", AGAIN)
    return None


def _differ(name: str, recorded: Binding, now: Binding) -> bool:
    return recorded.files.get(name) != now.files.get(name)


def _files(work: Work) -> Iterator[Path]:
    """All that Terraform may read in its folder, this environment's variables, and what the review reads."""
    others = {"environments", "tests"}
    for file in sorted(FOLDER.rglob("*")):
        parts = file.relative_to(FOLDER).parts
        hidden = any(part.startswith(".") for part in parts) and file.name != ".terraform.lock.hcl"
        if file.is_file() and not hidden and parts[0] not in others and file.suffix not in NOT_READ:
            yield file
    yield FOLDER / "environments" / work.variables_file.name
    if SETTINGS.exists():
        yield SETTINGS


def _sha256(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()
