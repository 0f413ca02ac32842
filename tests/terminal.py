"""A make target at a terminal, which asks and gets an answer."""

import os
import pty
import re
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.conftest import Project


@contextmanager
def at_the_question(project: "Project", question: str, *arguments: str) -> Iterator[Callable[[str], str]]:
    """Type make and wait for its question.

    Args:
        project: where.
        question: how the question ends.
        arguments: those of make.

    Yields:
        A function that types the answer and returns all that make printed; make must succeed.
    """
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        ["make", *arguments],
        cwd=project.folder,
        env=project.environment,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    output = b""
    with suppress(OSError):  # make has ended without its question
        while not output.rstrip().endswith(question.encode()):
            output += os.read(ours, 65536)

    def answer(word: str) -> str:
        nonlocal output
        os.write(ours, f"{word}\n".encode())
        with suppress(OSError):  # its end
            while piece := os.read(ours, 65536):
                output += piece
        assert process.wait(60) == 0, output.decode()
        return re.sub(r"\x1b\[[0-9;]*m", "", output.decode())

    yield answer
    os.close(ours)
