"""Lets one call of five fail while verbs run, ends verbs at random moments, and counts what went wrong.

Run it from the repository's root: ``python -m benchmarks.faults [PART …] [--seed N] [--minutes 10]``. Without a part,
all of them share the time. Each continues after the last draw of this seed in benchmarks/faults.json, so runs add up.
``--again verbs/0/17`` runs one draw again. The output of a draw that was wrong is kept in build/faults/.
"""

import argparse
import itertools
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from benchmarks.fault_runs import draws, results
from benchmarks.fault_runs.judging import Judgement
from benchmarks.fault_runs.kills import KilledStacks, KillRuns
from benchmarks.fault_runs.soak import Soak
from benchmarks.fault_runs.stacks import StackRuns
from benchmarks.fault_runs.verbs import VerbRuns
from benchmarks.fault_runs.yard import Yard, yard

OUTPUTS = Path("build/faults")
SOAKED_TOGETHER = 24  # jobs
Judged = Iterator[tuple[str, Judgement]]
Part = Callable[[Yard, int, Iterator[int]], Judged]


def main() -> None:
    """Run the draws until the time is up, and print each."""
    options = _options()
    OUTPUTS.mkdir(parents=True, exist_ok=True)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the local cloud is stopped
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background ignores it, and verbs inherit that
    if options.again:
        part, seed, number = options.again.split("/")
        wrong = _run(part, int(seed), iter([int(number)]), 0.0)
    else:
        seconds = options.minutes * 60 / len(options.parts)
        wrong = sum(_run(part, options.seed, _new_numbers(part, options.seed), seconds) for part in options.parts)
    sys.exit(1 if wrong else 0)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.faults", description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"one of: {', '.join(PARTS)}")
    parser.add_argument("--seed", type=int, default=0, help="the seed of the draws")
    parser.add_argument("--minutes", type=float, default=10.0, help="when to begin no more draws")
    parser.add_argument("--again", default="", help="a draw to run again, such as verbs/0/17")
    options = parser.parse_args()
    # Not by argparse's `choices`, which refuse an empty list before Python 3.12.
    for unknown in set(options.parts) - set(PARTS):
        parser.error(f"there is no part {unknown}")
    options.parts = options.parts or list(PARTS)
    return options


def _new_numbers(part: str, seed: int) -> Iterator[int]:
    """The numbers of the draws that are not in the results yet."""
    done = set(results.load())
    return (number for number in itertools.count() if results.key(part, seed, number) not in done)


def _run(part: str, seed: int, numbers: Iterator[int], seconds: float) -> int:
    """Run the draws of a part until the time is up, at least one; gives how many were wrong."""
    count = wrong = 0
    ends = time.monotonic() + seconds
    has_stack, judge = PARTS[part]
    with yard(Path(tempfile.mkdtemp(prefix="trainyard-faults-")), has_stack) as place:
        started = itertools.takewhile(lambda _: not count or time.monotonic() < ends, numbers)
        for name, judgement in judge(place, seed, started):
            results.add(name, judgement)
            count, wrong = count + 1, wrong + bool(judgement.wrong)
            print(_line(name, judgement), flush=True)
    print(f"{part}: {count} draws of seed {seed}, {wrong} wrong", flush=True)
    return wrong


def _line(name: str, judgement: Judgement) -> str:
    text = f"{name:<14} {judgement.name:<8} {judgement.how:<15} ends with {judgement.code} after {judgement.seconds} s"
    return "\n".join([text, *(f"    {one}" for one in judgement.wrong)])


def _keep(name: str, text: str) -> None:
    (OUTPUTS / f"{name.replace('/', '-')}.txt").write_text(text, encoding="utf-8")


def _verbs(place: Yard, seed: int, numbers: Iterator[int]) -> Judged:
    runs = VerbRuns(place, _keep)
    for number in numbers:
        name = results.key("verbs", seed, number)
        yield name, runs.run(draws.fault_draw(seed, number), name)


def _stacks(place: Yard, seed: int, numbers: Iterator[int]) -> Judged:
    runs = StackRuns(place, _keep)
    for number in numbers:
        name = results.key("stacks", seed, number)
        yield name, runs.run(draws.fault_draw(seed, number, draws.STACK_VERBS), name)


def _kills(place: Yard, seed: int, numbers: Iterator[int]) -> Judged:
    runs = KillRuns(place, _keep)
    for number in numbers:
        name = results.key("kills", seed, number)
        yield name, runs.run(draws.kill_draw(seed, number), name)


def _killed_stacks(place: Yard, seed: int, numbers: Iterator[int]) -> Judged:
    runs = KilledStacks(place, _keep)
    for number in numbers:
        name = results.key("stack-kills", seed, number)
        yield name, runs.run(draws.kill_draw(seed, number, draws.KILLED_STACKS), name)


def _soak(place: Yard, seed: int, numbers: Iterator[int]) -> Judged:
    soak = Soak(place, _keep)
    while batch := list(itertools.islice(numbers, SOAKED_TOGETHER)):
        yield from soak.run(seed, batch, lambda number: results.key("soak", seed, number))


# Whether a part needs a stack, and what it does.
PARTS: dict[str, tuple[bool, Part]] = {
    "verbs": (True, _verbs),
    "kills": (True, _kills),
    "stacks": (False, _stacks),
    "stack-kills": (False, _killed_stacks),
    "soak": (True, _soak),
}

if __name__ == "__main__":
    main()
