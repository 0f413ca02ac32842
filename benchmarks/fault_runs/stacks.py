"""infra and destroy under faults, each time in a new local cloud or on a whole stack."""

from collections.abc import Callable

from benchmarks.fault_runs.draws import FaultDraw
from benchmarks.fault_runs.judging import LONGEST_STACK_SECONDS, Judgement, errors_of
from benchmarks.fault_runs.yard import Yard

BUCKETS = 3


class StackRuns:
    """Runs infra and destroy under faults.

    Args:
        yard: where; it has a running local cloud.
        keep: takes the output of a run that was wrong.
    """

    def __init__(self, yard: Yard, keep: Callable[[str, str], None]) -> None:
        self._yard, self._keep = yard, keep

    def run(self, draw: FaultDraw, key: str) -> Judgement:
        """Run one draw. infra builds a new stack; destroy removes a whole one."""
        self._yard.down()
        self._yard.up()
        texts = {"confirm": "local"}
        if draw.verb == "destroy":
            self._yard.run("infra")
        with self._yard.faults(draw.rules):
            ending = self._yard.run(draw.verb, texts, LONGEST_STACK_SECONDS + 60)
        wrong, again = errors_of(ending, LONGEST_STACK_SECONDS), None
        if ending.code != 0:
            again = self._yard.run(draw.verb, texts)
            wrong += [f"the next one ends with {again.code}"] if again.code else []
        wrong += self._resources(draw.verb) + [f"left over: {one}" for one in self._yard.leftovers()]
        if wrong:
            self._keep(key, "\n".join([str(draw), *wrong, ending.output, *([again.output] if again else [])]))
        return Judgement(draw.verb, draw.fault, ending.code, round(ending.seconds, 1), wrong)

    def _resources(self, verb: str) -> list[str]:
        """What is there too much or too little: nothing is lost, and nothing is there twice."""
        buckets = [one["Name"] for one in self._yard.client("s3").list_buckets()["Buckets"]]
        roles = [one["RoleName"] for one in self._yard.client("iam").list_roles()["Roles"]]
        of_stack = [name for name in [*buckets, *roles] if name.startswith("trainyard-local-")]
        expected = 0 if verb == "destroy" else BUCKETS + 1
        return [f"the stack has {', '.join(of_stack) or 'nothing'}"] if len(of_stack) != expected else []
