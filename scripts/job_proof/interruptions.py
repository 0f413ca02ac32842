"""Decides when the job is interrupted, from what its uninterrupted runs showed.

The text is that of INTERRUPT: docs/resume.md.
"""

from scripts.job_proof.attempts import Attempt

SIGNALS = ("SIGKILL", "SIGTERM")


def signal_of(number: int) -> str:
    """The signal of an interruption, counted from 0. They alternate: without a warning, and with one."""
    return SIGNALS[number % 2]


def at_checkpoints(count: int, uninterrupted: Attempt) -> str:
    """Interruptions that are spread over the run, each after a new checkpoint has reached S3.

    Args:
        count: how many.
        uninterrupted: an uninterrupted run.
    """
    return _order(count, _moment(uninterrupted, 1 / (count + 1)), ":checkpoint")


def in_the_middle(count: int, uninterrupted: Attempt) -> str:
    """Interruptions of a job that leaves no checkpoint in time: each when half of an uninterrupted run is over.

    Args:
        count: how many.
        uninterrupted: an uninterrupted run.
    """
    return _order(count, _moment(uninterrupted, 1 / 2), "")


def _moment(uninterrupted: Attempt, share: float) -> float:
    """The seconds after which an attempt, which also has to start, has trained for a share of the run."""
    return uninterrupted.start + share * (uninterrupted.seconds - uninterrupted.start)


def _order(count: int, seconds: float, condition: str) -> str:
    """Interruptions, each after so many seconds of an attempt: the seconds of INTERRUPT are those of all attempts."""
    kinds = {"SIGKILL": ":kill", "SIGTERM": ""}
    # INTERRUPT has milliseconds at most, and its times must ascend.
    each = max(seconds, 0.001)
    return ",".join(f"{each * (number + 1):.3f}s{condition}{kinds[signal_of(number)]}" for number in range(count))
