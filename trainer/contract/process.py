"""Runs the process of a program: SIGTERM reaches all its processes, and it ends if another host of the job is lost."""

import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from trainer.contract.watch import Watch
from trainyard.stop import Stop

SIGTERM_EXIT_CODE = 128 + signal.SIGTERM

# While other hosts are watched, they are looked at this often.
POLL_SECONDS = 0.25
# After SIGTERM because of a lost host, the program has this long. TensorFlow's strategy ignores SIGTERM, and a program
# that waits for the lost host cannot handle it.
END_SECONDS = 10.0


def run(command: Sequence[str], code: Path, environ: Mapping[str, str], stop: Stop, watch: Watch) -> int:
    """Run a command until it ends.

    SageMaker signals this process alone: the first of the container. It and the program's processes are one group, so
    that a program started by a shell script gets the signal too.

    Args:
        command: the command.
        code: the folder to run it in.
        environ: its variables.
        stop: whether SIGTERM arrived before it was started; afterwards, whether it has arrived at all.
        watch: the other hosts. If one of them is lost, the command's processes are ended.

    Returns:
        The command's exit code, 128 + N after signal N.

    Raises:
        HostLostError: another host was lost.
    """
    if os.getpgrp() != os.getpid():
        os.setpgrp()

    def pass_on(_signal: int, _frame: object) -> None:
        stop.requested = True
        _terminate_group()
        signal.signal(signal.SIGTERM, pass_on)

    if stop.requested:
        return SIGTERM_EXIT_CODE
    with subprocess.Popen(command, cwd=code, env=environ) as process:
        signal.signal(signal.SIGTERM, pass_on)
        if _requested(stop):
            process.terminate()
        ended = _wait(process, watch)
    return ended if ended >= 0 else 128 - ended


def _requested(stop: Stop) -> bool:
    """Whether SIGTERM came while the program was being started."""
    return stop.requested


def _terminate_group() -> None:
    """Send SIGTERM to the other processes of this group. The signal is ignored here from now on."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    os.killpg(0, signal.SIGTERM)


def _wait(process: "subprocess.Popen[bytes]", watch: Watch) -> int:
    while not watch.lost:
        try:
            return process.wait(POLL_SECONDS if watch.others else None)
        except subprocess.TimeoutExpired:
            continue
    _terminate_group()
    try:
        process.wait(END_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
    raise watch.lost
