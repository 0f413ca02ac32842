"""What is said of a run that was killed and started again."""

from collections.abc import Sequence

from scripts.core import console
from scripts.proof.job import Result
from scripts.proof.journey import Leg
from scripts.proof.kills import ENDING, SAVING, STARTING, TRAINING

_WIDTHS = (5, 13, 14, 8, 8, 24)
_WHILE = {
    STARTING: "starting",
    TRAINING: "training",
    SAVING: "saving a checkpoint",
    ENDING: "writing the model",
}


def _line(*cells: str) -> str:
    fixed = (f"{cell:<{width}}" for cell, width in zip(cells, _WIDTHS, strict=False))
    return "  ".join([*fixed, *cells[len(_WIDTHS) :]]).rstrip()


HEADER = _line("start", "goes on from", "steps repeated", "killed", "after", "while", "reached step")


def row(number: int, leg: Leg, hosts: int) -> str:
    """The line of one start of the run, under HEADER.

    Args:
        number: of the start, from 1.
        leg: the start.
        hosts: of the run.
    """
    start = {None: "-", 0: "the beginning"}.get(leg.went_on_from, f"step {leg.went_on_from}")
    doing = "" if leg.kill is None else _WHILE[leg.kill.moment]
    if leg.kill and leg.kill.moment == STARTING and leg.reached:
        doing = _WHILE[TRAINING]  # this start was quicker than the one that was left alone
    remarks = ["its checkpoint is torn"] if leg.torn else []
    if leg.kill and hosts > 1:
        hit = "all hosts" if len(leg.kill.hosts) == hosts else f"host {leg.kill.hosts[0] + 1}"
        remarks.append(f"{hit} killed")
    if leg.survived is not None:
        remarks.append(f"the rest ended by itself in {console.duration(leg.survived)}")
    reached = _between(leg.reached, "-")
    return _line(
        str(number),
        start,
        _between(leg.repeated, "-"),
        leg.kill.signal.name if leg.kill else "not",
        console.duration(leg.seconds),
        doing or "it ended by itself",
        "; ".join([reached, *remarks]),
    )


def verdict(alone: Result, killed: Result) -> tuple[bool, Sequence[str]]:
    """Whether two runs came to the same, and the lines that show it."""
    equal = alone == killed
    words = "Equal: every bit of the state, and the results of every epoch." if equal else "NOT equal."
    if not equal and alone.digest == killed.digest:
        words = "NOT equal: the states are, but not the results of the epochs."
    return equal, [
        *(
            f"{name:<13}  sha256 {result.digest}  accuracy {result.accuracy:.4f}"
            for name, result in (("left alone", alone), ("killed", killed))
        ),
        words,
    ]


def _between(steps: tuple[int, int] | None, nothing: str) -> str:
    if steps is None:
        return nothing
    least, most = steps
    return str(least) if least == most else f"{least} to {most}"
