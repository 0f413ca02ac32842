"""Runs a job twice uninterrupted and once interrupted, compares the results, and prints a verdict."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager

from scripts import training
from scripts.core import console
from scripts.core.errors import UserError
from scripts.job_proof import interruptions, report
from scripts.job_proof.attempts import Attempt, repetition
from scripts.job_proof.models import read_model, saved_models, with_arrays
from scripts.job_proof.sending import Run, send
from scripts.job_proof.verdict import Outcome, Result, judge
from scripts.jobfile.spec import JobSpec

Interrupting = Callable[[str], AbstractContextManager[None]]
"""Given the text of INTERRUPT, a block; the job that is created in it is interrupted so."""


def as_spot(name: str, spec: JobSpec) -> JobSpec:
    """The job file's content with ``spot = true``: only spot jobs are interrupted.

    Raises:
        UserError: it has no checkpoints.
    """
    if not spec.checkpoints:
        raise UserError(
            f"jobs/{name}.toml has checkpoints = false: each interruption loses the whole run.",
            "Remove that line; then what the program writes to /opt/ml/checkpoints survives an interruption.",
        )
    return spec.model_copy(update={"spot": True})


def prove(prepared: training.PreparedJob, kills: int, interrupting: Interrupting) -> bool:
    """Send the job three times, compare the results, and print the report.

    Args:
        prepared: the job, with its data uploaded.
        kills: the number of interruptions.
        interrupting: orders interruptions.

    Returns:
        Whether no interruption lost work or changed the result.

    Raises:
        UserError: the job fails uninterrupted, could not be interrupted, or left nothing to compare.
    """
    first, second = (_uninterrupted(prepared, title) for title in ("Uninterrupted run", "The same again"))
    interrupted = _interrupted(prepared, kills, (first, second), interrupting)
    console.say()
    for line in report.attempt_rows(interrupted.attempts):
        console.say(line)
    console.say()
    console.say(f"The runs: {', '.join(str(run.folder) for run in (first, second, interrupted))}.")
    record = interrupted.record
    if record.status != "Completed":
        reason = console.indented(record.failure_reason or record.secondary_status)
        console.say(f"Interrupted, the job is {record.status}: {reason}")
        return False
    first_left, second_left, left = _outcomes((first, second, interrupted))
    repeated = repetition(_shorter((first, second)), interrupted.attempts)
    verdict = judge(first_left, second_left, left, repeated)
    notes = report.notes(first_left, saved_models(first.model), first.saves)
    for line in (*notes, *report.lines(verdict, first_left, second_left, left)):
        console.say(line)
    if verdict.result is Result.UNKNOWN and not verdict.is_loss:
        raise UserError(
            "Nothing says whether the interrupted run has the right result: the job prints no metric, and two "
            "uninterrupted runs left no equal model.",
            "Name a metric in [metrics] of the job file, or seed the program: keras.utils.set_random_seed(1).",
        )
    return not verdict.is_loss


def _uninterrupted(prepared: training.PreparedJob, title: str) -> Run:
    with console.step(title):
        run = _send(prepared)
    _check_completed(run)
    return run


def _interrupted(
    prepared: training.PreparedJob, kills: int, uninterrupted: tuple[Run, Run], interrupting: Interrupting
) -> Run:
    """The run that is interrupted: at checkpoints, or if it leaves none in time, in the middle.

    A run that is faster than those before it ends too soon. So the next one is interrupted by its times.
    """
    ended = list(uninterrupted)
    saves = any(run.saves for run in uninterrupted)
    for choose in (*([interruptions.at_checkpoints] if saves else []), interruptions.in_the_middle):
        order = choose(kills, _shorter(ended))
        with console.step(f"The same with INTERRUPT={order}"), interrupting(order):
            run = _send(prepared)
        if run.record.interruptions:
            return run
        _check_completed(run)
        console.say("It ended without an interruption.")
        ended.append(run)
    seconds = console.duration(_shorter(ended).seconds)
    raise UserError(
        f"{run.record.job} ended before it could be interrupted: it trains {seconds} in all.",
        "Let it train longer, such as with more epochs: HP=.",
    )


def _shorter(uninterrupted: Sequence[Run]) -> Attempt:
    """The uninterrupted run that trained for the shorter time: what is due by then hits the other one too."""
    return min((run.attempts[0] for run in uninterrupted), key=lambda attempt: attempt.seconds)


def _check_completed(run: Run) -> None:
    if run.record.status != "Completed":
        raise UserError(
            f"{run.record.job} is {run.record.status}, although nothing interrupted it.",
            f"Its log says why: `make logs CLOUD=local RUN={run.record.job}`.",
        )


def _send(prepared: training.PreparedJob) -> Run:
    request = prepared.again().request
    console.say(f"Run: {request['TrainingJobName']}")
    return send(request)


def _outcomes(found: Sequence[Run]) -> list[Outcome]:
    folders = [run.model for run in found]
    models = with_arrays(folders, [read_model(folder) for folder in folders])
    return [Outcome(run.record.metrics, model) for run, model in zip(found, models, strict=True)]
