"""Verbs that get a signal at a random moment. The same verb then works, and nothing is left over."""

import contextlib
import os
import re
import signal
import subprocess
import time
from collections.abc import Callable, Mapping

from benchmarks.fault_runs.draws import KILLED, KillDraw
from benchmarks.fault_runs.judging import Ending, Judgement, errors_after_signal
from benchmarks.fault_runs.verbs import Scenes
from benchmarks.fault_runs.yard import Yard

COMMAND = re.compile(r"`([^`]+)`")
SECONDS_OF_TERRAFORM = 180.0  # an apply of the stack takes about a minute
Keep = Callable[[str, str], None]


class KillRuns:
    """Kills data, train and model in a yard, one after the other.

    Args:
        yard: where.
        keep: takes the output of a run that was wrong.
    """

    def __init__(self, yard: Yard, keep: Keep) -> None:
        self._yard, self._keep, self._scenes = yard, keep, Scenes(yard)
        self._seconds = {}
        for verb in KILLED:
            with self._scenes.prepared(verb) as (texts, _):
                self._seconds[verb] = yard.run(verb, texts).seconds

    def run(self, draw: KillDraw, key: str) -> Judgement:
        """Run one draw."""
        with self._scenes.prepared(draw.verb) as (texts, check):
            ending = kill(self._yard, draw, texts, self._seconds[draw.verb])
            wrong = errors_after_signal(ending, signal.Signals[draw.signal]) + check(ending)
            again = self._yard.run(draw.verb, texts)
            wrong += [f"the next one ends with {again.code}"] if again.code else check(again)
        self._seconds[draw.verb] = min(self._seconds[draw.verb], again.seconds)
        wrong += [f"left over: {one}" for one in self._yard.leftovers()]
        if wrong:
            self._keep(key, "\n".join([str(draw), *wrong, ending.output, again.output]))
        return Judgement(draw.verb, draw.signal, ending.code, round(ending.seconds, 1), wrong)


class KilledStacks:
    """Kills infra, each time in a new local cloud, and demo, which starts its own."""

    def __init__(self, yard: Yard, keep: Keep) -> None:
        self._yard, self._keep = yard, keep
        self._seconds: dict[str, float] = {}

    def run(self, draw: KillDraw, key: str) -> Judgement:
        """Run one draw."""
        if draw.verb not in self._seconds:
            self._renew(draw.verb)
            self._seconds[draw.verb] = self._yard.run(draw.verb).seconds
        self._renew(draw.verb)
        ending = kill(self._yard, draw, {}, self._seconds[draw.verb])
        wrong = errors_after_signal(ending, signal.Signals[draw.signal])
        again = self._yard.run(draw.verb)
        if _unlocks(again):  # it says to wait: a Terraform whose command was killed ends by itself
            self._yard.wait_for_processes(SECONDS_OF_TERRAFORM)
            again = self._yard.run(draw.verb)
        if command := _unlocks(again):  # one printed command may be needed, which works as printed
            subprocess.run(command, shell=True, cwd=self._yard.folder, check=False)  # noqa: S602 - as a person would
            again = self._yard.run(draw.verb)
        wrong += [f"the next one ends with {again.code}"] if again.code else []
        if draw.verb == "infra":
            wrong += [f"left over: {one}" for one in self._yard.leftovers()]
        if wrong:
            self._keep(key, "\n".join([str(draw), *wrong, ending.output, again.output]))
        return Judgement(draw.verb, draw.signal, ending.code, round(ending.seconds, 1), wrong)

    def _renew(self, verb: str) -> None:
        self._yard.down()
        if verb == "infra":
            self._yard.up()


def _unlocks(ending: Ending) -> str:
    """The command that an error about a lock prints; empty if there is none."""
    printed = COMMAND.search(ending.output.rpartition("Fix:   ")[2]) if ending.code == 2 else None
    return printed[1] if printed and "unlock" in printed[1] else ""


def kill(yard: Yard, draw: KillDraw, texts: Mapping[str, str], seconds: float) -> Ending:
    """Start a verb and send it a signal at the draw's moment: SIGINT to its whole group, as a terminal does."""
    started = time.monotonic()
    process = yard.start(draw.verb, texts)
    time.sleep(draw.moment * seconds)
    number = signal.Signals[draw.signal]
    if process.poll() is None:
        with contextlib.suppress(ProcessLookupError):
            (os.killpg if number == signal.SIGINT else os.kill)(process.pid, number)
    return yard.wait(process, started, 180.0)
