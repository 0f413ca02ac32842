"""Reading the outputs of a stack while answers of AWS get lost: a program in Terraform's place prints its messages."""

from pathlib import Path

import pytest

from scripts.stack import read
from scripts.stack.terraform import Terraform

# Counts its calls in a file, and fails with the message until the n-th.
PROGRAM = """#!/bin/sh
echo x >> calls
if [ $(wc -l < calls) -lt {success} ]; then echo 'Error: {message}' >&2; exit 1; fi
echo '{{}}'
"""
CUT = "Failed to load state: Unable to access object in S3 bucket: unexpected EOF"


@pytest.mark.parametrize(
    ("message", "success", "code", "calls"),
    [(CUT, 1, 0, 1), (CUT, 3, 0, 3), (CUT, 99, 1, read.ATTEMPTS), ("No outputs", 3, 1, 1)],
)
def test_an_answer_that_was_cut_short_is_asked_for_again(
    message: str, success: int, code: int, calls: int, tmp_path: Path
) -> None:
    program = tmp_path / "terraform"
    program.write_text(PROGRAM.format(message=message, success=success))
    program.chmod(0o755)
    assert read._outputs(Terraform(str(program), folder=tmp_path)).code == code
    assert len((tmp_path / "calls").read_text().splitlines()) == calls


def test_which_messages_mean_that_the_same_command_may_do() -> None:
    assert read.is_lost_answer(CUT)
    assert read.is_lost_answer("https response error StatusCode: 0, request send failed, Get: EOF")
    assert read.is_lost_answer("https response error StatusCode: 503, api error SlowDown")
    assert not read.is_lost_answer("https response error StatusCode: 403, api error AccessDenied")
