"""Prints the attempts of a killed run, and compares its result with that of an uninterrupted run."""

from collections.abc import Sequence

from scripts.core import console
from scripts.proof.attempts import AttemptRecord
from scripts.proof.job import Result
from scripts.proof.kills import ENDING, SAVING, STARTING, TRAINING

_WIDTHS = (7, 13, 14, 8, 8, 24)
_ACTIVITY = {
    STARTING: "starting",
    TRAINING: "training",
    SAVING: "saving a checkpoint",
    ENDING: "writing the model",
}


def _line(*cells: str) -> str:
    fixed = (f"{cell:<{width}}" for cell, width in zip(cells, _WIDTHS, strict=False))
    return "  ".join([*fixed, *cells[len(_WIDTHS) :]]).rstrip()


HEADER = _line("attempt", "resumed from", "steps repeated", "signal", "after", "while", "reached step")


def attempt_row(number: int, record: AttemptRecord, hosts: int) -> str:
    """The line of an attempt, for the table under HEADER.

    Args:
        number: the attempt's number, from 1.
        record: the attempt.
        hosts: the number of hosts of the run.
    """
    start = {None: "-", 0: "the beginning"}.get(record.resumed_from, f"step {record.resumed_from}")
    activity = "" if record.kill is None else _ACTIVITY[record.kill.moment]
    if record.kill and record.kill.moment == STARTING and record.reached:
        activity = _ACTIVITY[TRAINING]  # this attempt started faster than the uninterrupted run
    remarks = ["its checkpoint is torn"] if record.torn else []
    if record.kill and hosts > 1:
        hit = "all hosts" if len(record.kill.hosts) == hosts else f"host {record.kill.hosts[0] + 1}"
        remarks.append(f"{hit} killed")
    if record.survivor_seconds is not None:
        remarks.append(f"the other hosts ended by themselves in {console.duration(record.survivor_seconds)}")
    reached = _between(record.reached, "-")
    return _line(
        str(number),
        start,
        _between(record.repeated, "-"),
        record.kill.signal.name if record.kill else "none",
        console.duration(record.seconds),
        activity or "it ended by itself",
        "; ".join([reached, *remarks]),
    )


def compare(uninterrupted: Result, killed: Result) -> tuple[bool, Sequence[str]]:
    """Whether two runs have equal results, and the lines that show it."""
    equal = uninterrupted == killed
    conclusion = "Equal: every bit of the state, and the results of every epoch." if equal else "NOT equal."
    if not equal and uninterrupted.digest == killed.digest:
        conclusion = "NOT equal: the states are equal, but the results of the epochs are not."
    return equal, [
        *(
            f"{name:<13}  sha256 {result.digest}  accuracy {result.accuracy:.4f}"
            for name, result in (("uninterrupted", uninterrupted), ("killed", killed))
        ),
        conclusion,
    ]


def _between(steps: tuple[int, int] | None, nothing: str) -> str:
    if steps is None:
        return nothing
    least, most = steps
    return str(least) if least == most else f"{least} to {most}"
