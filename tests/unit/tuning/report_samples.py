"""Tuning jobs as they are reported: few and many jobs, failed ones, names with markup."""

import math
import random
from collections.abc import Collection, Sequence
from datetime import UTC, datetime, timedelta

from scripts.tuning.results import Range, Trial, Tuning

START = datetime(2026, 11, 1, 12, tzinfo=UTC)
NAME = "digits-261101120000-ab12"
RATE = Range("learning_rate", "continuous", "Logarithmic", "0.0001", "0.03")
BATCH = Range("batch_size", "integer", "Logarithmic", "8", "128")
DROPOUT = Range("dropout", "continuous", "Linear", "0", "0.5")
VARIED = Range("augmentation", "categorical", choices=("none", "light", "standard"))
FOUR = (RATE, BATCH, DROPOUT, VARIED)
MARKUP = Range(
    "<img src=x onerror=alert(1)>", "categorical", choices=('"<b>bold</b>"', "</svg><script>alert(1)</script>")
)
REASON = "AlgorithmError: NaN or infinite loss in step 12, exit code: 1"


def tuning(
    jobs: int,
    ranges: Sequence[Range] = FOUR,
    failed: Collection[int] = (),
    objective: str = "val_loss",
    reason: str = REASON,
) -> Tuning:
    """A tuning job whose objective depends most on the first hyperparameter, with two jobs at a time."""
    draw = random.Random(3)  # noqa: S311 - a sample, not a secret
    trials = []
    for number in range(jobs):
        places = [draw.random() for _ in ranges]
        value = 0.2 + sum(
            (1.5 if one is ranges[0] else 0.1) * (place - 0.6) ** 2 for one, place in zip(ranges, places, strict=True)
        )
        begin = START + timedelta(seconds=30 * (number // 2))
        trials.append(
            Trial(
                job=f"{NAME}-{number + 1:03}-{draw.getrandbits(32):08x}",
                status="Failed" if number in failed else "Completed",
                values={one.name: _value(one, place) for one, place in zip(ranges, places, strict=True)},
                objective=None if number in failed else value,
                created=begin,
                started=begin,
                ended=begin + timedelta(seconds=20 + number % 2),
                seconds=20,
                billable_seconds=20,
                cost_usd=0.0013,
                failure_reason=reason if number in failed else None,
            )
        )
    known = {trial.job: trial.objective for trial in trials if trial.objective is not None}
    return Tuning(
        name=NAME,
        status="Completed" if known else "Failed",
        strategy="Bayesian",
        objective=objective,
        direction="Minimize",
        ranges=tuple(ranges),
        fixed={"epochs": "3"},
        trials=tuple(trials),
        best=min(known, key=lambda job: known[job]) if known else None,
        max_jobs=jobs,
        parallel_jobs=2,
        created=START,
        ended=START + timedelta(seconds=30 * jobs),
        failure_reason=None if known else "All training jobs failed",
        prices_of="prices of 2023-12",
    )


def _value(one: Range, place: float) -> str:
    if one.kind == "categorical":
        return one.choices[min(len(one.choices) - 1, int(place * len(one.choices)))]
    low, high = float(one.low), float(one.high)
    value = low * (high / low) ** place if one.scaling == "Logarithmic" else low + (high - low) * place
    return str(math.floor(value + 0.5)) if one.kind == "integer" else repr(value)
