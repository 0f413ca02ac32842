"""Whether a verb's ending is right. Pure functions of what it printed and returned."""

from dataclasses import dataclass, field

LONGEST_SECONDS = 180.0
LONGEST_STACK_SECONDS = 600.0  # of infra and destroy
INTERRUPTED = 130
PYTHON_STARTS = "Fatal Python error: init_import_site"  # an interrupt before any line of ours is run


@dataclass(frozen=True)
class Ending:
    """How a process ended: its exit code (minus the signal's number if it died of one), its output, its time."""

    code: int
    output: str
    seconds: float


@dataclass(frozen=True)
class Judgement:
    """What is known about a run.

    Args:
        name: the verb's.
        how: the fault or the signal.
        code: the exit code.
        seconds: how long it took.
        wrong: what should not be, a line each.
    """

    name: str
    how: str
    code: int
    seconds: float
    wrong: list[str] = field(default_factory=list)


def errors_of(ending: Ending, longest: float = LONGEST_SECONDS) -> list[str]:
    """What is wrong with the ending of a verb under faults: it completes, or prints two lines and exits with 2."""
    wrong = []
    if "Traceback (most recent call last)" in ending.output:
        wrong.append("a traceback")
    if ending.code not in {0, 2}:
        wrong.append(f"exit code {ending.code}")
    if ending.code == 2 and not ends_with_two_lines(ending.output):
        wrong.append("no two lines")
    if ending.seconds > longest:
        wrong.append(f"it took {ending.seconds:.0f} s")
    return wrong


def errors_after_signal(ending: Ending, number: int) -> list[str]:
    """What is wrong with the ending of a verb that got the signal of this number.

    It completes, exits as interrupted, or dies of the signal: before Python has started and while it exits, nothing
    handles signals. And Python itself dies of SIGINT if it gets an interrupt while it evaluates a text.
    """
    if PYTHON_STARTS in ending.output:
        return []
    wrong = []
    if "Traceback (most recent call last)" in ending.output:
        wrong.append("a traceback")
    if ending.code not in {0, INTERRUPTED, -number, -2}:
        wrong.append(f"exit code {ending.code}")
    return wrong


def ends_with_two_lines(output: str) -> bool:
    """Whether the last lines are a UserError's. More lines of a text of others are indented."""
    lines = [line for line in output.splitlines() if line.strip() and not line.startswith((" " * 7, "make"))]
    return len(lines) >= 2 and lines[-2].startswith("Error: ") and lines[-1].startswith("Fix:   ")


def job_errors(ending: Ending, new: set[str], named: set[str]) -> list[str]:
    """What is wrong with the jobs that one order has made.

    Args:
        ending: how `make train` or `make resume` ended.
        new: the jobs that exist now and did not before.
        named: those of them that its output or the folder runs/ names.
    """
    wrong = []
    if len(new) > 1:
        wrong.append(f"{len(new)} jobs for one order")
    if ending.code == 0 and not new:
        wrong.append("success without a job")
    if new - named:
        wrong.append("a job that nobody names")
    return wrong
