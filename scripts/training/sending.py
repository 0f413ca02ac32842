"""Decides how CreateTrainingJob goes on after each answer, so that one command starts one job. Pure functions.

The job's name is ours and random, and SageMaker refuses a second job of the same name (ResourceInUse). So after an
answer that got lost, the job is looked for by its name: if it exists with our request, it is ours. If it does not
exist, the same request is sent again with the same name.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import Enum, auto
from typing import Any

PATIENCE_SECONDS = 120.0
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 10.0
IAM_PAUSE = 5.0


class Answer(Enum):
    """An answer to CreateTrainingJob, or to the DescribeTrainingJob that looks for the job."""

    # to CreateTrainingJob
    CREATED = auto()
    NAME_TAKEN = auto()  # a job of this name exists
    IAM_DELAY = auto()  # a new role or policy has not reached all of AWS
    REFUSED = auto()  # no job was created, and the same request will not do
    NOT_NOW = auto()  # no job was created: throttled, or there was no connection
    LOST = auto()  # the job may have been created
    # to DescribeTrainingJob
    OURS = auto()
    OF_SOMEBODY_ELSE = auto()
    MISSING = auto()
    CANNOT_LOOK = auto()  # no right to do so
    NO_ANSWER = auto()


class Action(Enum):
    """What to do next. All but the first two end the sending."""

    SEND = auto()
    LOOK = auto()
    FOLLOW = auto()
    REPORT_REFUSAL = auto()  # no job was started; the refusal says why
    REPORT_NOT_STARTED = auto()  # no job was started, because AWS could not
    REPORT_NAME_TAKEN = auto()
    REPORT_UNKNOWN = auto()  # the job may run


@dataclass(frozen=True)
class Sending:
    """What is known about a job that is being sent.

    Args:
        deadline: when to give up, in seconds on the caller's clock.
        action: what to do next.
        pause: how many seconds to wait before that.
        may_exist: whether an answer was lost, so that the job may exist.
        last_sent: the last answer to CreateTrainingJob.
        troubles: how many answers brought nothing; the pauses grow with it.
    """

    deadline: float
    action: Action = Action.SEND
    pause: float = 0.0
    may_exist: bool = False
    last_sent: Answer | None = None
    troubles: int = 0


def begin(now: float) -> Sending:
    """The state before the first request."""
    return Sending(now + PATIENCE_SECONDS)


def after(sending: Sending, answer: Answer, now: float) -> Sending:
    """What to do after an answer.

    Args:
        sending: what was known before it.
        answer: the answer to the action in ``sending``.
        now: the time on the same clock as the deadline.
    """
    is_late = now >= sending.deadline
    if sending.action is Action.SEND:
        lost = sending.may_exist or answer is Answer.LOST
        return _after_sending(replace(sending, last_sent=answer, may_exist=lost), answer, is_late)
    return _after_looking(sending, answer, is_late)


def _after_sending(sending: Sending, answer: Answer, is_late: bool) -> Sending:
    if answer is Answer.CREATED:
        return _do(sending, Action.FOLLOW)
    if answer is Answer.NAME_TAKEN or (answer is Answer.REFUSED and sending.may_exist):
        return _do(sending, Action.LOOK)
    if answer is Answer.REFUSED:
        return _do(sending, Action.REPORT_REFUSAL)
    if answer is Answer.LOST:
        return _do_later(sending, Action.LOOK)
    if is_late:  # a delay of IAM, throttling, or no connection
        return _do(sending, Action.LOOK if sending.may_exist else Action.REPORT_REFUSAL)
    if answer is Answer.IAM_DELAY:
        return _do(sending, Action.SEND, IAM_PAUSE)
    return _do_later(sending, Action.SEND)


def _after_looking(sending: Sending, answer: Answer, is_late: bool) -> Sending:
    if answer is Answer.OURS:
        return _do(sending, Action.FOLLOW)
    if answer is Answer.OF_SOMEBODY_ELSE:
        return _do(sending, Action.REPORT_NAME_TAKEN)
    if answer is Answer.MISSING and sending.last_sent is Answer.REFUSED:
        return _do(sending, Action.REPORT_REFUSAL)
    if answer is Answer.MISSING and is_late:
        taken = sending.last_sent is Answer.NAME_TAKEN
        return _do(sending, Action.REPORT_UNKNOWN if taken else Action.REPORT_NOT_STARTED)
    if answer is Answer.MISSING:
        return _do_later(sending, Action.SEND)
    if is_late or (answer is Answer.CANNOT_LOOK and sending.last_sent is not Answer.LOST):
        return _do(sending, Action.REPORT_UNKNOWN)
    if answer is Answer.CANNOT_LOOK:  # only AWS knows: it refuses the name if the job exists
        return _do_later(sending, Action.SEND)
    return _do_later(sending, Action.LOOK)


def _do(sending: Sending, action: Action, pause: float = 0.0) -> Sending:
    return replace(sending, action=action, pause=pause)


def _do_later(sending: Sending, action: Action) -> Sending:
    pause = min(LONGEST_PAUSE, FIRST_PAUSE * 2.0 ** min(sending.troubles, 10))
    return replace(sending, action=action, pause=pause, troubles=sending.troubles + 1)


def is_ours(request: Mapping[str, Any], described: Mapping[str, Any]) -> bool:
    """Whether a job was created by this request: same role, image, data, outputs, instances and hyperparameters.

    Args:
        request: the CreateTrainingJob request.
        described: the DescribeTrainingJob response of the job with the same name. It may have more than was sent.
    """
    return _identity(request) == _identity(described)


def _identity(job: Mapping[str, Any]) -> tuple[object, ...]:
    algorithm, resources = job["AlgorithmSpecification"], job["ResourceConfig"]
    channels = [
        (channel["ChannelName"], channel["DataSource"].get("S3DataSource", {}).get("S3Uri"))
        for channel in job.get("InputDataConfig") or ()
    ]
    return (
        job["RoleArn"],
        algorithm.get("TrainingImage") or algorithm.get("AlgorithmName"),
        sorted(channels),
        job["OutputDataConfig"]["S3OutputPath"],
        (job.get("CheckpointConfig") or {}).get("S3Uri"),
        (resources.get("InstanceType"), resources.get("InstanceCount")),
        job["StoppingCondition"].get("MaxRuntimeInSeconds"),
        dict(job.get("HyperParameters") or {}),
        dict(job.get("Environment") or {}),
    )
