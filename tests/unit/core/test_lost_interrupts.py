"""An interrupt that arrives where Python cannot raise it ends the program all the same."""

import signal
import subprocess
import sys

import pytest

from tests.conftest import ROOT

PROGRAM = """
import contextlib, signal, time, weakref

import click

from scripts.core import program


class Thing:
    pass


@click.command()
def command():
    thing = Thing()
    weakref.finalize(thing, signal.raise_signal, {number})
    del thing
    print("goes on", flush=True)
    time.sleep(60)


program.run(command, contextlib.nullcontext, "Interrupted. Nothing was changed.")
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_in_a_finalizer_is_not_lost(number: signal.Signals) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(number=int(number))],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 130
    assert ended.stdout == "goes on\n", "the finalizer's exception was ignored"
    assert ended.stderr == "\nInterrupted. Nothing was changed.\n"
