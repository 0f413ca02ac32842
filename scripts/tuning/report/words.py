"""The sentences of the report: the result, what it is compared with, what the charts do not say."""

from dataclasses import dataclass

from scripts.core import console
from scripts.tuning.report.importance import FEW_JOBS, Importance, is_order_certain
from scripts.tuning.results import Tuning


@dataclass(frozen=True)
class Defaults:
    """A training job with the job file's own values, as long as each job of the tuning, and its objective."""

    job: str
    objective: float


def headline(tuning: Tuning, defaults: Defaults | None) -> str:
    """The result in one sentence: the best value, how much better it is than the defaults', what it cost."""
    best, count = tuning.best_trial, len(tuning.trials)
    cost = "" if tuning.cost_usd is None else f", for {tuning.cost_usd:.4f} USD"
    if best is None or best.objective is None:
        failed = sum(trial.status == "Failed" for trial in tuning.trials)
        if tuning.best is not None:
            return f"None of {_jobs(count)} is better than {tuning.best} of an earlier tuning{cost}."
        ended = f": {failed} of {_jobs(count)} failed" if failed else ""
        return f"No job has a value of {tuning.objective}{ended}{cost}."
    known = sum(trial.objective is not None for trial in tuning.trials)
    text = f"The best of {_jobs(known)} has {tuning.objective} {best.objective:.4g}"
    if defaults is not None:
        text += f", {_difference(best.objective, defaults.objective, tuning.direction == 'Minimize')}"
    return f"{text}{cost}."


def remarks(tuning: Tuning, defaults: Defaults | None) -> list[str]:
    """What a reader must know beside the result."""
    found = []
    if tuning.status not in {"Completed", "Stopped"}:
        reason = f": {tuning.failure_reason}" if tuning.failure_reason else "."
        found.append(f"The tuning is {tuning.status}{reason}")
    if tuning.best_trial is not None and defaults is None:
        found.append(
            "No training job with the job file's own values and as much training is in runs/, so this page cannot say "
            "how much the search gained. `make train` makes one."
        )
    elif tuning.best_trial is not None:
        found.append(
            "Both values are of one training each. The same values with another seed give another result, and the best "
            "of many is partly luck."
        )
    return found


def about_importance(tuning: Tuning, found: list[Importance]) -> str:
    """How much the chart of importance says."""
    jobs = sum(trial.objective is not None for trial in tuning.trials)
    if not found:
        return f"{_jobs(jobs).capitalize()} with a value cannot say which hyperparameter matters."
    certain = (
        f"{found[0].name} matters most in nearly all samples of the jobs."
        if is_order_certain(found)
        else "The lines overlap: other jobs could have given another order."
    )
    few = f"{_jobs(jobs).capitalize()} say little about {len(found)} hyperparameters. " if jobs < FEW_JOBS else ""
    return f"{few}{certain}"


def _difference(best: float, default: float, lower_is_better: bool) -> str:
    gain = default - best if lower_is_better else best - default
    share = f" ({abs(gain) / abs(default):.0%})" if default else ""
    if gain == 0:
        return "the same as with the defaults"
    better = "better" if gain > 0 else "worse"
    return f"{abs(gain):.4g}{share} {better} than the {default:.4g} with the defaults"


def _jobs(count: int) -> str:
    return "one job" if count == 1 else f"{count} jobs"


def spent(tuning: Tuning) -> str:
    """Time and cost of all jobs, as text."""
    seconds = sum(trial.billable_seconds or trial.seconds or 0 for trial in tuning.trials)
    known = f", {tuning.cost_usd:.4f} USD ({tuning.prices_of})" if tuning.cost_usd is not None else ", price unknown"
    return f"{console.duration(seconds)} of training{known}"
