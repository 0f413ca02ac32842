"""The lock that Terraform holds on its state while it works: who holds it, and how to remove a stale one."""

import json
from dataclasses import dataclass
from pathlib import Path

from scripts.core import aws
from scripts.core.errors import UserError
from scripts.stack.state import Backend


@dataclass(frozen=True)
class Lock:
    """The content of the lock object that Terraform writes beside the state."""

    identity: str
    who: str
    since: str
    operation: str


def read(settings: Backend) -> Lock | None:
    """The lock on an environment's state; None if it is not locked, or if you lack the right to read the lock."""
    from botocore.exceptions import ClientError

    try:
        response = aws.client("s3").get_object(Bucket=settings.bucket, Key=f"{settings.key}.tflock")
        content = json.loads(response["Body"].read())
    except (ClientError, ValueError):
        return None
    return Lock(*(str(content.get(name, "unknown")) for name in ("ID", "Who", "Created", "Operation")))


def refusal(lock: Lock, environment: str, data_dir: Path) -> UserError:
    """The error of a command that found the state locked."""
    since = lock.since.partition(".")[0].replace("T", " ")
    kind = lock.operation.removeprefix("OperationType").lower()
    return UserError(
        f"The state of `{environment}` is locked: {lock.who} has held the lock since {since} UTC ({kind}).",
        "Wait until that command ends. If it no longer runs, remove the lock: "
        f"`TF_DATA_DIR={data_dir} terraform -chdir=terraform force-unlock {lock.identity}`.",
    )
