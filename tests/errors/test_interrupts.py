"""Ctrl-C during a call to AWS: one line says what exists now, and which command continues or removes it."""

import os
import shutil
import signal
import subprocess
import time

import pytest

from tests.errors.interrupts import INTERRUPTS, Interrupt
from tests.errors.scene import Scene, fits

pytestmark = pytest.mark.e2e


@pytest.mark.parametrize("interrupt", INTERRUPTS, ids=lambda one: f"{one.typed.split()[1]}: {one.moment}")
def test_an_interrupt_prints_one_line(interrupt: Interrupt, stack: Scene) -> None:
    stack.python = None  # Ctrl-C reaches the processes that make started
    with interrupt.given(stack), stack.cloud.answering(interrupt.operation) as held:
        before = stack.holdings()
        process = subprocess.Popen(
            stack.command(interrupt.typed),
            cwd=stack.folder,
            env=stack.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        assert held.arrived.wait(60), f"{interrupt.operation} was not called"
        os.killpg(process.pid, signal.SIGINT)  # like a terminal: all processes in the foreground get it
        time.sleep(0.3)
        held.release.set()
        output, _ = process.communicate(timeout=60)
        lines = [line for line in output.splitlines() if line.strip() and not line.startswith("make: ***")]
        assert fits(lines[-1], stack.fill(interrupt.message)), output
        assert "Traceback" not in output
        assert "Error 130" in output
        left = {name for name in stack.holdings() if name not in before}
        if interrupt.leaves:
            (folder,) = stack.folder.glob(interrupt.leaves.replace("…", "*"))
            assert left == {str(folder), f"{folder}/request.json", f"{folder}/data.jsonl"}
            shutil.rmtree(folder)
        else:
            assert left == set()
        assert before.keys() <= stack.holdings().keys()
