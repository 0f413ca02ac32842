"""What is printed when a job has ended, and when you, or an error, end a command before its job has ended."""

from collections.abc import Iterator
from contextlib import contextmanager

from scripts.core import console, refusals, verb
from scripts.core.errors import UserError
from scripts.core.printable import one_line
from scripts.runs.record import ENDED, Record


def still_running_line(job: str) -> str:
    """The line for an interrupt while a job is followed: the job keeps running."""
    return (
        f"{job} keeps running. `make logs RUN={job}` follows it again, `make stop RUN={job}` stops it, "
        f"`make jobs` lists it, `make model RUN={job}` downloads its model when it has ended."
    )


@contextmanager
def following_job(job: str, status: str = "InProgress") -> Iterator[None]:
    """A job runs while this block does: whatever ends the block says so, and which command follows the job again.

    Args:
        job: the job's name.
        status: its TrainingJobStatus before the block; a job that has ended does not run on.
    """
    again, state = f"`make logs RUN={job}`", f"{job} keeps running."
    line = still_running_line(job)
    if status in ENDED:
        state = f"{job} is {status}."
        line = f"Interrupted. {job} is {status}; {again} shows its log again."
    with job_exists(line, again, state):
        yield


@contextmanager
def downloading(job: str) -> Iterator[None]:
    """A job is Completed, and this block downloads its model: whatever ends the block says which command does that."""
    again = f"`make model RUN={job}`"
    line = f"Interrupted. {job} is Completed; {again} downloads its model."
    with job_exists(line, again, f"{job} is Completed."):
        yield


@contextmanager
def job_exists(line: str, again: str, state: str) -> Iterator[None]:
    """Let no ending of the block advise to run the same command again: it would start a second job.

    Args:
        line: printed after an interrupt, and after the traceback of a bug.
        again: the command that continues.
        state: what the job does, as a sentence.
    """
    try:
        with verb.on_interrupt(line):
            yield
    except UserError as error:
        error.continue_with(again)
        raise
    except Exception as error:
        explained = refusals.explain(error)
        if explained is None:
            error.add_note(line)
            raise
        explained.continue_with(again)
        then = "" if again in explained.fix else f" Then run {again}."
        explained.fix += f"{then} {state}"
        raise explained from error


def print_end(record: Record, with_model: bool = True) -> None:
    """Print a job's summary: status, time, cost, metrics, and the reason if it failed or was stopped.

    Args:
        record: the run's record.
        with_model: whether to name the archive of its model, if that was not downloaded.
    """
    for line in end_lines(record, with_model):
        console.say(line)


def end_lines(record: Record, with_model: bool = True) -> list[str]:
    """The lines of a job's summary, for `print_end`."""
    lines = [f"{record.job}: {record.status}{_reason(record)}"]
    if record.seconds is not None:
        cost = "price unknown" if record.cost_usd is None else f"{record.cost_usd:.4f} USD ({_source(record)})"
        billable = console.duration(record.billable_seconds or 0)
        each = f" on each of {record.instance_count} instances" if record.instance_count > 1 else ""
        lines.append(f"  time     {console.duration(record.seconds)}, billed {billable}{each}: {cost}")
        if record.saved_seconds is not None:
            lines.append(f"  spot     {_spot(record)}")
    if record.metrics:
        lines.append(
            "  metrics  " + ", ".join(f"{one_line(name)} {value:.6g}" for name, value in record.metrics.items())
        )
    if with_model and record.model_s3 and record.model_path is None:
        lines.append(f"  model    {record.model_s3}: `make model RUN={record.job}` downloads it")
    return lines


def _source(record: Record) -> str:
    return f"{record.instance_type} on demand, {record.prices_of}"


def _spot(record: Record) -> str:
    count, saved = record.interruptions, record.saved_seconds or 0
    times = {0: "not interrupted", 1: "interrupted once"}.get(count, f"interrupted {count} times")
    dollars = "" if record.saved_usd is None else f", {record.saved_usd:.4f} USD"
    share = saved / record.seconds if record.seconds else 0
    return f"{times}; saved {share:.0%} against on demand: {console.duration(saved)}{dollars}"


def _reason(record: Record) -> str:
    if record.status == "Failed":
        reason = record.failure_reason or "no reason given; its log may say more"
        return f": {console.indented(reason)}"
    if record.secondary_status == "MaxRuntimeExceeded":
        return ": it reached max_runtime_seconds of its job file"
    if record.secondary_status == "MaxWaitTimeExceeded":
        return ": it reached max_wait_seconds of its job file"
    return ", on request" if record.status == "Stopped" else ""
