"""How every verb starts and ends: arguments by typer, failures in two lines, exit codes.

Exit codes: 0 done, 2 something the user can mend (also wrong arguments), 130 interrupted; a bug shows its
traceback and exits with 1.
"""

import signal
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NoReturn

import typer

from scripts.core import console, refusals
from scripts.core.errors import UserError

BUG = "This is a bug of Trainyard, not a mistake of yours: please report it with the lines above."

UNCHANGED = "Interrupted before anything was changed; the same command starts anew."


class Interrupted(KeyboardInterrupt):
    """An interrupt, with the line that says what exists now and which command goes on or removes it."""


@contextmanager
def on_interrupt(line: str) -> Iterator[None]:
    """Give an interrupt of what is inside its line: what exists now, and which command goes on or removes it."""
    try:
        yield
    except Interrupted:  # one within knows better
        raise
    except KeyboardInterrupt:
        raise Interrupted(line) from None


def app(help_text: str) -> typer.Typer:
    """A typer application without the parts that cost start-up time (markup, completion, pretty tracebacks)."""
    return typer.Typer(
        help=help_text,
        add_completion=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        no_args_is_help=False,
    )


def run(application: Callable[[], object]) -> NoReturn:
    """Run a verb (its typer application) to its exit code."""
    signal.signal(signal.SIGTERM, _terminated)
    try:
        with refusals.explained():
            application()
    except UserError as error:
        console.show_error(error)
        sys.exit(2)
    except KeyboardInterrupt as interrupt:  # of a verb without typer
        _say_interrupted(interrupt)
        sys.exit(130)
    except Exception:
        traceback.print_exc()
        print(BUG, file=sys.stderr)
        sys.exit(1)
    except SystemExit as ending:
        behind = _interrupt_behind(ending)
        if behind is not None:
            _say_interrupted(behind)
        raise
    sys.exit(0)


def _say_interrupted(interrupt: KeyboardInterrupt) -> None:
    print(file=sys.stderr)
    print(str(interrupt) or UNCHANGED, file=sys.stderr)


def _interrupt_behind(ending: SystemExit) -> KeyboardInterrupt | None:
    # typer turns a KeyboardInterrupt into its own Exit(130), and that into SystemExit: the words are two links back.
    link: BaseException | None = ending
    while link is not None:
        if isinstance(link, KeyboardInterrupt):
            return link
        link = link.__cause__ or link.__context__
    return None


def _terminated(_signal: int, _frame: object) -> NoReturn:
    raise KeyboardInterrupt  # what is under way has its line for that
