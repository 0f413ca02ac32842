"""Which kills: drawn beforehand, so that a seed repeats them."""

import random
import signal
from dataclasses import dataclass

STARTING, TRAINING, SAVING, ENDING = "starting", "training", "saving", "ending"


@dataclass(frozen=True)
class Kill:
    """One kill.

    Args:
        signal: SIGKILL or SIGTERM.
        moment: what the program is doing then: ``starting`` (up to its first checkpoint), ``training``, ``saving`` a
            checkpoint, or ``ending``, when the last step is done and the model is being written.
        share: how far in that moment, or how many steps later, from 0 to 1.
        jitter: how far into what comes after the moment's sign, from 0 to 1.
        hosts: the numbers of the hosts that are killed.
    """

    signal: signal.Signals
    moment: str
    share: float
    jitter: float
    hosts: tuple[int, ...]


def draw(seed: int, count: int, hosts: int) -> list[Kill]:
    """Draw kills.

    Every three of them hit all three moments of a run that goes on; of four or more, the last hits the end.

    Args:
        seed: of the random numbers.
        count: how many.
        hosts: of the run; each kill hits one of them or all.
    """
    chance = random.Random(seed)  # noqa: S311 -- to repeat, not to hide
    moments: list[str] = []
    signals: list[signal.Signals] = []
    while len(moments) < count:
        moments += chance.sample([STARTING, TRAINING, SAVING], 3)
        signals += chance.sample([signal.SIGKILL, signal.SIGKILL, signal.SIGTERM], 3)
    if count > 3:
        moments[count - 1] = ENDING
    aims = [(number,) for number in range(hosts)] + ([tuple(range(hosts))] if hosts > 1 else [])
    return [
        Kill(sent, moment, chance.random(), chance.random(), chance.choice(aims))
        for sent, moment in zip(signals[:count], moments[:count], strict=True)
    ]
