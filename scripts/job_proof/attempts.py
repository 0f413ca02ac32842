"""The attempts of a job: what each trained, as its status and its log show it, and what was trained twice.

An attempt is the time from one Training to the next Interrupted, or to the job's end. Functions of values.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from scripts.runs.logs import Line

FIRST_HOST = "algo-1"
# `epoch=3 loss=…`, `Epoch 3/10`, `"epoch": 3`, `[Epoch 3] step 400`: where in its training a program is.
POSITION = re.compile(r"\b(epoch|step)\W{0,4}(\d{1,18})", re.IGNORECASE)
# An attempt that trained for this share of an uninterrupted run, although others trained before it, started anew.
WHOLE_RUN = 0.8
# A program may resume in the middle of its first epoch, after that epoch's line was printed. So if this was the only
# line, that the next attempt begins with it says nothing.
LEAST_SEEN = 2

Position = tuple[tuple[str, int], ...]
"""Where a metric line stands, such as ``(("epoch", 3),)``. It is empty if nothing in the log says it."""


@dataclass(frozen=True)
class Attempt:
    """One attempt.

    Args:
        seconds: how long it trained, start-up included.
        positions: where its metric lines stand, each once, in their order.
        start: the seconds until its first metric line; 0 if it has none.
    """

    seconds: float
    positions: tuple[Position, ...] = ()
    start: float = 0.0


@dataclass(frozen=True)
class Repetition:
    """What the attempts after an interruption trained again.

    Args:
        counts: for each attempt but the first, how many positions it repeated; empty if only the time is known.
        unit: what was counted: ``epoch`` or ``metric line``; ``second`` if only the time is known.
        seconds: how much longer all attempts trained than an uninterrupted run.
        from_zero: whether each attempt started from zero, as far as that can be told.
        by_time: whether only the times tell that.
    """

    counts: tuple[int, ...]
    unit: str
    seconds: float
    from_zero: bool
    by_time: bool


def attempts_of(job: Mapping[str, Any], lines: Sequence[Line]) -> list[Attempt]:
    """The attempts of a job that has ended.

    Args:
        job: the DescribeTrainingJob response.
        lines: its log, sorted by time.
    """
    regexes = [re.compile(one["Regex"]) for one in job["AlgorithmSpecification"].get("MetricDefinitions", [])]
    training = [one for one in job["SecondaryStatusTransitions"] if one["Status"] == "Training"]
    starts = [int(one["StartTime"].timestamp() * 1000) for one in training]
    found = []
    for number, one in enumerate(training):
        end = starts[number + 1] if number + 1 < len(starts) else float("inf")
        own = [line for line in lines if starts[number] <= line.time < end and line.host == FIRST_HOST]
        positions = metric_positions([line.text for line in own], regexes)
        first = next((line.time for line in own if positions and _is_metric(line.text, regexes)), starts[number])
        seconds = (one["EndTime"] - one["StartTime"]).total_seconds()
        found.append(Attempt(seconds, positions, (first - starts[number]) / 1000))
    return found


def metric_positions(lines: Iterable[str], regexes: Sequence[re.Pattern[str]]) -> tuple[Position, ...]:
    """Where the metric lines stand: by their own text, or by the last line before them that says an epoch or a step.

    Args:
        lines: the log of one attempt.
        regexes: those of the job's metrics.
    """
    position: Position = ()
    found: dict[Position, None] = {}
    for line in lines:
        words = tuple((word.lower(), int(number)) for word, number in POSITION.findall(line))
        position = words or position
        if position and _is_metric(line, regexes):
            found[position] = None
    return tuple(found)


def repetition(uninterrupted: Attempt, attempts: Sequence[Attempt]) -> Repetition:
    """What was trained again, by the metric lines of the log; by the time where these do not tell.

    Args:
        uninterrupted: an uninterrupted run.
        attempts: those of the interrupted job; at least two.
    """
    seen: set[Position] = set()
    counts, anew = [], list[bool]()
    first = next((one.positions[0] for one in attempts if one.positions), ())
    for attempt in attempts:
        begins = attempt.positions[:1] == (first,)
        if attempt.positions and seen and (len(seen) >= LEAST_SEEN or not begins):
            anew.append(begins)
        counts.append(len(seen.intersection(attempt.positions)))
        seen.update(attempt.positions)
    longer = max(0.0, sum(one.seconds for one in attempts) - uninterrupted.seconds)
    start = uninterrupted.start
    is_whole = attempts[-1].seconds - start >= WHOLE_RUN * (uninterrupted.seconds - start)
    from_zero = all(anew) if anew else is_whole
    if not any(one.positions for one in attempts[:-1]):
        return Repetition((), "second", longer, from_zero, by_time=True)
    words = {word for position in seen for word, _ in position}
    unit = "epoch" if words == {"epoch"} else "metric line"
    return Repetition(tuple(counts[1:]), unit, longer, from_zero, by_time=not anew)


def _is_metric(line: str, regexes: Sequence[re.Pattern[str]]) -> bool:
    return any(regex.search(line) for regex in regexes)
