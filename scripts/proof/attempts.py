"""A run from its start to its end: uninterrupted, or killed and restarted."""

import signal
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from scripts.proof.job import CHECKPOINT_STEPS, Attempt, Job, ProofError, Result
from scripts.proof.kills import ENDING, SAVING, STARTING, Kill

# The seconds that SageMaker grants after SIGTERM.
GRACE = 120.0
# The seconds within which the hosts that were not killed must end by themselves.
SURVIVAL = 60.0
RUN_LIMIT = 600.0
# The seconds between two checks, and between two checks for a checkpoint that is being written.
TICK, FAST_TICK = 0.01, 0.0003
# About the seconds that the small network needs for a checkpoint, and for the end of its run.
SAVE_SECONDS, END_SECONDS = 0.01, 2.0


@dataclass(frozen=True)
class Timing:
    """The timing of the uninterrupted run.

    Args:
        start: the seconds from the start to the first checkpoint.
        checkpoint: the seconds from one checkpoint to the next.
        steps: the number of steps.
    """

    start: float
    checkpoint: float
    steps: int


@dataclass(frozen=True)
class AttemptRecord:
    """One attempt of the run, from its start to its end.

    Args:
        resumed_from: the step; 0 for the beginning, None if the attempt ended before it resumed.
        repeated: the number of steps that it repeated, at least and at most.
        kill: the kill that ended it; None if it ended by itself.
        seconds: from its start to the kill or the end.
        reached: the step that it reached, at least and at most; None if it did not train.
        torn: whether the kill left an incomplete checkpoint.
        exit_codes: the exit codes of the programs.
        survivor_seconds: the seconds after the kill until the other hosts ended by themselves; None without such hosts.
    """

    resumed_from: int | None
    repeated: tuple[int, int] | None
    kill: Kill | None
    seconds: float
    reached: tuple[int, int] | None
    torn: bool
    exit_codes: tuple[int, ...]
    survivor_seconds: float | None


def run_uninterrupted(job: Job) -> tuple[Result, Timing]:
    """Run the job to its end without a kill; return its result and its timing.

    Raises:
        ProofError: the job failed.
    """
    with job.attempt() as attempt:
        attempt.wait_until(lambda: attempt.newest_checkpoint()[0] > 0, TICK)
        start = attempt.seconds
        attempt.wait_until(lambda: attempt.last_state is not None, TICK)
        training = attempt.seconds - start
        attempt.wait(RUN_LIMIT)
        result = job.result(attempt)
    return result, Timing(start, training * CHECKPOINT_STEPS / result.step, result.step)


def run_with_kills(
    job: Job, kills: Sequence[Kill], timing: Timing, seconds: float = RUN_LIMIT
) -> Iterator[AttemptRecord | Result]:
    """Start, kill and restart the job until it ends by itself.

    Args:
        job: a job that has not been started yet.
        kills: the kills in their order.
        timing: the timing of the uninterrupted run.
        seconds: after this time no more kills follow.

    Yields:
        The record of each attempt, and at the end the result.

    Raises:
        ProofError: the run behaved in a way that no kill explains.
    """
    began = time.monotonic()
    reached = (0, 0)
    for number in range(len(kills) + 1):
        late = time.monotonic() - began > seconds
        kill = kills[number] if number < len(kills) and not late else None
        with job.attempt() as attempt:
            record = _run_attempt(attempt, kill, len(kills) - number, timing, reached)
            yield record
            reached = record.reached or reached
            if record.kill is None:
                yield job.result(attempt)
                return


def _run_attempt(
    attempt: Attempt, kill: Kill | None, kills_left: int, timing: Timing, before: tuple[int, int]
) -> AttemptRecord:
    seconds, survivor_seconds = 0.0, None
    if kill and _wait_for_moment(attempt, kill, kills_left, timing):
        seconds = attempt.seconds
        survivor_seconds = _kill(attempt, kill)
    else:
        kill = None
        attempt.wait(RUN_LIMIT)
        seconds = attempt.seconds
    start = attempt.resumed_from
    step, complete = attempt.newest_checkpoint()
    return AttemptRecord(
        start,
        _repeated(before, start),
        kill,
        seconds,
        _reached(attempt, start, step, timing),
        start is not None and not complete,  # without a start, an earlier attempt left it
        tuple(program.returncode for program in attempt.programs),
        survivor_seconds,
    )


def _wait_for_moment(attempt: Attempt, kill: Kill, kills_left: int, timing: Timing) -> bool:
    """Wait for the moment of a kill. Return False if a program ends before."""
    if kill.moment == STARTING:
        moment = kill.fraction * timing.start
        return attempt.wait_until(lambda: attempt.seconds >= moment, TICK)
    if kill.moment == ENDING:
        is_ending = attempt.wait_until(lambda: attempt.last_state is not None, TICK)
        return is_ending and _sleep(attempt, kill.jitter * END_SECONDS)
    if not attempt.wait_until(lambda: attempt.resumed_from is not None, TICK):
        return False
    start = attempt.resumed_from or 0
    goal = start + 1 + int(kill.fraction * (timing.steps - start) / (kills_left + 1))
    if not attempt.wait_until(lambda: attempt.newest_checkpoint()[0] >= goal, TICK):
        return False
    if kill.moment == SAVING:
        return attempt.wait_until(lambda: not attempt.newest_checkpoint()[1], FAST_TICK) and _sleep(
            attempt, kill.jitter * SAVE_SECONDS
        )
    return _sleep(attempt, kill.jitter * timing.checkpoint)


def _sleep(attempt: Attempt, seconds: float) -> bool:
    time.sleep(seconds)
    return attempt.running


def _kill(attempt: Attempt, kill: Kill) -> float | None:
    """Kill hosts and wait until all programs have ended. Return the seconds that the other hosts needed.

    Raises:
        ProofError: a program did not end in time.
    """
    for host in kill.hosts:
        attempt.programs[host].send_signal(kill.signal)
    before = time.monotonic()
    attempt.wait(GRACE if kill.signal == signal.SIGTERM else SURVIVAL)
    return time.monotonic() - before if len(kill.hosts) < len(attempt.programs) else None


def _reached(attempt: Attempt, start: int | None, newest: int, timing: Timing) -> tuple[int, int] | None:
    """The step that an attempt reached, at least and at most."""
    if start is None:
        return None
    if state := attempt.last_state:
        return state[0], state[0]
    # The next checkpoint may still wait for the writing thread. The one after it waits until that is written.
    least = max(newest, start)
    return least, min(timing.steps, least + 2 * CHECKPOINT_STEPS)


def _repeated(before: tuple[int, int], start: int | None) -> tuple[int, int] | None:
    """The number of steps that an attempt repeats, at least and at most.

    Raises:
        ProofError: it resumed from a step that the run had not reached.
    """
    if start is None:
        return None
    least, most = before
    if start > most:
        raise ProofError(f"The run resumed from step {start}, but it had reached step {most} at most.")
    return max(0, least - start), most - start
