"""How every program here starts and ends: arguments by click, errors in two lines, exit codes.

Exit codes: 0 success, 2 an error that the user can correct (also wrong arguments), 130 interrupted. A bug prints its
traceback and exits with 1. A verb adds what it knows of AWS (`verb.py`); `trainyard-review` needs no more than this.
"""

import io
import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import partial
from typing import Any, NoReturn

import click
from click.core import ParameterSource

from . import console
from .errors import UserError

AGAIN_SECONDS = 0.05
"""After this time, the code that could not raise an interrupt has most likely ended. If not, the next time tells."""
BUG = "This is a bug in Trainyard, not an error of yours. Please report it with the lines above."


def run(command: click.Command, explained: Callable[[], AbstractContextManager[None]], line: str) -> NoReturn:
    """Run a program with the arguments of this process, then exit with its exit code.

    Args:
        command: what to run, or a group of commands.
        explained: makes a context that turns other errors into a UserError.
        line: what an interrupt prints if it brings no line of its own.
    """
    _take_over()
    try:
        # Not `command()`: click's own main turns an interrupt into an exit, and its line would be lost.
        with explained(), command.make_context(_name(), sys.argv[1:]) as context:
            command.invoke(context)
    except click.exceptions.Exit as ending:  # help was printed
        sys.exit(ending.exit_code)
    except click.UsageError as error:
        console.show_error(_explained_usage(error))
        sys.exit(2)
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


def _name() -> str:
    """The program's name in its help."""
    module = getattr(sys.modules["__main__"], "__spec__", None)
    return f"python -m {module.name}" if module else os.path.basename(sys.argv[0])  # noqa: PTH119 - pathlib starts slower


def _explained_usage(error: click.UsageError) -> UserError:
    """Wrong arguments, in two lines. Who types make has set a variable, and knows it by the name without _TEXT."""
    context, wrong = error.ctx, getattr(error, "param", None)
    if context and wrong and context.get_parameter_source(wrong.name) is ParameterSource.ENVIRONMENT:
        variable = wrong.envvar.removesuffix("_TEXT")
        return UserError(f"{variable}: {error.message}", f"Correct {variable}, or leave it out.")
    name = context.command_path if context else _name()
    return UserError(error.format_message(), f"`{name} --help` lists the arguments.")


def _take_over() -> None:
    """Set up this process: Ctrl-C and SIGTERM raise KeyboardInterrupt, and every text can be printed."""
    signal.signal(signal.SIGTERM, _terminated)
    # A signal that is ignored, as in a shell's background process, stays ignored.
    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    sys.unraisablehook = partial(_interrupt_again, sys.unraisablehook)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # with PYTHONIOENCODING=ascii, it has no arrow and no ellipsis
            stream.reconfigure(errors="backslashreplace")


def _print_interrupt(interrupt: KeyboardInterrupt, line: str) -> None:
    console.warn("")
    console.warn(str(interrupt) or line)


def _terminated(_signal: int, _frame: object) -> NoReturn:
    raise KeyboardInterrupt  # handled, and reported, like Ctrl-C


def _interrupt_again(report: Callable[[Any], object], lost: Any) -> None:
    """Handle what Python could not raise: report it, but deliver an interrupt once more.

    A handler may run in a finalizer, and Python ignores whatever a finalizer raises
    (https://docs.python.org/3/library/sys.html#sys.unraisablehook). Ctrl-C would be lost.
    """
    if not issubclass(lost.exc_type, KeyboardInterrupt):
        report(lost)
        return
    main = threading.get_ident()  # Python handles signals in its main thread alone
    # SIGTERM, because a process in the background may ignore SIGINT. A signal, because it ends a system call too.
    threading.Timer(AGAIN_SECONDS, lambda: signal.pthread_kill(main, signal.SIGTERM)).start()
