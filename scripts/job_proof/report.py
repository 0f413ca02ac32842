"""The lines of the report: the attempts, what differs, and the verdict."""

from collections.abc import Sequence

from scripts.core import console
from scripts.core.printable import one_line
from scripts.job_proof.attempts import Attempt, Position, Repetition
from scripts.job_proof.interruptions import signal_of
from scripts.job_proof.models import Model, different_arrays, different_files
from scripts.job_proof.verdict import CLOCK, Difference, Outcome, Result, Verdict

PAGE = "docs/own-script-resume.md"
_WIDTHS = (7, 9, 24)


def attempt_rows(attempts: Sequence[Attempt]) -> list[str]:
    """A table of the interrupted job's attempts."""
    rows = [_row("attempt", "trained", "metric lines", "ended by")]
    for number, one in enumerate(attempts):
        is_last = number == len(attempts) - 1
        ended = "itself" if is_last else signal_of(number)
        rows.append(_row(str(number + 1), console.duration(one.seconds), _places(one.positions), ended))
    return rows


def notes(first: Outcome, saved_models: Sequence[str], saves: bool) -> list[str]:
    """What is not compared, and whether there are checkpoints.

    Args:
        first: what an uninterrupted run left.
        saved_models: the paths of its SavedModels.
        saves: whether it left checkpoints.
    """
    found = []
    clock = [name for name in first.metrics if CLOCK.search(name)]
    if clock:
        found.append(f"Not compared, because they measure time: {_names(clock)}.")
    if saved_models:
        found.append(f"Not compared, because any two SavedModels differ: {_names(saved_models)}.")
    if not saves:
        found.append("It leaves nothing in /opt/ml/checkpoints.")
    return found


def lines(verdict: Verdict, first: Outcome, second: Outcome, interrupted: Outcome) -> list[str]:
    """The comparison and the verdict.

    Args:
        verdict: the verdict.
        first: what an uninterrupted run left.
        second: what the other one left.
        interrupted: what the interrupted run left.
    """
    found = []
    if not verdict.repeatable:
        found.append(f"Not repeatable: the two uninterrupted runs differ in {_differing(first, second)}.")
    return [*found, _result_line(verdict, first, interrupted), *_repetition_lines(verdict.repetition)]


def _result_line(verdict: Verdict, first: Outcome, interrupted: Outcome) -> str:
    files, metrics = len(first.model), [name for name in first.metrics if not CLOCK.search(name)]
    match verdict.result:
        case Result.SAME_BITS:
            equal = f"{_count(files - len(verdict.noise), 'file')} of the model and {_count(len(metrics), 'metric')}"
            return f"Same bits: {equal} are equal."
        case Result.SAME_METRICS:
            others = (
                f" Other bits: {_in_files(verdict.files, first.model, interrupted.model)}." if verdict.files else ""
            )
            return f"Same metrics within {verdict.within:.1%}: {_names(metrics)}.{others}"
        case Result.OTHER_METRICS:
            return f"Other metrics: {'; '.join(map(_difference, verdict.differences))}."
        case Result.OTHER_MODEL:
            return f"Another model: {_in_files(verdict.files, first.model, interrupted.model)}."
        case Result.UNKNOWN:
            return "Nothing to compare."


def _repetition_lines(found: Repetition) -> list[str]:
    by_lines, by_time = "by the metric lines of the log", "by the time that it trained, start-ups included"
    if found.from_zero:
        how = by_time if found.by_time else by_lines
        return [
            f"It starts from zero each time ({how}): this script loses everything.",
            f"{PAGE} shows the lines that mend it: `from trainyard import Resume`.",
        ]
    if not found.counts:
        return [f"About {console.duration(found.seconds)} trained again ({by_time})."]
    each = ", ".join(map(str, found.counts))
    return [f"{_count(sum(found.counts), found.unit)} trained again ({by_lines}), after each interruption: {each}."]


def _differing(first: Outcome, second: Outcome) -> str:
    names = [name for name in {**first.metrics, **second.metrics} if not CLOCK.search(name)]
    metrics = [
        f"{one_line(name)} ({first.metrics.get(name, 0):.6g} and {second.metrics.get(name, 0):.6g})"
        for name in names
        if first.metrics.get(name) != second.metrics.get(name)
    ]
    files = different_files(first.model, second.model)
    return console.listed([*metrics, *([_in_files(files, first.model, second.model)] if files else [])])


def _in_files(files: Sequence[str], one: Model, other: Model) -> str:
    """The files that differ, with the names of their arrays where these can be read."""
    shown = []
    for file in files:
        arrays = different_arrays(file, one, other)
        missing = " (missing)" if file not in other else ""
        shown.append(one_line(file) + missing + (f" ({_names(arrays)})" if arrays else ""))
    return console.listed(shown, 3) if shown else "none is left"


def _difference(one: Difference) -> str:
    low, high = sorted(one.uninterrupted)
    before = f"{low:.6g}" if low == high else f"{low:.6g} and {high:.6g}"
    after = "missing" if one.interrupted is None else f"{one.interrupted:.6g}"
    return f"{one_line(one.name)} is {after}, uninterrupted {before}"


def _names(names: Sequence[str]) -> str:
    return console.listed([one_line(name) for name in names], 3)


def _count(number: int, unit: str) -> str:
    return f"{number} {unit}" + ("" if number == 1 else "s")


def _places(positions: Sequence[Position]) -> str:
    """The first and the last place of an attempt's metric lines: ``epoch 3``, ``epoch 3 to 5``."""
    if not positions:
        return "none"
    first, last = (" ".join(f"{word} {number}" for word, number in one) for one in (positions[0], positions[-1]))
    if first == last:
        return first
    one_word = len(positions[-1]) == 1 and positions[0][:1] and positions[0][0][0] == positions[-1][0][0]
    return f"{first} to {positions[-1][0][1] if one_word else last}"


def _row(*cells: str) -> str:
    fixed = (f"{cell:<{width}}" for cell, width in zip(cells, _WIDTHS, strict=False))
    return "  ".join([*fixed, *cells[len(_WIDTHS) :]]).rstrip()
