"""What the tests of the trainer share: a base folder as SageMaker lays it out, and the program as a process."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from PIL import Image
from sklearn.datasets import load_digits

ROOT = Path(__file__).parents[3]
SMALL = {"image_size": "8", "channels": "1", "epochs": "2", "learning_rate": "0.005"}


def write_digits(folder: Path, numbers: range) -> Path:
    """Write these of the 1,797 digits, a folder per label."""
    digits = load_digits()
    for number in numbers:
        into = folder / str(digits.target[number])
        into.mkdir(parents=True, exist_ok=True)
        Image.fromarray((digits.images[number] * 15).astype("uint8")).save(into / f"{number:04}.png")
    return folder


@dataclass
class Base:
    """A base folder of one job."""

    root: Path
    environment: dict[str, str] = field(default_factory=dict)

    def configure(self, **files: Any) -> "Base":
        """Write files of input/config: hyperparameters={…}, resourceconfig={…}."""
        config = self.root / "input" / "config"
        config.mkdir(parents=True, exist_ok=True)
        for name, value in files.items():
            (config / f"{name}.json").write_text(json.dumps(value), encoding="utf-8")
        return self

    def channel(self, name: str, folder: Path) -> "Base":
        channels = self.root / "input" / "data"
        channels.mkdir(parents=True, exist_ok=True)
        (channels / name).symlink_to(folder)
        return self

    @property
    def failure(self) -> str:
        return (self.root / "output" / "failure").read_text(encoding="utf-8")

    @property
    def history(self) -> dict[str, Any]:
        loaded: dict[str, Any] = json.loads((self.root / "output" / "data" / "history.json").read_text())
        return loaded

    @property
    def steps(self) -> list[int]:
        """The checkpoints that are there."""
        return sorted(int(path.name.removeprefix("step-")) for path in (self.root / "checkpoints").glob("step-*"))

    def start(self, *arguments: str) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            [sys.executable, "-m", "trainer", "train", *arguments],
            cwd=ROOT,
            env=environment(SAGEMAKER_BASE_DIR=str(self.root), **self.environment),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def train(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        process = self.start(*arguments)
        out, err = process.communicate(timeout=240)
        return subprocess.CompletedProcess(process.args, process.returncode, out, err)


def trainer(*arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run another command than train."""
    command = [sys.executable, "-m", "trainer", *arguments]
    return subprocess.run(command, cwd=ROOT, env=environment(), capture_output=True, text=True, timeout=240)


def environment(**more: str) -> dict[str, str]:
    """This process's environment without what would reach into a job."""
    kept: Mapping[str, str] = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("SM_", "SAGEMAKER_", "TRAINER_", "TRAINING_JOB_"))
    }
    return {**kept, **more}
