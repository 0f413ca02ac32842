"""A leftover as a value, and how it is shown. Pure functions."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from scripts.core import console
from scripts.core.printable import one_line


class Kind(Enum):
    """What a leftover is."""

    TUNING = "running tuning"
    JOB = "running training job"
    POOL = "warm pool"
    IMAGE = "untagged image"
    UPLOAD = "incomplete upload"
    CHECKPOINTS = "folder of checkpoints"


KINDS = tuple(Kind)
_PLURALS = {Kind.CHECKPOINTS: "folders of checkpoints"}
_REMOVAL = {Kind.TUNING: "Stop", Kind.JOB: "Stop", Kind.POOL: "End", Kind.UPLOAD: "Abort"}
_IN_BUCKETS = (Kind.UPLOAD, Kind.CHECKPOINTS)


@dataclass(frozen=True)
class Leftover:
    """Something that can go.

    Args:
        kind: what it is.
        name: its name, as the call that removes it needs it: a tuning, a job, an image's digest, a key, or a prefix.
        place: the bucket or repository that holds it; empty for tunings, jobs and pools.
        since: when it was made; of checkpoints, when they were last written.
        size: its bytes; None for what runs.
        hour: USD an hour that it costs; None if that is not known, or for what only takes space.
        upload: the id of an upload.
    """

    kind: Kind
    name: str
    place: str
    since: datetime
    size: int | None = None
    hour: float | None = None
    upload: str = ""


def line(leftover: Leftover, now: datetime) -> str:
    """One leftover as a line: its name, age, and size or price."""
    name = (
        f"s3://{leftover.place}/{leftover.name}" if leftover.kind in (Kind.UPLOAD, Kind.CHECKPOINTS) else leftover.name
    )
    if leftover.size is not None:
        worth = console.size(leftover.size)
    else:
        worth = "price unknown" if leftover.hour is None else f"{leftover.hour:.4g} USD an hour"
    return f"  {leftover.kind.value}: {one_line(name)}, {_age((now - leftover.since).total_seconds())} old, {worth}"


def counted(kind: Kind, count: int) -> str:
    """A number of leftovers of a kind: ``2 warm pools``."""
    return f"{count} {kind.value if count == 1 else _PLURALS.get(kind, f'{kind.value}s')}"


def question(kind: Kind, count: int) -> str:
    """The question before leftovers of a kind go: ``End 2 warm pools?``."""
    return f"{_REMOVAL.get(kind, 'Delete')} {counted(kind, count)}?"


def totals(leftovers: Iterable[Leftover]) -> str:
    """What all of them take together: bytes, and USD an hour."""
    found = list(leftovers)
    size = sum(one.size or 0 for one in found)
    hour = sum(one.hour or 0 for one in found)
    parts = [f"{console.size(size)}" if size else "", f"{hour:.4g} USD an hour" if hour else ""]
    return " and ".join(filter(None, parts)) or "nothing that is known"


def _age(seconds: float) -> str:
    days = int(max(0.0, seconds) // 86_400)
    if days == 0:
        return console.duration(max(0.0, seconds))
    return "1 day" if days == 1 else f"{days} days"
