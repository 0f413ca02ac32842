"""Shared by the trainer's tests: a base folder with SageMaker's layout, and the trainer as a process."""

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from PIL import Image

from scripts.core.ports import LOOPBACK, reserved_port
from tests.unit.trainer import forked
from tests.unit.trainer.forked import Program

ROOT = Path(__file__).parents[3]
SMALL = {"image_size": "8", "channels": "1", "epochs": "2", "learning_rate": "0.005"}
_RESERVED = contextlib.ExitStack()

# Sends a signal to its own process after a step, in whatever time the steps before it are done.
SIGNAL_AFTER = """
import os
from trainyard.loop.training import Training
report = Training._report_progress
def report_and_signal(training):
    report(training)
    if training._run.step > {step}:
        os.kill(os.getpid(), {number})
Training._report_progress = report_and_signal
"""


def write_digits(folder: Path, numbers: range) -> Path:
    """Write some of the 1,797 digits, by their numbers, to a folder per label."""
    from sklearn.datasets import load_digits  # a second of CPU: not while pytest collects

    digits = load_digits()
    for number in numbers:
        into = folder / str(digits.target[number])
        into.mkdir(parents=True, exist_ok=True)
        Image.fromarray((digits.images[number] * 15).astype("uint8")).save(into / f"{number:04}.png")
    return folder


@dataclass
class Base:
    """The base folder of a job."""

    root: Path
    environment: dict[str, str] = field(default_factory=dict)
    # Python code that runs in the trainer's process, before the trainer.
    prelude: str = ""
    # What runs `-m trainer` for tests of other programs: Python, or forks of one.
    python: str = sys.executable

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
        """The steps of the checkpoints in the folder."""
        return sorted(int(path.name.removeprefix("step-")) for path in (self.root / "checkpoints").glob("step-*"))

    def start(self, *arguments: str) -> Program:
        """Start training."""
        return Program(self._command(arguments), ROOT, self.variables)

    def python_for(self, variables: Mapping[str, str]) -> str:
        """The Python for a job with these variables; a fork has its packages already, and reads no PYTHONPATH."""
        return sys.executable if "PYTHONPATH" in variables else self.python

    def start_new_python(self) -> "subprocess.Popen[str]":
        """Start training in a new Python process."""
        return subprocess.Popen(
            [sys.executable, *([] if self.prelude else ["-m"]), *self._command(())],
            cwd=ROOT,
            env=self.variables,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    @property
    def variables(self) -> dict[str, str]:
        """The environment of the job's processes."""
        return environment(SAGEMAKER_BASE_DIR=str(self.root), **self.environment)

    def train(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """Train to the end."""
        return forked.run(self._command(arguments), ROOT, self.variables, timeout=600)

    def _command(self, arguments: Sequence[str]) -> list[str]:
        if not self.prelude:
            return ["trainer", "train", *arguments]
        start = "import runpy; runpy.run_module('trainer', run_name='__main__')"
        return ["-c", f"{self.prelude}\n{start}", "train", *arguments]


def forked_trainer(*arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run a command of the trainer other than train, in a fork: for those that need TensorFlow."""
    return forked.run(["trainer", *arguments], ROOT, environment(), timeout=600)


def trainer(*arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run a command of the trainer other than train, in a new Python process."""
    command = [sys.executable, "-m", "trainer", *arguments]
    return subprocess.run(command, cwd=ROOT, env=environment(), capture_output=True, text=True, timeout=600)


def run_for_json(code: str, *arguments: str) -> Any:
    """Run Python code and return its last line as JSON. Its process is new, since TensorFlow fixes its devices once."""
    done = forked.run(["-c", code, *arguments], ROOT, environment(), timeout=600)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def environment(**more: str) -> dict[str, str]:
    """This process's environment without the variables that the trainer reads."""
    kept: Mapping[str, str] = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("SM_", "SAGEMAKER_", "TRAINER_", "TRAINING_JOB_"))
    }
    return {**kept, **more}


class Hosts:
    """The base folders of one job on several hosts. Each host is a process with its own port."""

    def __init__(self, root: Path, count: int, **hyperparameters: str) -> None:
        self.names = host_names(count)
        self.bases = [Base(root / str(number), {"TRAINER_HOSTS_SECONDS": "60"}) for number in range(1, count + 1)]
        for base, name in zip(self.bases, self.names, strict=True):
            resources = {"hosts": self.names, "current_host": name}
            base.configure(hyperparameters=hyperparameters, resourceconfig=resources)

    def channel(self, name: str, *folders: Path) -> "Hosts":
        """Give all hosts the same folder, or each host its own."""
        for base, folder in zip(self.bases, folders * (len(self.bases) // len(folders)), strict=True):
            base.channel(name, folder)
        return self

    def start(self) -> list[Program]:
        return [base.start() for base in self.bases]

    def train(self) -> "list[subprocess.CompletedProcess[str]]":
        return wait_for_all(self.start())


def wait_for_all(processes: Sequence[Program], seconds: float = 600) -> "list[subprocess.CompletedProcess[str]]":
    """Wait until all programs have ended; kill the remaining ones after a timeout."""
    try:
        with ThreadPoolExecutor() as pool:
            outputs = list(pool.map(lambda process: process.communicate(seconds), processes))
    finally:
        for process in processes:
            process.kill()
    return [
        subprocess.CompletedProcess(process.args, process.wait(), out, err)
        for process, (out, err) in zip(processes, outputs, strict=True)
    ]


def host_names(count: int) -> list[str]:
    """Names for hosts on this machine, each with a port that is reserved until this process ends."""
    return [f"{LOOPBACK}:{_RESERVED.enter_context(reserved_port())}" for _ in range(count)]


def wait_for(process: "Program | subprocess.Popen[str]", word: str) -> None:
    """Read the program's output up to a line that holds this word."""
    assert process.stdout is not None
    for line in process.stdout:
        if word in line:
            return
    raise AssertionError(
        f"the program ended before it printed {word}: {process.stderr.read() if process.stderr else ''}"
    )


def weights(base: Base) -> list[Any]:
    """The weights of the model that a job wrote."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    import keras

    return [variable.numpy() for variable in keras.models.load_model(base.root / "model" / "model.keras").weights]


def equal(one: list[Any], other: list[Any]) -> bool:
    """Whether weights are the same, bit for bit."""
    return all((left == right).all() for left, right in zip(one, other, strict=True))
