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


def interrupt():
    try:
        signal.raise_signal({number})
    finally:
        # Until the next line of output, however late it comes, the interrupt that is delivered again has to wait.
        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])


@click.command()
def command():
    thing = Thing()
    weakref.finalize(thing, interrupt)
    del thing
    print("goes on", flush=True)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGTERM])
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
