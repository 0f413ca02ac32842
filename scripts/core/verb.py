"""How every verb starts and ends: as each program (`program.py`), with the errors of AWS and the network explained."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import NoReturn

import click

from scripts import UNCHANGED
from scripts.core import program, refusals

option = partial(click.option, show_envvar=True)
"""click's option; the help names its variable too."""


class Interrupted(KeyboardInterrupt):
    """An interrupt, with the line to print: what exists now, and which command continues or removes it."""


@contextmanager
def on_interrupt(line: str) -> Iterator[None]:
    """Set the line for an interrupt inside this block: what exists now, and which command continues or removes it."""
    try:
        yield
    except Interrupted:  # an inner block has set a more exact line
        raise
    except KeyboardInterrupt:
        raise Interrupted(line) from None


def run(command: click.Command) -> NoReturn:
    """Run a verb, then exit with its exit code."""
    program.run(command, refusals.explained, UNCHANGED)
