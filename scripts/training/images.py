"""Asks the trainer to check the local folders: an error that would stop the job is free here."""

import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, TypeVar

from scripts.core import console
from scripts.core.errors import UserError

if TYPE_CHECKING:
    from scripts.jobfile.spec import JobSpec

CHECKED_CHANNELS = ("training", "validation")
VALIDATION_SETTINGS = ("patience", "validation_split")


Found = TypeVar("Found")


def check_images(spec: "JobSpec", hyperparameters: Mapping[str, str], meanwhile: Callable[[], Found]) -> Found:
    """Let the trainer check those of its channels that are local folders, and print what it will not train on.

    Args:
        spec: the job file. Data for another program than the trainer are not checked.
        hyperparameters: the job's, as SageMaker stores them.
        meanwhile: called while the trainer looks at them; its errors come first.

    Returns:
        What ``meanwhile`` has returned.

    Raises:
        UserError: the job would fail with this error.
    """
    folders = {name: spec.channels[name].folder for name in CHECKED_CHANNELS if name in spec.channels}
    local = {name: str(folder) for name, folder in folders.items() if folder is not None}
    if not spec.runs_trainer or "training" not in local:
        return meanwhile()
    # Whether there are validation images decides about these. The trainer cannot see those that are elsewhere.
    skipped = VALIDATION_SETTINGS if folders.keys() > local.keys() else ()
    known = {name: value for name, value in hyperparameters.items() if name not in skipped}
    settings = [f"--{name}={value}" for name, value in (local | known).items()]
    command = [sys.executable, "-m", "trainer", "check", *settings]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            result = meanwhile()
        except BaseException:
            process.kill()
            raise
        answer, errors = process.communicate()
    if process.returncode != 0:
        raise subprocess.CalledProcessError(process.returncode, command, answer, errors)
    found = json.loads(answer)
    if found["problem"]:
        raise UserError(found["problem"], found["fix"] or "docs/trainer.md says what the trainer needs.")
    for note in found["notes"]:
        console.note(note)
    return result
