"""Many jobs at once under faults and interruptions. At the end, each order and each job is accounted for."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from benchmarks.fault_runs import draws
from benchmarks.fault_runs.judging import LONGEST_SECONDS, Ending, Judgement, errors_of
from benchmarks.fault_runs.verbs import is_named
from benchmarks.fault_runs.yard import Yard

SOAKED = 8
JOB = "soak"
STEPS = 8
# Together they strike one call of five. With expired credentials or a wrong clock, every command would end at once.
KINDS = ("503", "throttled", "cut-before", "cut-after", "truncated", "silence=5s")
RULES = ", ".join(f"* {kind} {100 * (1 - 0.8 ** (1 / len(KINDS))):.2f}%" for kind in KINDS)
LONGEST = 600.0  # of a command that follows a job


@dataclass(frozen=True)
class Order:
    """One `make train` and how it ended."""

    key: str
    number: int
    draw: draws.SoakDraw
    ending: Ending


class Soak:
    """Orders jobs in a yard, several at once, under faults.

    Args:
        yard: where.
        keep: takes the output of an order that was wrong.
    """

    def __init__(self, yard: Yard, keep: Callable[[str, str], None]) -> None:
        self._yard, self._keep = yard, keep
        yard.write_job(JOB, "spot = true")
        yard.run("data", {"job": JOB})

    def run(self, seed: int, numbers: list[int], key: Callable[[int], str]) -> Iterator[tuple[str, Judgement]]:
        """Order a job for each number, and give the results when all jobs have ended."""
        rules = f"{RULES}, seed={seed * 1000 + numbers[0]}"
        with self._yard.faults(rules), ThreadPoolExecutor(SOAKED) as pool:
            orders = list(pool.map(lambda number: self._order(seed, number, key(number)), numbers))
        self._yard.wait_for_jobs()
        jobs = self._jobs_by_order()
        left = [f"left over: {one}" for one in self._yard.leftovers()]
        for order in orders:
            wrong = errors_of(order.ending, LONGEST) + self._job_errors(order, jobs[f"{seed}-{order.number}"]) + left
            left = []
            if wrong:
                self._keep(order.key, "\n".join([str(order.draw), *wrong, order.ending.output]))
            how = f"{order.draw.count} interruptions"
            yield order.key, Judgement("train", how, order.ending.code, round(order.ending.seconds, 1), wrong)

    def _order(self, seed: int, number: int, key: str) -> Order:
        draw = draws.soak_draw(seed, number)
        texts = {"job": JOB, "hp": f"steps={STEPS} order={seed}-{number}", "interrupt": draw.interruptions}
        return Order(key, number, draw, self._yard.run("train", texts, LONGEST + LONGEST_SECONDS))

    def _jobs_by_order(self) -> dict[str, list[str]]:
        found = defaultdict(list)
        for job in self._yard.jobs():
            found[self._yard.describe(job).get("HyperParameters", {}).get("order", "")].append(job)
        return found

    def _job_errors(self, order: Order, jobs: list[str]) -> list[str]:
        wrong = []
        if len(jobs) > 1 or (order.ending.code == 0 and not jobs):
            wrong.append(f"{len(jobs)} jobs for one order")
        for job in jobs:
            described = self._yard.describe(job)
            statuses = Counter(step["Status"] for step in described["SecondaryStatusTransitions"])
            if described["TrainingJobStatus"] != "Completed":
                wrong.append(f"{job} is {described['TrainingJobStatus']}: {described.get('FailureReason', '')}")
            if statuses["Interrupted"] > order.draw.count:
                wrong.append(f"{job} was interrupted {statuses['Interrupted']} times, not {order.draw.count}")
            if not is_named(self._yard, job, order.ending):
                wrong.append(f"nobody names {job}")
            result = self._yard.folder / "runs" / job / "model" / "result"
            if order.ending.code == 0 and (not result.exists() or not result.read_text().startswith(f"{STEPS} ")):
                wrong.append(f"{job} has no model after success, or another one")
        return wrong
