"""Decides when the job is interrupted, from what its uninterrupted runs showed.

The text is that of INTERRUPT: docs/resume.md.
"""

from collections.abc import Sequence

SIGNALS = ("SIGKILL", "SIGTERM")


def signal_of(number: int) -> str:
    """The signal of an interruption, counted from 0. They alternate: without a warning, and with one."""
    return SIGNALS[number % 2]


def at_checkpoints(count: int, seconds: Sequence[float]) -> str:
    """Interruptions that are spread over the run, each after a new checkpoint has reached S3.

    Args:
        count: how many.
        seconds: how long each uninterrupted run trained.
    """
    share = min(seconds) / (count + 1)
    return _order([share * (number + 1) for number in range(count)], ":checkpoint")


def in_the_middle(count: int, seconds: Sequence[float]) -> str:
    """Interruptions of a job that leaves no checkpoint in time: each when half of an uninterrupted run is over.

    Args:
        count: how many.
        seconds: how long each uninterrupted run trained.
    """
    half = min(seconds) / 2
    return _order([half * (number + 1) for number in range(count)], "")


def _order(times: Sequence[float], condition: str) -> str:
    kinds = {"SIGKILL": ":kill", "SIGTERM": ""}
    # INTERRUPT has milliseconds at most, and its times must ascend.
    return ",".join(
        f"{max(time, 0.001 * (number + 1)):.3f}s{condition}{kinds[signal_of(number)]}"
        for number, time in enumerate(times)
    )
