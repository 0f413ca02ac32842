"""What is run: every draw is a function of the benchmark's seed and of the draw's number."""

import itertools
import random
from dataclasses import dataclass

SHARE = 20  # percent of the calls that fail
FAULT_SEEDS = 10
FAULTS = (
    "500",
    "503",
    "throttled",
    "expired",
    "wrong-clock",
    "cut-before",
    "cut-after",
    "truncated",
    "delay=2s",
    "silence=30s",
)
VERBS = ("data", "train", "resume", "model", "jobs", "logs", "stop", "plan")
KILLED = ("data", "train", "model")
KILLED_STACKS = ("infra", "demo")
SIGNALS = ("SIGINT", "SIGTERM", "SIGKILL")
STACK_VERBS = ("infra", "destroy")
MOST_INTERRUPTIONS = 3


@dataclass(frozen=True)
class FaultDraw:
    """A verb under faults.

    Args:
        verb: the verb's name.
        fault: the fault, as a word of FAULTS.
        seed: the seed of FAULTS.
    """

    verb: str
    fault: str
    seed: int

    @property
    def rules(self) -> str:
        """The text of FAULTS."""
        return f"* {self.fault} {SHARE}%, seed={self.seed}"


@dataclass(frozen=True)
class KillDraw:
    """A verb that gets a signal.

    Args:
        verb: the verb's name.
        signal: the signal's name.
        moment: when it comes, as a share of the time that the verb takes.
    """

    verb: str
    signal: str
    moment: float


@dataclass(frozen=True)
class SoakDraw:
    """A spot job that is interrupted.

    Args:
        interruptions: the text of INTERRUPT; empty for none.
    """

    interruptions: str

    @property
    def count(self) -> int:
        """How many interruptions there are."""
        return len(list(filter(None, self.interruptions.split(","))))


def fault_draw(seed: int, number: int, verbs: tuple[str, ...] = VERBS) -> FaultDraw:
    """The draw of a verb under faults: each combination of verb, fault and fault seed comes once before any returns."""
    every = list(itertools.product(verbs, FAULTS, range(FAULT_SEEDS)))
    _random("faults", seed, number // len(every)).shuffle(every)
    return FaultDraw(*every[number % len(every)])


def kill_draw(seed: int, number: int, verbs: tuple[str, ...] = KILLED) -> KillDraw:
    """The draw of a kill: each combination of verb and signal comes once before any returns."""
    every = list(itertools.product(verbs, SIGNALS))
    _random("kills", seed, number // len(every)).shuffle(every)
    verb, signal = every[number % len(every)]
    return KillDraw(verb, signal, _random("moment", seed, number).random())


def soak_draw(seed: int, number: int) -> SoakDraw:
    """The draw of a job: up to `MOST_INTERRUPTIONS`, with and without a warning, each 0.1 to 0.4 s after the last."""
    draw, at, drawn = _random("soak", seed, number), 0.0, []
    for _ in range(draw.randint(0, MOST_INTERRUPTIONS)):
        at += draw.uniform(0.1, 0.4)
        drawn.append(f"{at:.2f}s{draw.choice(['', ':kill'])}")
    return SoakDraw(",".join(drawn))


def _random(*about: object) -> random.Random:
    return random.Random(" ".join(map(str, about)))  # noqa: S311 - it protects nothing
