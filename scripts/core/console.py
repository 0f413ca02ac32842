"""What a person sees: plain lines, steps with their time, progress with units.

Everything goes through here, so that a terminal gets colour and live bars, and a pipe or a CI log gets
plain lines. Results meant for another program (JSON, URIs) are printed to stdout by the verbs themselves;
what is said here goes to stderr only for errors.
"""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from scripts.core.errors import UserError


def say(text: str = "") -> None:
    """Print one line, as it is."""
    print(text, flush=True)


def note(text: str) -> None:
    """Print one line of lesser weight: grey at a terminal."""
    say(styled(text, "2", sys.stdout.isatty()))


def show_error(error: UserError) -> None:
    """Print the two lines of a UserError to stderr."""
    terminal = sys.stderr.isatty()
    print(styled("Error: ", "1;31", terminal) + error.problem, file=sys.stderr)
    print(styled("Fix:   ", "1", terminal) + error.fix, file=sys.stderr, flush=True)


@contextmanager
def step(title: str) -> Iterator[None]:
    """Say that a step starts, and when it has ended how long it took.

    A step that fails says so with its time; the exception goes on.
    """
    terminal = sys.stdout.isatty()
    say(styled(f"==> {title}", "1", terminal))
    start = time.monotonic()
    try:
        yield
    except BaseException:
        say(styled(f"<== {title}: not finished, {duration(time.monotonic() - start)}", "1;31", terminal))
        raise
    say(styled(f"<== {title}: done in {duration(time.monotonic() - start)}", "32", terminal))


def confirm(question: str, yes: bool, fix: str) -> bool:
    """Ask a yes/no question at a terminal.

    Args:
        question: the question, without the "[y/N]".
        yes: the answer was given beforehand (YES=1).
        fix: the second line of the error where there is no terminal to ask at.

    Returns:
        Whether the answer is yes.

    Raises:
        UserError: there is no terminal and ``yes`` is False.
    """
    if yes:
        return True
    check_can_ask(question, yes, fix)
    return input(f"{question} [y/N] ").strip().lower() in {"y", "yes"}


def check_can_ask(question: str, yes: bool, fix: str) -> None:
    """See beforehand that `confirm` will not fail for want of a terminal; arguments and error are its own."""
    if not yes and not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise UserError(f"There is no terminal to ask at: {question}", fix)


def duration(seconds: float) -> str:
    """Seconds in the words of a clock: ``0.4 s``, ``12 s``, ``3 min 20 s``, ``2 h 5 min``."""
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def size(count: float) -> str:
    """Bytes with a decimal unit: ``512 B``, ``1.2 kB``, ``3.4 MB``, ``1.1 GB``."""
    value = float(count)
    for unit in ("B", "kB", "MB", "GB"):
        if value < 999.95 or unit == "GB":
            break
        value /= 1000
    return f"{value:.0f} {unit}" if unit == "B" else f"{value:.1f} {unit}"


def styled(text: str, code: str, terminal: bool) -> str:
    """Text in a colour or weight (``code``, of ECMA-48's SGR) where it goes to a terminal, else as it is."""
    return f"\x1b[{code}m{text}\x1b[0m" if terminal else text
