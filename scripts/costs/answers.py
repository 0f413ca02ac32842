"""What AWS answered to a question that is asked rarely, kept in build/costs/ for a time."""

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from scripts.core import aws
from scripts.core.errors import UserError

FOLDER = Path("build") / "costs"


@dataclass(frozen=True)
class Answer:
    """An answer, when it was given, and by which endpoint; AWS's own has no name here."""

    values: dict[str, Any]
    at: datetime
    endpoint: str = ""


def now() -> datetime:
    """The time."""
    return datetime.now(UTC)


def keep(name: str, ask: Callable[[], dict[str, Any]]) -> Answer:
    """Ask, and keep the answer under a name.

    Raises:
        Exception: what ``ask`` raises; then an earlier answer stays.
    """
    answer = Answer(ask(), now(), _endpoint())
    content = {"endpoint": answer.endpoint, "at": answer.at.isoformat(), "values": answer.values}
    FOLDER.mkdir(parents=True, exist_ok=True)
    path = FOLDER / f"{name}.json"
    new = path.with_name(f".{path.name}.{os.getpid()}")
    new.write_text(json.dumps(content, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    new.replace(path)
    return answer


def keep_if_possible(
    name: str, ask: Callable[[], dict[str, Any]], what: str, say: Callable[[str], None]
) -> Answer | None:
    """Ask, and keep the answer; if AWS refuses or cannot be reached, print "Not checked: ``what``" and return None."""
    try:
        return keep(name, ask)
    except (UserError, OSError):  # of the credentials, or of the disk
        raise
    except Exception as error:  # whatever it is: no job fails because of it
        reason = f"no right to {aws.action_of(error)}" if aws.is_access_denied(error) else aws.error_message(error)
        say(f"Not checked: {what} ({reason}).")
        return None


def kept(name: str, longest: timedelta) -> Answer | None:
    """The answer that is kept; None if there is none or it is empty, it is too old, or another cloud gave it."""
    try:
        content = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
        answer = Answer(dict(content["values"]), datetime.fromisoformat(content["at"]), str(content["endpoint"]))
        is_fresh = timedelta(0) <= now() - answer.at <= longest
    except (OSError, ValueError, KeyError, TypeError):  # none, or not ours
        return None
    return answer if answer.values and is_fresh and answer.endpoint == _endpoint() else None


def forget(beginning: str) -> None:
    """Remove the answers whose names begin so."""
    for path in FOLDER.glob(f"{beginning}*.json"):
        path.unlink(missing_ok=True)


def _endpoint() -> str:
    return os.environ.get("AWS_ENDPOINT_URL", "")
