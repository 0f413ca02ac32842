"""The lock that Terraform holds on its state while it works: whose it is, and how one that was left is removed."""

import json
from dataclasses import dataclass
from pathlib import Path

from scripts.core import aws
from scripts.core.errors import UserError
from scripts.stack.state import Backend


@dataclass(frozen=True)
class Lock:
    """What Terraform writes into the lock object beside the state."""

    identity: str
    who: str
    since: str
    operation: str


def read(settings: Backend) -> Lock | None:
    """The lock that is held on an environment's state; None where there is none, or no right to look at it."""
    from botocore.exceptions import ClientError

    try:
        answer = aws.client("s3").get_object(Bucket=settings.bucket, Key=f"{settings.key}.tflock")
        held = json.loads(answer["Body"].read())
    except (ClientError, ValueError):
        return None
    return Lock(*(str(held.get(name, "unknown")) for name in ("ID", "Who", "Created", "Operation")))


def refusal(lock: Lock, environment: str, data_dir: Path) -> UserError:
    """The error of a command that met a lock."""
    since = lock.since.partition(".")[0].replace("T", " ")
    kind = lock.operation.removeprefix("OperationType").lower()
    return UserError(
        f"The state of `{environment}` is locked: {lock.who} has held it since {since} UTC ({kind}).",
        "Wait for the end of that; if nobody is at it any more, remove the lock: "
        f"`TF_DATA_DIR={data_dir} terraform -chdir=terraform force-unlock {lock.identity}`.",
    )
