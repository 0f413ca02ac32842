"""Spot: when a job's instances are taken away, which of its time counts, and what is billed.

Each function takes a job and the present moment, and calls nothing. AWS's rules:
https://docs.aws.amazon.com/sagemaker/latest/dg/model-managed-spot-training.html (savings),
https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_StoppingCondition.html (limits).
"""

import math
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from scripts.localcloud.interruptions import Interruption
from scripts.localcloud.sagemaker.jobs import Job, StopReason

# What spot saves of the price on demand. AWS promises "up to 90%", and its discount changes from hour to hour.
DISCOUNT = Decimal("0.70")
CAPACITY_SECONDS = 2.0
"""How long an interrupted job waits for new instances. On AWS it takes minutes or hours."""
DEFAULT_MAX_RUNTIME = 86_400


def is_spot(job: Job) -> bool:
    """Return whether a job trains on spot instances."""
    return bool(job.request.get("EnableManagedSpotTraining"))


def instance_time(job: Job, now: datetime) -> timedelta:
    """Return how long a job has had instances: from Downloading to the end of each attempt, all attempts together."""
    total, start = timedelta(), None
    for step in job.transitions:
        if start is None and step.status in ("Downloading", "Training"):
            start = step.start
        elif start is not None and step.status in ("Interrupted", "Starting"):  # or started again after an error
            total, start = total + (step.start - start), None
    return total if start is None else total + ((job.ended or now) - start)


def due_interruption(job: Job, now: datetime, has_checkpoint: bool) -> Interruption | None:
    """Return the interruption whose time has come, None if there is none.

    Args:
        job: the job.
        now: the present moment.
        has_checkpoint: whether S3 has a new checkpoint of the present instances.

    The clock of the interruptions runs in status Training. It stands at the time of the last interruption when new
    instances begin to train, however long the programs took to end after that interruption.
    """
    happened = sum(step.status == "Interrupted" for step in job.transitions)
    step = job.transitions[-1]
    if step.status != "Training" or happened == len(job.interruptions):
        return None
    last = job.interruptions[happened - 1].after if happened else 0.0
    trained, following = last + (now - step.start).total_seconds(), job.interruptions[happened]
    is_due = trained >= following.after and (has_checkpoint or not following.at_checkpoint)
    return following if is_due else None


def exceeded_limit(job: Job, now: datetime) -> StopReason | None:
    """Return which time limit a job has exceeded: MaxRuntime counts the time on instances, MaxWait the waiting too."""
    limits = job.request["StoppingCondition"]
    if instance_time(job, now) > timedelta(seconds=limits.get("MaxRuntimeInSeconds", DEFAULT_MAX_RUNTIME)):
        return StopReason.MAX_RUNTIME
    wait = limits.get("MaxWaitTimeInSeconds")
    if wait is not None and now - job.created > timedelta(seconds=wait):
        return StopReason.MAX_WAIT
    return None


def bill(job: Job, discount: Decimal) -> dict[str, Any]:
    """Return TrainingTimeInSeconds and BillableTimeInSeconds of a job that has ended; nothing if it had no instance."""
    if job.started is None or job.ended is None:
        return {}
    seconds = max(1, math.ceil(instance_time(job, job.ended).total_seconds()))
    billable = math.ceil(seconds * (1 - discount)) if is_spot(job) else seconds
    return {"TrainingTimeInSeconds": seconds, "BillableTimeInSeconds": billable}
