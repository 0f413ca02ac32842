"""What a followed tuning prints: lines about what has changed, the table, and its end. Pure functions."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from scripts.core import console
from scripts.core.printable import one_line
from scripts.runs.record import ENDED
from scripts.tuning.results import Trial, Tuning, ranked

HEADINGS = ("TRIAL", "STATUS", "OBJECTIVE", "TIME", "COST (USD)", "VALUES")


def short_name(tuning: Tuning, trial: Trial) -> str:
    """A trial's name without the tuning's own: ``003-1a2b3c4d``."""
    return trial.job.removeprefix(f"{tuning.name}-")


def values_text(values: Mapping[str, str]) -> str:
    """Values as text: ``batch_size=32 learning_rate=0.00123``; long numbers are shortened."""
    return " ".join(f"{name}={_short(value)}" for name, value in sorted(values.items()))


def changes(before: Tuning | None, tuning: Tuning) -> list[str]:
    """The lines about what has changed between two looks at a tuning.

    Args:
        before: the earlier look; None before the first.
        tuning: the later one.
    """
    known = {trial.job: trial for trial in before.trials} if before else {}
    found = [
        (trial.ended or trial.started or trial.created, _trial_line(tuning, trial))
        for trial in tuning.trials
        if trial.job not in known or known[trial.job].status != trial.status
    ]
    lines = [f"{_clock(at)} {line}" for at, line in sorted(found, key=lambda one: one[0])]
    best = tuning.best_trial
    if best is not None and best.objective is not None and (before is None or before.best != tuning.best):
        lines.append(f"Best so far: {tuning.objective} {best.objective:.6g} of {short_name(tuning, best)}")
    return lines


def table(tuning: Tuning, most: int) -> list[Sequence[str]]:
    """The rows of a tuning's trials, the best first, each with the texts of `HEADINGS`.

    Args:
        tuning: the tuning.
        most: how many rows; those that run are among them before those that have ended.
    """
    trials = ranked(tuning)
    running = [trial for trial in trials if trial.status not in ENDED]
    ended = [trial for trial in trials if trial.status in ENDED]
    shown = [*ended[: max(1, most - len(running))], *running][:most]
    return [tuple(map(one_line, _cells(tuning, trial))) for trial in shown]


def progress(tuning: Tuning) -> str:
    """The line below the table: how many trials have ended, and what they cost so far."""
    ended = sum(trial.status in ENDED for trial in tuning.trials)
    running = len(tuning.trials) - ended
    of = "" if tuning.max_jobs is None else f" of {tuning.max_jobs}"
    cost = "" if tuning.cost_usd is None else f", {tuning.cost_usd:.4f} USD so far"
    return f"{tuning.name}: {tuning.status}, {ended}{of} trials ended, {running} running{cost}"


def end_lines(tuning: Tuning) -> list[str]:
    """The summary of a tuning that has ended."""
    reason = f": {console.indented(tuning.failure_reason)}" if tuning.failure_reason else ""
    lines = [f"{tuning.name}: {tuning.status}{reason}", f"  trials   {_counts(tuning)}"]
    best = tuning.best_trial
    if best is not None and best.objective is not None:
        lines.append(f"  best     {one_line(tuning.objective)} {best.objective:.6g} of {best.job}")
        lines.append(f"  values   {one_line(values_text(best.values))}")
    elif tuning.best is not None:
        lines.append(f"  best     {tuning.best}, of an earlier tuning")
    if tuning.ended is not None:
        cost = "price unknown" if tuning.cost_usd is None else f"{tuning.cost_usd:.4f} USD ({tuning.prices_of})"
        seconds = sum(trial.seconds or 0 for trial in tuning.trials)
        lasted = console.duration((tuning.ended - tuning.created).total_seconds())
        lines.append(f"  time     {lasted}, {console.duration(seconds)} of training in all trials: {cost}")
    return lines


def _counts(tuning: Tuning) -> str:
    counts = {status: sum(one.status == status for one in tuning.trials) for status in ("Completed", *sorted(ENDED))}
    shown = [f"{count} {status}" for status, count in counts.items() if count]
    rest = sum(one.status not in ENDED for one in tuning.trials)
    return console.listed([*shown, *([f"{rest} not ended"] if rest else [])]) or "none"


def _trial_line(tuning: Tuning, trial: Trial) -> str:
    name = f"{short_name(tuning, trial)} {trial.status}"
    if trial.status not in ENDED:
        return f"{name}: {values_text(trial.values)}"
    parts = [f"{tuning.objective} {trial.objective:.6g}"] if trial.objective is not None else []
    parts += [console.duration(trial.seconds)] if trial.seconds is not None else []
    reason = [one_line(trial.failure_reason)] if trial.failure_reason else []
    return f"{name}: {', '.join([*parts, *reason])}" if parts or reason else name


def _cells(tuning: Tuning, trial: Trial) -> Iterable[str]:
    yield short_name(tuning, trial) + (" *" if trial.job == tuning.best else "")
    yield trial.status
    yield "-" if trial.objective is None else f"{trial.objective:.6g}"
    yield "-" if trial.seconds is None else console.duration(trial.seconds)
    yield "-" if trial.cost_usd is None else f"{trial.cost_usd:.4f}"
    yield values_text(trial.values)


def _short(value: str) -> str:
    try:
        number = float(value)
    except ValueError:
        return value
    return value if len(value) <= len("0.00012345") else f"{number:.4g}"


def _clock(moment: datetime) -> str:
    return f"{moment.astimezone():%H:%M:%S}"
