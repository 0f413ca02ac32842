"""What the tests of the trainer share: a base folder as SageMaker lays it out, and the program as a process."""

import contextlib
import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
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

    def start(self, *arguments: str, before: Callable[[], None] | None = None) -> "subprocess.Popen[str]":
        """Begin to train; ``before`` is called in the new process before the program."""
        return subprocess.Popen(
            [sys.executable, "-m", "trainer", "train", *arguments],
            cwd=ROOT,
            env=environment(SAGEMAKER_BASE_DIR=str(self.root), **self.environment),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            preexec_fn=before,
        )

    def train(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        process = self.start(*arguments)
        out, err = process.communicate(timeout=240)
        return subprocess.CompletedProcess(process.args, process.returncode, out, err)


def trainer(*arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run another command than train."""
    command = [sys.executable, "-m", "trainer", *arguments]
    return subprocess.run(command, cwd=ROOT, env=environment(), capture_output=True, text=True, timeout=240)


def told_by(code: str, *arguments: str) -> Any:
    """What a Python program prints last, as JSON; in a process of its own, as TensorFlow fixes its devices once."""
    command = [sys.executable, "-c", code, *arguments]
    done = subprocess.run(command, cwd=ROOT, env=environment(), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def environment(**more: str) -> dict[str, str]:
    """This process's environment without what would reach into a job."""
    kept: Mapping[str, str] = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("SM_", "SAGEMAKER_", "TRAINER_", "TRAINING_JOB_"))
    }
    return {**kept, **more}


class Hosts:
    """The base folders of one job on several hosts, which here are processes with a port each."""

    def __init__(self, root: Path, count: int, **hyperparameters: str) -> None:
        self.names = [f"127.0.0.1:{port}" for port in free_ports(count)]
        self.bases = [Base(root / str(number), {"TRAINER_HOSTS_SECONDS": "60"}) for number in range(1, count + 1)]
        for base, name in zip(self.bases, self.names, strict=True):
            resources = {"hosts": self.names, "current_host": name}
            base.configure(hyperparameters=hyperparameters, resourceconfig=resources)

    def channel(self, name: str, *folders: Path) -> "Hosts":
        """Give all hosts the same folder, or each its own."""
        for base, folder in zip(self.bases, folders * (len(self.bases) // len(folders)), strict=True):
            base.channel(name, folder)
        return self

    def start(self) -> "list[subprocess.Popen[str]]":
        return [base.start() for base in self.bases]

    def train(self) -> "list[subprocess.CompletedProcess[str]]":
        return ended(self.start())


def ended(processes: "list[subprocess.Popen[str]]", seconds: float = 200) -> "list[subprocess.CompletedProcess[str]]":
    """Wait for all of them; none outlives this."""
    try:
        with ThreadPoolExecutor() as pool:
            told = list(pool.map(lambda process: process.communicate(timeout=seconds), processes))
    finally:
        for process in processes:
            process.kill()
    return [
        subprocess.CompletedProcess(process.args, process.returncode, out, err)
        for process, (out, err) in zip(processes, told, strict=True)
    ]


def free_ports(count: int) -> list[int]:
    """Ports that nobody uses, all different."""
    with contextlib.ExitStack() as held:
        sockets = [held.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        return [each.getsockname()[1] for each in sockets]


def wait_for(process: "subprocess.Popen[str]", word: str) -> None:
    """Read what it prints until this word comes."""
    assert process.stdout is not None
    for line in process.stdout:
        if word in line:
            return
    raise AssertionError(f"it ended before it printed {word}: {process.stderr.read() if process.stderr else ''}")


def weights(base: Base) -> list[Any]:
    """The weights of the model that a job left."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    import keras

    return [variable.numpy() for variable in keras.models.load_model(base.root / "model" / "model.keras").weights]


def equal(one: list[Any], other: list[Any]) -> bool:
    """Whether weights are the same, bit for bit."""
    return all((left == right).all() for left, right in zip(one, other, strict=True))
