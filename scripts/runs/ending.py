"""What is said of a job when it has ended, or when one stops looking at it."""

from scripts.core import console
from scripts.runs.prices import table
from scripts.runs.record import Record


def come_back(job: str) -> str:
    """The line for an interrupt while a job is followed: it goes on."""
    return (
        f"{job} goes on. `make logs RUN={job}` follows it again, `make stop RUN={job}` ends it, `make jobs` lists it, "
        f"`make model RUN={job}` fetches its model at the end."
    )


def say_end(record: Record) -> None:
    """Sum the job up: status, time, cost, metrics, and the reason where it failed or was stopped."""
    for line in end_lines(record):
        console.say(line)


def end_lines(record: Record) -> list[str]:
    """The lines of `say_end`."""
    lines = [f"{record.job}: {record.status}{_reason(record)}"]
    if record.seconds is not None:
        cost = "price unknown" if record.cost_usd is None else f"{record.cost_usd:.4f} USD ({_source(record)})"
        billable = console.duration(record.billable_seconds or 0)
        each = f" on each of {record.instance_count} instances" if record.instance_count > 1 else ""
        lines.append(f"  time     {console.duration(record.seconds)}, billed {billable}{each}: {cost}")
    if record.metrics:
        lines.append("  metrics  " + ", ".join(f"{name} {value:.6g}" for name, value in record.metrics.items()))
    if record.model_s3 and record.model_path is None:
        lines.append(f"  model    {record.model_s3}: `make model RUN={record.job}` fetches it")
    return lines


def _source(record: Record) -> str:
    return f"{record.instance_type} on demand in {table().region}, prices of {record.prices_of}"


def _reason(record: Record) -> str:
    if record.status == "Failed":
        return f": {record.failure_reason or 'no reason given; its log may say more'}"
    if record.secondary_status == "MaxRuntimeExceeded":
        return ": it ran as long as max_runtime_seconds of its job file allows"
    if record.secondary_status == "MaxWaitTimeExceeded":
        return ": it waited as long as max_wait_seconds of its job file allows"
    return ", by somebody's request" if record.status == "Stopped" else ""
