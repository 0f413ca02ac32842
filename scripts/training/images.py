"""Ask the trainer whether it could train on the local folders: what stops a job at its start costs nothing here."""

import json
import subprocess
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING

from scripts.core.errors import UserError

if TYPE_CHECKING:
    from scripts.jobfile.spec import JobSpec

LOOKED_AT = ("training", "validation")


def check_images(spec: "JobSpec", hyperparameters: Mapping[str, str]) -> None:
    """Have the trainer look at its channels, where they are folders on this machine.

    Args:
        spec: the job file; another program's data are its own.
        hyperparameters: as SageMaker carries them.

    Raises:
        UserError: the job would fail with this.
    """
    folders = {name: spec.channels[name].source for name in LOOKED_AT if name in spec.channels}
    local = {name: folder for name, folder in folders.items() if spec.channels[name].is_local}
    if spec.program is not None or "training" not in local:
        return
    settings = [f"--{name}={value}" for name, value in (local | dict(hyperparameters)).items()]
    command = [sys.executable, "-m", "trainer", "check", *settings]
    answer = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    said = json.loads(answer)
    if said["problem"]:
        raise UserError(said["problem"], said["fix"] or "docs/trainer.md says what the trainer needs.")
