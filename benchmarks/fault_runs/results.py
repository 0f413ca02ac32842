"""The file that adds up the results of all runs: one line for each draw. A draw that is run again replaces its line."""

import fcntl
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

from benchmarks.fault_runs.judging import Judgement

FILE = Path("benchmarks/faults.json")


def key(part: str, seed: int, number: int) -> str:
    """The name of a draw, such as ``verbs/0/17``."""
    return f"{part}/{seed}/{number}"


def load(file: Path = FILE) -> dict[str, Judgement]:
    """The results so far, by draw."""
    if not file.exists():
        return {}
    return {name: Judgement(**one) for name, one in json.loads(file.read_text(encoding="utf-8")).items()}


def add(name: str, judgement: Judgement, file: Path = FILE) -> None:
    """Add the result of a draw."""
    with _locked(file):
        every = load(file) | {name: judgement}
        ordered = sorted(every, key=_order)
        lines = [f"{json.dumps(one)}: {json.dumps(asdict(every[one]))}" for one in ordered]
        partial = file.with_name(f".{file.name}.partial")
        partial.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")
        partial.replace(file)


def _order(name: str) -> tuple[str, int, int]:
    part, seed, number = name.split("/")
    return part, int(seed), int(number)


@contextmanager
def _locked(file: Path) -> Iterator[None]:
    with Path(f"/tmp/{file.name}.lock").open("w") as lock:  # noqa: S108 - several benchmarks may add at once
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
