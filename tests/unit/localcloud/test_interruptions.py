"""Interruptions of spot jobs: how INTERRUPT is read, when they are due, which time counts, what is billed."""

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scripts.core.errors import UserError
from scripts.localcloud import format_interruptions, parse_interruptions
from scripts.localcloud.interruptions import FORM, Interruption, Orders
from scripts.localcloud.sagemaker import describe, spot
from scripts.localcloud.sagemaker.jobs import Job, StopReason, new_job

NOON = datetime(2026, 8, 1, 12, tzinfo=UTC)
REQUEST = {
    "TrainingJobName": "Name",
    "EnableManagedSpotTraining": True,
    "StoppingCondition": {"MaxRuntimeInSeconds": 100, "MaxWaitTimeInSeconds": 200},
}
ORDERED = (Interruption(30), Interruption(90, warned=False))
CHANCE = random.Random(1)  # noqa: S311 - no secret


def at(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def job(*steps: tuple[str, float], **request: object) -> Job:
    """A job that entered these statuses at these seconds after noon."""
    made = new_job({**REQUEST, **request}, "us-east-1", "123456789012", NOON, ORDERED)
    for status, seconds in steps:
        made = made.enter_status(status, at(seconds))
    return made


FIRST = (("Downloading", 5), ("Training", 10))
SECOND = (*FIRST, ("Interrupted", 41), ("Starting", 60), ("Downloading", 61), ("Training", 64))


def test_the_times_and_kinds_of_interruptions_are_read() -> None:
    assert parse_interruptions("30s,90s:kill", CHANCE) == ORDERED
    assert parse_interruptions("0.25s", CHANCE) == (Interruption(0.25),)
    assert format_interruptions(ORDERED) == "30s,90s:kill"
    at_checkpoints = (Interruption(0, at_checkpoint=True), Interruption(5.5, warned=False, at_checkpoint=True))
    assert parse_interruptions("0s:checkpoint,5.5s:checkpoint:kill", CHANCE) == at_checkpoints
    assert format_interruptions(at_checkpoints) == "0s:checkpoint,5.5s:checkpoint:kill"


@given(st.integers(1, 100), st.integers())
def test_random_interruptions_can_be_ordered_again(count: int, seed: int) -> None:
    drawn = parse_interruptions(f"random:{count}", random.Random(seed))  # noqa: S311 - no secret
    assert len(drawn) == count
    assert all(5 <= later - earlier <= 30 for earlier, later in pairwise([0.0, *(one.after for one in drawn)]))
    assert parse_interruptions(format_interruptions(drawn), CHANCE) == drawn


@pytest.mark.parametrize(
    "text",
    [
        *("soon", "30", "30s,", ",30s", "30s 90s", "-1s", "1e3s", "30s:term", "30s:", "30S", "\u0663s"),
        *("checkpoint", "30s:kill:checkpoint"),
        *("random", "random:0", "random:101", "random:3,30s"),
        ",".join(f"{number}s" for number in range(101)),
    ],
)
def test_another_text_is_refused(text: str) -> None:
    with pytest.raises(UserError) as refused:
        parse_interruptions(text, CHANCE)
    assert refused.value.problem == f"INTERRUPT={text} is not a list of at most 100 interruptions."
    assert refused.value.fix == FORM


@pytest.mark.parametrize("text", ["90s,30s", "30s,30s:kill"])
def test_times_that_do_not_ascend_are_refused(text: str) -> None:
    with pytest.raises(UserError, match="do not ascend"):
        parse_interruptions(text, CHANCE)


def test_an_order_is_found_by_its_name_alone() -> None:
    orders = Orders()
    name, other = orders.add("30s,90s:kill"), orders.add("1s")
    assert orders.find(name) == ORDERED
    assert orders.find(other) == (Interruption(1),)
    assert orders.find("") == orders.find("interrupt-0") == ()
    assert len(name) <= 50  # AWS's limit for AWS_SDK_UA_APP_ID


@pytest.mark.parametrize(
    ("steps", "now", "due"),
    [
        ((), 1000, None),
        (FIRST[:1], 1000, None),
        (FIRST, 39.999, None),
        (FIRST, 40, ORDERED[0]),
        (SECOND[:4], 1000, None),  # Waiting does not count,
        (SECOND[:5], 1000, None),  # nor does the download,
        (SECOND, 64 + 59.999, None),  # nor does the second that the program took to end after the first one.
        (SECOND, 64 + 60, ORDERED[1]),
        ((*SECOND, ("Uploading", 65)), 1000, None),
        ((*SECOND, ("Interrupted", 123), ("Starting", 130), ("Downloading", 131), ("Training", 132)), 1000, None),
    ],
)
def test_an_interruption_is_due_after_its_seconds_of_training(
    steps: tuple[tuple[str, float], ...], now: float, due: Interruption | None
) -> None:
    for has_checkpoint in (False, True):
        assert spot.due_interruption(job(*steps), at(now), has_checkpoint) == due


def test_an_interruption_at_a_checkpoint_waits_for_its_seconds_and_for_a_checkpoint() -> None:
    ordered = Interruption(30, at_checkpoint=True)
    waiting = replace(job(*FIRST), interruptions=(ordered,))
    assert spot.due_interruption(waiting, at(39.999), has_checkpoint=True) is None
    assert spot.due_interruption(waiting, at(1000), has_checkpoint=False) is None
    assert spot.due_interruption(waiting, at(40), has_checkpoint=True) == ordered


def test_the_time_on_instances_is_that_of_all_attempts_without_the_waiting() -> None:
    assert spot.instance_time(job(), at(50)) == timedelta(0)
    assert spot.instance_time(job(*FIRST), at(50)) == timedelta(seconds=45)
    assert spot.instance_time(job(*SECOND[:4]), at(55)) == timedelta(seconds=36)
    assert spot.instance_time(job(*SECOND), at(70)) == timedelta(seconds=36 + 9)
    ended = job(*SECOND, ("Uploading", 71)).finish(at(72.5))
    assert spot.instance_time(ended, at(1000)) == timedelta(seconds=36 + 11.5)


def test_a_second_status_of_a_download_does_not_begin_another_attempt() -> None:
    twice = job(("Downloading", 5), ("Downloading", 7), ("Training", 10))
    assert spot.instance_time(twice, at(11)) == timedelta(seconds=6)


@pytest.mark.parametrize(
    ("steps", "now", "limit"),
    [
        (FIRST, 105, None),
        (FIRST, 105.001, StopReason.MAX_RUNTIME),
        (SECOND[:3], 199, None),  # The waiting counts for MaxWait alone,
        (SECOND[:3], 200.001, StopReason.MAX_WAIT),
        (SECOND, 61 + 64, None),
        (SECOND, 61 + 64.001, StopReason.MAX_RUNTIME),  # and the 36 s before it for MaxRuntime.
        ((), 200.001, StopReason.MAX_WAIT),  # There never was a spot instance.
    ],
)
def test_time_limits_of_a_spot_job(steps: tuple[tuple[str, float], ...], now: float, limit: StopReason | None) -> None:
    assert spot.exceeded_limit(job(*steps), at(now)) == limit


def test_time_limits_of_a_job_on_demand() -> None:
    on_demand = {"EnableManagedSpotTraining": False, "StoppingCondition": {}}
    assert spot.exceeded_limit(job(**on_demand), at(10**7)) is None
    assert spot.exceeded_limit(job(*FIRST, **on_demand), at(86_405)) is None
    assert spot.exceeded_limit(job(*FIRST, **on_demand), at(86_405.001)) == StopReason.MAX_RUNTIME


@pytest.mark.parametrize(
    ("seconds", "discount", "billed"),
    [(10, "0.70", 3), (11, "0.70", 4), (1, "0.70", 1), (7, "0", 7), (1000, "0.9", 100)],
)
def test_a_spot_job_is_billed_with_the_discount_rounded_up(seconds: int, discount: str, billed: int) -> None:
    ended = job(("Downloading", 5), ("Training", 6)).finish(at(5 + seconds))
    described = describe.description(ended, Decimal(discount))
    assert described["TrainingTimeInSeconds"] == seconds
    assert described["BillableTimeInSeconds"] == billed
    on_demand = replace(ended, request={**REQUEST, "EnableManagedSpotTraining": False})
    assert describe.description(on_demand, Decimal(discount))["BillableTimeInSeconds"] == seconds


def test_an_interrupted_job_that_is_stopped_while_it_waits_has_only_the_time_on_instances() -> None:
    stopped = job(*SECOND[:3]).request_stop(StopReason.USER, at(50)).finish(at(50.5))
    described = describe.description(stopped)
    assert [step.status for step in stopped.transitions][-3:] == ["Interrupted", "Stopping", "Stopped"]
    assert (described["TrainingTimeInSeconds"], described["BillableTimeInSeconds"]) == (36, 11)


def test_a_job_that_never_had_an_instance_has_no_time() -> None:
    ended = job().request_stop(StopReason.MAX_WAIT, at(201)).finish(at(201))
    assert ended.transitions[-1].status == "MaxWaitTimeExceeded"
    assert "BillableTimeInSeconds" not in describe.description(ended)


def test_a_job_that_is_being_stopped_does_not_proceed() -> None:
    stopping = job(*FIRST).request_stop(StopReason.USER, at(20))
    assert stopping.proceed("Interrupted", at(21)) == stopping
    assert job(*FIRST).proceed("Interrupted", at(21)).transitions[-1].status == "Interrupted"
