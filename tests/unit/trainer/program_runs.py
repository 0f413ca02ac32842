"""Runs of another program by the trainer: SAGEMAKER_PROGRAM names it, and its code is written to mine.py."""

import subprocess
import sys
from pathlib import Path

from tests.unit.trainer.trainer_runs import Base, environment


def start(
    image: Path, base: Base, code: str, name: str = "mine.py", python: str = sys.executable, **variables: str
) -> "subprocess.Popen[str]":
    written = image / "mine.py"
    if not written.exists() or written.read_text() != code:
        written.write_text(code)
    variables = environment(SAGEMAKER_BASE_DIR=str(base.root), SAGEMAKER_PROGRAM=name, **variables)
    variables["PYTHONDONTWRITEBYTECODE"] = "1"
    return subprocess.Popen(
        [python, "-m", "trainer", "train"],
        cwd=image.parent,
        env=variables,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def run(image: Path, base: Base, code: str, name: str = "mine.py", **variables: str) -> tuple[int, str, str]:
    process = start(image, base, code, name, base.python_for(variables), **variables)
    out, err = process.communicate(timeout=60)
    return process.returncode, out, err
