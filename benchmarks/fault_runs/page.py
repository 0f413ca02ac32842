"""Makes docs/reliability.md from the results: ``python -m benchmarks.fault_runs.page > docs/reliability.md``."""

from collections.abc import Callable, Mapping, Sequence

from benchmarks.fault_runs import draws, results
from benchmarks.fault_runs.judging import LONGEST_SECONDS, LONGEST_STACK_SECONDS, Judgement
from benchmarks.fault_runs.soak import RULES, SOAKED
from scripts.core import console
from tests.faults import record, table

HEAD = """# On a bad day

AWS fails now and then, and networks do so more often. This page says what Trainyard's commands do then, and how often
that was tried. A script makes this page: `python -m benchmarks.fault_runs.page`. No figure in it is written by hand.

## What holds

- **One command is one job.** After an answer that got lost, the job is looked for by its name, and the same request
  is sent again only with the same name. So AWS itself refuses a second job.
- **A command completes, or its last two lines say what is wrong and what to do**, with exit code 2. If a job may
  exist, they name it.
- **A command that follows a job waits through an outage**, and says since when and what for. The job does not depend
  on it.
- **After an interrupt, even SIGKILL, the same command works again**, and nothing is left over: no process, no lock,
  no temporary file, no unfinished upload.
- A command that follows no job takes at most {longest} under faults; `make infra` and `make destroy` take at most
  {stack}.

## Each operation with each fault

A script recorded which operations each command calls, on a real local cloud (`python -m tests.faults.record`). Every
operation that changes something has a row with each of seven faults: {faults}. An operation that only reads has two
of them, which its name draws. A test lets the fault strike once and always, on a virtual clock, and checks that
nothing is lost or doubled. The rows of Terraform's and Docker's own calls are in the benchmark only.
"""
FAULTS = """
## One call of five fails

`python -m benchmarks.faults verbs stacks` gives {share}% of all calls a fault while a command runs: {kinds}. The seed
of `FAULTS` is one of ten. A command is wrong if it prints a traceback, ends without the two lines, takes too long,
makes a second job, loses or doubles something, leaves something over, or if the same command fails afterwards without
faults.
"""
KILLS = """
## Killed at a random moment

`python -m benchmarks.faults kills stack-kills` sends SIGINT, SIGTERM or SIGKILL at a random moment, and then runs the
same command again. A draw is wrong if that one fails, if a job is doubled or unknown, or if anything is left over.
Some draws come after the command's end; they are not counted as kills.
"""
SOAK = """
## Many jobs at once

`python -m benchmarks.faults soak` orders spot jobs, up to {at_once} at a time, with up to {interruptions} interruptions
each, while one call of five fails (`{rules}`). At the end, each order and each job is accounted for: at most one job
for an order, each job Completed with its whole result, each named to the person who ordered it.
"""


def main() -> None:
    """Print the page."""
    console.say(text(results.load()))


def text(found: Mapping[str, Judgement]) -> str:
    """The page, from the results by draw."""
    parts = {
        part: [one for name, one in found.items() if name.startswith(f"{part}/")]
        for part in ("verbs", "stacks", "kills", "stack-kills", "soak")
    }
    longest, stack = console.duration(LONGEST_SECONDS), console.duration(LONGEST_STACK_SECONDS)
    faulty = parts["verbs"] + parts["stacks"]
    kinds = ", ".join(f"`{kind}`" for kind in draws.FAULTS)
    chapters = [
        HEAD.format(longest=longest, stack=stack, faults=", ".join(f"`{one}`" for one in table.FAULTS)),
        *_table(["command", "operations", "that change something", "rows", "rows in tests"], _rows()),
        FAULTS.format(share=draws.SHARE, kinds=kinds),
        *_fault_table("command", faulty, lambda one: f"`make {one.name}`"),
        "",
        *_fault_table("fault", faulty, lambda one: f"`{one.how}`"),
        KILLS,
        *_kill_table(parts["kills"] + parts["stack-kills"]),
        SOAK.format(at_once=SOAKED, interruptions=draws.MOST_INTERRUPTIONS, rules=RULES),
        *_soak_lines(parts["soak"]),
        "",
        "## What was wrong",
        "",
        "A draw that is run again replaces its line.",
        "",
        *(_wrong(found) or ["Nothing in these runs."]),
    ]
    return "\n".join(chapters)


def _rows() -> list[list[str]]:
    recorded = record.load()
    every = table.rows(recorded)
    cells = []
    for verb, operations in sorted(recorded.items()):
        own = [row for row in every if row.verb == verb]
        changing = [one for one in operations if table.changes_something(one)]
        in_tests = sum(map(table.is_ours, own))
        cells.append([f"`make {verb}`", str(len(operations)), str(len(changing)), str(len(own)), str(in_tests)])
    return cells


def _fault_table(title: str, found: Sequence[Judgement], name: Callable[[Judgement], str]) -> list[str]:
    cells = []
    for one in [*sorted({name(each) for each in found}), "all"]:
        own = [each for each in found if one in {"all", name(each)}]
        counts = [len(own), sum(each.code == 0 for each in own), sum(each.code == 2 for each in own)]
        wrong = sum(bool(each.wrong) for each in own)
        longest = console.duration(max((each.seconds for each in own), default=0.0))
        cells.append([one, *map(str, counts), longest, str(wrong)])
    return _table([title, "runs", "completed", "ended with two lines", "longest", "wrong"], cells)


def _kill_table(found: Sequence[Judgement]) -> list[str]:
    cells = []
    for verb in [*sorted({one.name for one in found}), "all"]:
        own = [one for one in found if verb in {"all", one.name} and one.code != 0]
        signals = [str(sum(one.how == signal for one in own)) for signal in draws.SIGNALS]
        wrong = sum(bool(one.wrong) for one in found if verb in {"all", one.name})
        cells.append([verb if verb == "all" else f"`make {verb}`", str(len(own)), *signals, str(wrong)])
    return _table(["command", "kills", *draws.SIGNALS, "wrong"], cells)


def _soak_lines(found: Sequence[Judgement]) -> list[str]:
    interrupted = sum(int(one.how.split()[0]) for one in found)
    completed = sum(one.code == 0 for one in found)
    return [
        f"{len(found)} orders with {interrupted} interruptions: {completed} commands followed their job to its end, "
        f"{len(found) - completed}",
        f"ended with two lines, {sum(bool(one.wrong) for one in found)} were wrong.",
    ]


def _wrong(found: Mapping[str, Judgement]) -> list[str]:
    return [f"- `{name}` ({one.name}, {one.how}): {'; '.join(one.wrong)}" for name, one in found.items() if one.wrong]


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    return [f"| {' | '.join(row)} |" for row in [header, ["---"] * len(header), *rows]]


if __name__ == "__main__":
    main()
