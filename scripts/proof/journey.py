"""A run from its start to its end: left alone, or killed and started again."""

import signal
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from scripts.proof.job import CHECKPOINT_STEPS, Attempt, BrokenError, Job, Result
from scripts.proof.kills import ENDING, SAVING, STARTING, Kill

# What SageMaker grants after SIGTERM.
GRACE = 120.0
# Within this the hosts that are not killed must have ended by themselves.
SURVIVAL = 60.0
RUN_LIMIT = 600.0
# Seconds: between two looks, and where a checkpoint that is being written is to be met.
TICK, FAST_TICK = 0.01, 0.0003
# Seconds that a checkpoint of the small network takes, and the end of its run, more or less.
SAVE_SECONDS, END_SECONDS = 0.01, 2.0


@dataclass(frozen=True)
class Pace:
    """How fast the run is when it is left alone.

    Args:
        start: seconds from its start to its first checkpoint.
        checkpoint: seconds from one checkpoint to the next.
        steps: in all.
    """

    start: float
    checkpoint: float
    steps: int


@dataclass(frozen=True)
class Leg:
    """One start of the run, up to its end.

    Args:
        went_on_from: the step; 0 for the beginning, None where it ended before it had come so far.
        repeated: how many steps it did a second time, at least and at most.
        kill: what ended it; None where it ended by itself.
        seconds: from its start to the kill or to its end.
        reached: the steps done by then, at least and at most; None where it had not begun.
        torn: whether the kill left a checkpoint of which a part is missing.
        codes: with what the programs ended.
        survived: seconds after the kill in which the hosts that were not hit ended by themselves; None without any.
    """

    went_on_from: int | None
    repeated: tuple[int, int] | None
    kill: Kill | None
    seconds: float
    reached: tuple[int, int] | None
    torn: bool
    codes: tuple[int, ...]
    survived: float | None


def uninterrupted(job: Job) -> tuple[Result, Pace]:
    """Run the job to its end.

    Raises:
        BrokenError: it did not end well.
    """
    with job.attempt() as attempt:
        attempt.wait_until(lambda: attempt.newest()[0] > 0, TICK)
        start = attempt.seconds
        attempt.wait_until(lambda: attempt.last_state is not None, TICK)
        training = attempt.seconds - start
        attempt.wait(RUN_LIMIT)
        result = job.result(attempt)
    return result, Pace(start, training * CHECKPOINT_STEPS / result.step, result.step)


def travel(job: Job, kills: Sequence[Kill], pace: Pace, seconds: float = RUN_LIMIT) -> Iterator[Leg | Result]:
    """Start the job, kill it, start it again, until it ends by itself.

    Args:
        job: which has not been started yet.
        kills: in their order.
        pace: of the job when it is left alone.
        seconds: after which no more kills follow.

    Yields:
        Each leg when it is over, and in the end the result.

    Raises:
        BrokenError: the program did what no kill explains.
    """
    began = time.monotonic()
    reached = (0, 0)
    for number in range(len(kills) + 1):
        late = time.monotonic() - began > seconds
        kill = kills[number] if number < len(kills) and not late else None
        with job.attempt() as attempt:
            leg = _leg(attempt, kill, len(kills) - number, pace, reached)
            yield leg
            reached = leg.reached or reached
            if leg.kill is None:
                yield job.result(attempt)
                return


def _leg(attempt: Attempt, kill: Kill | None, kills_left: int, pace: Pace, before: tuple[int, int]) -> Leg:
    seconds, survived = 0.0, None
    if kill and _await(attempt, kill, kills_left, pace):
        seconds = attempt.seconds
        survived = _strike(attempt, kill)
    else:
        kill = None
        attempt.wait(RUN_LIMIT)
        seconds = attempt.seconds
    start = attempt.went_on_from
    step, whole = attempt.newest()
    return Leg(
        start,
        _repeated(before, start),
        kill,
        seconds,
        _reached(attempt, start, step, pace),
        start is not None and not whole,  # else it is an earlier leg's
        tuple(program.returncode for program in attempt.programs),
        survived,
    )


def _await(attempt: Attempt, kill: Kill, kills_left: int, pace: Pace) -> bool:
    """Wait for the moment of a kill; whether it came."""
    if kill.moment == STARTING:
        moment = kill.share * pace.start
        return attempt.wait_until(lambda: attempt.seconds >= moment, TICK)
    if kill.moment == ENDING:
        came = attempt.wait_until(lambda: attempt.last_state is not None, TICK)
        return came and _sleep(attempt, kill.jitter * END_SECONDS)
    if not attempt.wait_until(lambda: attempt.went_on_from is not None, TICK):
        return False
    start = attempt.went_on_from or 0
    goal = start + 1 + int(kill.share * (pace.steps - start) / (kills_left + 1))
    if not attempt.wait_until(lambda: attempt.newest()[0] >= goal, TICK):
        return False
    if kill.moment == SAVING:
        return attempt.wait_until(lambda: not attempt.newest()[1], FAST_TICK) and _sleep(
            attempt, kill.jitter * SAVE_SECONDS
        )
    return _sleep(attempt, kill.jitter * pace.checkpoint)


def _sleep(attempt: Attempt, seconds: float) -> bool:
    time.sleep(seconds)
    return attempt.running


def _strike(attempt: Attempt, kill: Kill) -> float | None:
    """Kill, and wait until all programs have ended; seconds that those not hit took for it.

    Raises:
        BrokenError: one did not end in time.
    """
    for host in kill.hosts:
        attempt.programs[host].send_signal(kill.signal)
    before = time.monotonic()
    attempt.wait(GRACE if kill.signal == signal.SIGTERM else SURVIVAL)
    return time.monotonic() - before if len(kill.hosts) < len(attempt.programs) else None


def _reached(attempt: Attempt, start: int | None, newest: int, pace: Pace) -> tuple[int, int] | None:
    """The steps that were done by the end of an attempt, at least and at most."""
    if start is None:
        return None
    if state := attempt.last_state:
        return state[0], state[0]
    # The one after the newest may have been handed to the writing thread, which had not begun; the next waits for it.
    least = max(newest, start)
    return least, min(pace.steps, least + 2 * CHECKPOINT_STEPS)


def _repeated(before: tuple[int, int], start: int | None) -> tuple[int, int] | None:
    """How many steps are done a second time by an attempt, at least and at most.

    Raises:
        BrokenError: it began after where the run had come to.
    """
    if start is None:
        return None
    least, most = before
    if start > most:
        raise BrokenError(f"It went on from step {start}, and had reached step {most} at most.")
    return max(0, least - start), most - start
