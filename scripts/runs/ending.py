"""The lines that are printed when a job has ended, or when you stop following it."""

from scripts.core import console
from scripts.runs.prices import table
from scripts.runs.record import Record


def still_running_line(job: str) -> str:
    """The line for an interrupt while a job is followed: the job keeps running."""
    return (
        f"{job} keeps running. `make logs RUN={job}` follows it again, `make stop RUN={job}` stops it, "
        f"`make jobs` lists it, `make model RUN={job}` downloads its model when it has ended."
    )


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
    if record.metrics:
        lines.append("  metrics  " + ", ".join(f"{name} {value:.6g}" for name, value in record.metrics.items()))
    if with_model and record.model_s3 and record.model_path is None:
        lines.append(f"  model    {record.model_s3}: `make model RUN={record.job}` downloads it")
    return lines


def _source(record: Record) -> str:
    return f"{record.instance_type} on demand in {table().region}, prices of {record.prices_of}"


def _reason(record: Record) -> str:
    if record.status == "Failed":
        return f": {record.failure_reason or 'no reason given; its log may say more'}"
    if record.secondary_status == "MaxRuntimeExceeded":
        return ": it reached max_runtime_seconds of its job file"
    if record.secondary_status == "MaxWaitTimeExceeded":
        return ": it reached max_wait_seconds of its job file"
    return ", on request" if record.status == "Stopped" else ""
