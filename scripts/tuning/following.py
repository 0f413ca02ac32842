"""Follows a tuning to its end: its trials as they start and end, the best first."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from scripts import costs
from scripts.core import aws
from scripts.core.errors import UserError
from scripts.core.patience import Patience
from scripts.runs.ending import job_exists
from scripts.runs.following import next_pause
from scripts.runs.record import has_model, read_json
from scripts.tuning.finding import describe, find_local
from scripts.tuning.lines import changes
from scripts.tuning.reading import TuningReader, read_saved, save_tuning
from scripts.tuning.results import ENDED, Tuning
from scripts.tuning.screen import screen

MEANWHILE = "This continues by itself then. The tuning does not depend on it."


def follow(
    name: str,
    connect: Callable[[str], Any] = aws.client_of_one_attempt,
    now: Callable[[], float] = time.time,
    sleep: Callable[[float], None] = time.sleep,
) -> Tuning:
    """Show a tuning until it has ended, and keep what it found. Waits while AWS cannot be reached.

    Args:
        name: the tuning's name.
        connect: makes a client of a service that makes one attempt a call.
        now: the time in seconds since 1970.
        sleep: waits for some seconds.

    Returns:
        The tuning at its end.
    """
    start = now()
    with screen() as output:
        patience = Patience(MEANWHILE, output.status, connect, now, sleep)
        price = patience.call(lambda: price_of(patience.client("sagemaker"), name))
        reader = TuningReader(name, price)
        before: Tuning | None = None
        while True:
            tuning = patience.call(lambda: reader.read(patience.client("sagemaker")))
            output.show(before, tuning)
            if before is None or changes(before, tuning) or tuning.status in ENDED:
                save_tuning(tuning)
            if tuning.status in ENDED:
                return tuning
            before = tuning
            sleep(next_pause(now() - start))


def read(sagemaker: Any, name: str) -> Tuning:
    """A tuning as it is now, which is kept; what was kept of it if SageMaker has it no more.

    Raises:
        UserError: SageMaker has no such tuning, and nothing was kept.
    """
    try:
        describe(sagemaker, name)
    except UserError:
        kept = read_saved(name)
        if kept is None:
            raise
        return kept
    tuning = TuningReader(name, price_of(sagemaker, name)).read(sagemaker)
    save_tuning(tuning)
    return tuning


def read_ended(text: str) -> Tuning | None:
    """The tuning that TUNING names, if it has ended and runs/ has it with its best model; None if AWS is needed.

    Raises:
        UserError: TUNING matches several.
    """
    name = find_local(text) if text else None
    kept = read_saved(name) if name else None
    if kept is None or kept.status not in ENDED:
        return None
    return kept if kept.best is None or has_model(kept.best) else None


@contextmanager
def following_tuning(name: str, status: str = "InProgress") -> Iterator[None]:
    """A tuning runs while this block does: whatever ends the block says so, and which command follows it again.

    Args:
        name: the tuning's name.
        status: its status before the block; a tuning that has ended does not run on.
    """
    again, state = f"`make logs TUNING={name}`", f"{name} keeps running."
    line = (
        f"{name} keeps running. {again} follows it again, `make stop TUNING={name}` stops it and keeps the best, "
        f"`make tunings` lists it, `make report TUNING={name}` downloads its best model when it has ended."
    )
    if status in ENDED:
        state = f"{name} is {status}."
        line = f"Interrupted. {name} is {status}; {again} shows it again."
    with job_exists(line, again, state):
        yield


def price_of(sagemaker: Any, name: str) -> tuple[float, str] | None:
    """USD an hour of one trial's instances when a tuning was sent, and where that comes from; None if it is not known.

    Its request.json has it, and elsewhere its tags, if you may read them.
    """
    try:
        return costs.started_price(read_json(name, "request.json"))
    except OSError:
        return _tagged_price(sagemaker, name)
    except (ValueError, KeyError, TypeError, AttributeError):
        return None


def _tagged_price(sagemaker: Any, name: str) -> tuple[float, str] | None:
    try:
        arn = describe(sagemaker, name)["HyperParameterTuningJobArn"]
        return costs.started_price(sagemaker.list_tags(ResourceArn=arn))
    except Exception as error:
        if not aws.is_access_denied(error):
            raise
        return None
