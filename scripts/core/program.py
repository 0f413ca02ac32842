"""How every program here starts and ends: arguments by `arguments.py`, errors in two lines, exit codes.

Exit codes: 0 success, 2 an error that the user can correct (also wrong arguments), 130 interrupted. A bug prints its
traceback and exits with 1. A verb adds what it knows of AWS (`verb.py`); `trainyard-review` needs no more than this.
"""

import io
import os
import signal
import sys
import traceback
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import NoReturn

from . import console
from .errors import UserError

BUG = "This is a bug in Trainyard, not an error of yours. Please report it with the lines above."


def run(
    application: Callable[[], object], explained: Callable[[], AbstractContextManager[None]], line: str
) -> NoReturn:
    """Run a program, then exit with its exit code.

    Args:
        application: what to run.
        explained: makes a context that turns other errors into a UserError.
        line: what an interrupt prints if it brings no line of its own.
    """
    _take_over()
    try:
        with explained():
            application()
    except UserError as error:
        console.show_error(error)
        sys.exit(2)
    except BrokenPipeError:  # who reads the output needs no more, as in `| head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except KeyboardInterrupt as interrupt:
        _print_interrupt(interrupt, line)
        sys.exit(130)
    except Exception:
        console.warn(traceback.format_exc().rstrip())
        console.warn(BUG)
        sys.exit(1)
    sys.exit(0)


def _take_over() -> None:
    """Set up this process: Ctrl-C and SIGTERM raise KeyboardInterrupt, and every text can be printed."""
    signal.signal(signal.SIGTERM, _terminated)
    # A signal that is ignored, as in a shell's background process, stays ignored.
    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # with PYTHONIOENCODING=ascii, it has no arrow and no ellipsis
            stream.reconfigure(errors="backslashreplace")


def _print_interrupt(interrupt: KeyboardInterrupt, line: str) -> None:
    console.warn("")
    console.warn(str(interrupt) or line)


def _terminated(_signal: int, _frame: object) -> NoReturn:
    raise KeyboardInterrupt  # handled, and reported, like Ctrl-C
