"""The lock that Terraform holds on its state while it applies: who holds it, and how it is removed if nobody does.

Terraform chooses the lock's ID and logs it before it asks for the lock. So a journal of these lines tells which lock is
our own, even if Terraform was killed, or if S3's answer was lost and Terraform took its own lock for somebody else's.
"""

import json
import re
import socket
from collections.abc import Mapping, Set
from dataclasses import dataclass
from pathlib import Path

from scripts.core import aws
from scripts.core.errors import UserError
from scripts.stack.environments import make_command
from scripts.stack.state import Backend

LOCKED = "Error acquiring the state lock"
"""Terraform's message if it did not get the lock: it has not begun then."""
JOURNAL = "locks.log"
LOGGED_ID = re.compile(r"\btf_backend\.lock\.id=([0-9a-f-]+)")


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


def journal_variables(build_folder: Path, environment: Mapping[str, str]) -> dict[str, str | None]:
    """Variables with which Terraform logs the ID of its lock; none if you let it log yourself (TF_LOG…). Pure."""
    if any(name.startswith("TF_LOG") and value for name, value in environment.items()):
        return {}
    return {"TF_LOG_CORE": "INFO", "TF_LOG_PATH": str(build_folder / JOURNAL)}


def own_identities(build_folder: Path) -> frozenset[str]:
    """The IDs of the locks that Terraform has asked for in this folder since its last successful apply."""
    try:
        return frozenset(LOGGED_ID.findall((build_folder / JOURNAL).read_text(encoding="utf-8", errors="replace")))
    except FileNotFoundError:
        return frozenset()


def is_abandoned(lock: Lock, own: Set[str], host: str, is_running: bool) -> bool:
    """Whether a lock is our own and nobody uses it any more. Pure.

    Args:
        lock: the lock on the state.
        own: the IDs of the locks that were asked for in this folder.
        host: the name of this machine: another one may share the folder, and we do not see its processes.
        is_running: whether a Terraform of this folder runs.
    """
    return lock.identity in own and lock.who.rpartition("@")[2] == host and not is_running


def host() -> str:
    """The name of this machine, as Terraform writes it into a lock."""
    return socket.gethostname()


def forget(build_folder: Path) -> None:
    """Delete the journal, after an apply that has freed its lock."""
    (build_folder / JOURNAL).unlink(missing_ok=True)


def refusal(lock: Lock, environment: str) -> UserError:
    """The error of a command that found the state locked."""
    since = lock.since.partition(".")[0].replace("T", " ")
    kind = lock.operation.removeprefix("OperationType").lower()
    return UserError(
        f"The state of `{environment}` is locked: {lock.who} has held the lock since {since} UTC ({kind}).",
        "Wait until that command ends. If it no longer runs, remove the lock: "
        f"`{make_command('unlock', environment, LOCK=lock.identity)}`.",
    )


def check_unlockable(lock: Lock | None, identity: str, environment: str) -> None:
    """Check that the lock on the state is the one that you want to remove.

    Raises:
        UserError: the state is not locked, or by another lock.
    """
    if lock is None:
        raise UserError(
            f"The state of `{environment}` is not locked, or you have no right to read its lock.",
            "Run the command that found it locked again.",
        )
    if lock.identity != identity:
        raise UserError(
            f"LOCK={identity} is not the lock on the state of `{environment}`: nothing was unlocked.",
            f"Its lock is {lock.identity}, held by {lock.who}. `make infra` says how to remove it.",
        )
