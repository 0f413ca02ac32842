"""Prints what a program writes while it runs, made printable: resource names, tags and messages of AWS are in it.

The program writes into a file and not into a pipe. If this process is killed, a pipe would break, and Terraform would
die at its next line, in the middle of an apply. With a file it finishes, writes its state and frees its lock.
"""

import os
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from typing import Literal, TextIO

from scripts.core import console

POLL_SECONDS = 0.1
CHUNK = 1 << 16


@contextmanager
def printed(name: Literal["stdout", "stderr"]) -> Iterator[None]:
    """Print the lines that programs write to this stream inside the block, each as soon as it is complete.

    Colours stay at a terminal: Terraform marks with them what it creates and what failed.
    """
    stream: TextIO = getattr(sys, name)
    redirected = redirect_stdout if name == "stdout" else redirect_stderr
    ended = threading.Event()
    with tempfile.TemporaryFile("w+", encoding="utf-8") as file:
        follower = threading.Thread(target=_follow, args=(file.fileno(), stream, ended), name=f"output to {name}")
        follower.start()
        try:
            with redirected(file):
                yield
        finally:
            ended.set()
            follower.join()


def _follow(descriptor: int, stream: TextIO, ended: threading.Event) -> None:
    position, rest = 0, b""
    while True:
        is_last = ended.wait(POLL_SECONDS)
        while piece := os.pread(descriptor, CHUNK, position):
            position += len(piece)
            *lines, rest = (rest + piece).split(b"\n")
            for line in lines:
                console.write(line.decode(errors="replace"), stream)
        if is_last:
            break
    if rest:
        console.write(rest.decode(errors="replace"), stream)
