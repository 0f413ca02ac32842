"""Run one step of the demo: a command with its output in a log file, and a summary of that output on the screen."""

import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from scripts.core import console, verb
from scripts.core.interrupts import handled
from scripts.core.progress import StatusLine
from scripts.demo_steps.condense import Condense, Summary, last_line

LOGS = Path("build/demo")
WIDTH, INDENT = 100, "    "
TAIL = 60
"""How many lines of the log are printed if the command fails."""

POLL = 0.2


@dataclass(frozen=True)
class Step:
    """A step of the demo.

    Attributes:
        title: its name.
        typed: the command that you would type.
        purpose: what it does for you.
        module: the Python module that does it, and its arguments.
        condense: picks what to show.
    """

    title: str
    typed: str
    purpose: str
    module: tuple[str, ...]
    condense: Condense = last_line

    @property
    def log(self) -> Path:
        """The file with the whole output."""
        return LOGS / f"{self.title.split()[0].lower()}.log"


def run(step: Step, environment: Mapping[str, str], interrupted: str) -> list[str]:
    """Run a step to its end.

    Args:
        step: the step.
        environment: the command's environment.
        interrupted: the message of an interrupt.

    Returns:
        The command's output, in lines.

    Raises:
        SystemExit: the command failed. Its exit code is this one; the end of its log was printed.
        Interrupted: SIGINT or SIGTERM arrived. The command has ended.
    """
    with console.step(step.title, f" ({step.typed}): {step.purpose}", str(step.log)):
        LOGS.mkdir(parents=True, exist_ok=True)
        code = _finish(step, environment, interrupted)
        if code != 0:
            _print_tail(step.log)
            raise SystemExit(code)
    return _read(step.log)


def _finish(step: Step, environment: Mapping[str, str], interrupted: str) -> int:
    """Run the command to its end, even after a signal: it must clean up before the demo stops the local cloud.

    Ctrl-C at a terminal reaches the command too. A SIGTERM is passed on to it.
    """
    signals: list[int] = []
    command = [sys.executable, "-m", *step.module]

    def note(number: int, _frame: object) -> None:
        signals.append(number)

    with (
        handled(signal.SIGINT, note),
        handled(signal.SIGTERM, note),
        # A file and not a pipe: a child of the command that lives on cannot keep the demo waiting.
        step.log.open("wb") as log,
        subprocess.Popen(command, env=environment, stdout=log, stderr=log) as process,
    ):
        code = _watch(step, process, signals)
    if signals:
        raise verb.Interrupted(interrupted)
    return code


def _watch(step: Step, process: "subprocess.Popen[bytes]", signals: Sequence[int]) -> int:
    """Show the summary of the output, and pass each SIGTERM on, until the command ends; gives its exit code."""
    status, start = StatusLine(), time.monotonic()
    printed = seen = 0
    while True:
        code = _wait(process)
        summary = step.condense(_read(step.log, whole_lines=code is None), code == 0)
        for line in summary.lines[printed:]:
            for part in indented(line):
                status.line(part)
        printed = len(summary.lines)
        if code is not None:
            status.clear()
            return code
        for number in signals[seen:]:
            if number == signal.SIGTERM:
                process.terminate()
            if seen == 0:
                status.line(f"{INDENT}Interrupted. Waiting until this step has cleaned up …")
            seen += 1
        status.show(_status(summary, time.monotonic() - start))


def _wait(process: "subprocess.Popen[bytes]") -> int | None:
    try:
        return process.wait(POLL)
    except subprocess.TimeoutExpired:
        return None


def _status(summary: Summary, seconds: float) -> str:
    text = summary.status if len(summary.status) < WIDTH - 20 else summary.status[: WIDTH - 20] + "…"
    return f"{INDENT}{text or 'Running'} ({console.duration(seconds)})"


def indented(line: str) -> list[str]:
    """A line as the demo prints it: indented, and wrapped if it is too long."""
    wrapper = textwrap.TextWrapper(WIDTH, INDENT, INDENT * 2, break_long_words=False, break_on_hyphens=False)
    return wrapper.wrap(line)


def _read(log: Path, whole_lines: bool = False) -> list[str]:
    text = log.read_text(encoding="utf-8", errors="replace")
    return (text[: text.rfind("\n") + 1] if whole_lines else text).splitlines()


def _print_tail(log: Path) -> None:
    lines = _read(log)
    if len(lines) > TAIL:
        console.warn(f"… the last {TAIL} of {len(lines)} lines:")
    console.warn("\n".join(lines[-TAIL:]))
