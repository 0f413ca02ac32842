"""Output for people: lines, steps with their duration, errors, questions, durations and sizes with units.

A terminal gets colour and live bars; a pipe or a CI log gets plain lines. Only errors go to stderr. The verbs
themselves print results for other programs (JSON, URIs) to stdout. Whatever is printed goes through ``printable``: no
text of AWS, of a job or of another program moves the cursor or hides another text.
"""

import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TextIO

from .errors import UserError
from .printable import in_colour, one_line, printable


def say(text: str = "") -> None:
    """Print a line, or several; a terminal shows our own colours."""
    write(text, sys.stdout)


def warn(text: str) -> None:
    """Print a line, or several, to stderr."""
    write(text, sys.stderr)


def write(text: str, stream: TextIO) -> None:
    """Print a line, or several, to a stream: what ``say`` and ``warn`` do."""
    print(in_colour(text) if stream.isatty() else printable(text), file=stream, flush=True)


def note(text: str) -> None:
    """Print one less important line: grey at a terminal."""
    say(styled(text, "2", sys.stdout.isatty()))


def show_error(error: UserError) -> None:
    """Print the two lines of a UserError to stderr. More lines in a text of others are indented: they are not ours."""
    terminal = sys.stderr.isatty()
    for title, colour, text in (("Error: ", "1;31", error.problem), ("Fix:   ", "1", error.fix)):
        warn(styled(title, colour, terminal) + indented(text, " " * len(title)))


@contextmanager
def step(title: str, about: str = "", log: str = "") -> Iterator[None]:
    """Print a line when a step starts, and one with its duration when it ends.

    A step that fails prints "not finished"; its exception is raised again.

    Args:
        title: the step's name.
        about: more for the first line: the command, and the step's purpose.
        log: the file with the step's whole output, named in the last line.
    """
    terminal = sys.stdout.isatty()
    say(styled(f"==> {title}", "1", terminal) + about)
    start = time.monotonic()
    whole = styled(f" (log: {log})", "2", terminal) if log else ""
    try:
        yield
    except BaseException:
        say(styled(f"<== {title}: not finished, {duration(time.monotonic() - start)}", "1;31", terminal) + whole)
        raise
    say(styled(f"<== {title}: done in {duration(time.monotonic() - start)}", "32", terminal) + whole)


def confirm(question: str, yes: bool, fix: str) -> bool:
    """Ask a yes/no question at a terminal.

    Args:
        question: the question, without the "[y/N]".
        yes: whether you confirmed beforehand (YES=1).
        fix: the second line of the error if there is no terminal.

    Returns:
        Whether the answer is yes.

    Raises:
        UserError: there is no terminal and ``yes`` is False.
    """
    if yes:
        return True
    check_can_ask(question, yes, fix)
    return typed(f"{one_line(question)} [y/N] ").lower() in {"y", "yes"}


def typed(question: str) -> str:
    """What is typed as the answer to a question, without blanks around it; the end of the input (Ctrl-D) is empty."""
    try:
        return input(question).strip()
    except EOFError:
        say()
        return ""


def check_can_ask(question: str, yes: bool, fix: str) -> None:
    """Check beforehand that `confirm` has a terminal to ask at. Takes and raises the same as `confirm`."""
    if not yes and not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise UserError(f"There is no terminal to ask at: {question}", fix)


def listed(names: Sequence[str], most: int = 5) -> str:
    """Names as text: ``a``, ``a and b``, ``a, b and 7 more``."""
    shown = [*names[:most], *([f"{len(names) - most} more"] if len(names) > most else [])]
    return " and ".join(filter(None, [", ".join(shown[:-1]), *shown[-1:]]))


def columns(rows: Sequence[Sequence[str]]) -> list[str]:
    """Rows of equally many texts as lines with aligned columns; the first row is the headings."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def duration(seconds: float) -> str:
    """A duration as text: ``0.4 s``, ``12 s``, ``3 min 20 s``, ``2 h 5 min``."""
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def size(count: float) -> str:
    """A number of bytes with a decimal unit: ``512 B``, ``1.2 kB``, ``3.4 MB``, ``1.1 GB``."""
    value = float(count)
    for unit in ("B", "kB", "MB", "GB"):
        if value < 999.95 or unit == "GB":
            break
        value /= 1000
    return f"{value:.0f} {unit}" if unit == "B" else f"{value:.1f} {unit}"


def indented(text: str, indent: str = "    ") -> str:
    """A text of others, printable and with every line after the first indented: none looks like a line of ours."""
    return printable(text).rstrip("\n").replace("\n", f"\n{indent}")


def styled(text: str, code: str, terminal: bool) -> str:
    """The text in a colour or weight (``code``, an SGR code of ECMA-48) for a terminal, else unchanged."""
    return f"\x1b[{code}m{text}\x1b[0m" if terminal else text
