"""The kills, drawn beforehand, so that a seed repeats them."""

import random
import signal
from dataclasses import dataclass

STARTING, TRAINING, SAVING, ENDING = "starting", "training", "saving", "ending"


@dataclass(frozen=True)
class Kill:
    """One kill.

    Args:
        signal: SIGKILL or SIGTERM.
        moment: the program's activity: ``starting`` (before its first checkpoint), ``training``, ``saving`` (a
            checkpoint), or ``ending`` (the last step is done, the model is being written).
        fraction: how far into the start, or into the remaining steps, from 0 to 1.
        jitter: an additional delay within the moment, from 0 to 1.
        hosts: the numbers of the hosts to kill.
    """

    signal: signal.Signals
    moment: str
    fraction: float
    jitter: float
    hosts: tuple[int, ...]


def epochs_for(kills: int) -> int:
    """Return how many epochs a run has that is killed so often: many kills need a longer run."""
    return 4 + kills


def draw_kills(seed: int, count: int, hosts: int) -> list[Kill]:
    """Draw random kills.

    Every three kills hit starting, training and saving once each. With four or more, the last kill hits the end.

    Args:
        seed: the seed of the random numbers.
        count: the number of kills.
        hosts: the number of hosts; each kill hits one host or all.
    """
    rng = random.Random(seed)  # noqa: S311 -- to repeat, not to hide
    moments: list[str] = []
    signals: list[signal.Signals] = []
    while len(moments) < count:
        moments += rng.sample([STARTING, TRAINING, SAVING], 3)
        signals += rng.sample([signal.SIGKILL, signal.SIGKILL, signal.SIGTERM], 3)
    if count > 3:
        moments[count - 1] = ENDING
    targets = [(number,) for number in range(hosts)] + ([tuple(range(hosts))] if hosts > 1 else [])
    return [
        Kill(sent, moment, rng.random(), rng.random(), rng.choice(targets))
        for sent, moment in zip(signals[:count], moments[:count], strict=True)
    ]
