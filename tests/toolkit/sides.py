"""Runs one job twice: by SageMaker's training toolkit, and by the trainer. What its program found is the result."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import tarfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.conftest import ROOT
from tests.unit.trainer.trainer_runs import Base, environment

PACKED = "input/data/code/sourcedir.tar.gz"
RESOURCES = {
    "current_host": "localhost",
    "hosts": ["localhost"],
    "network_interface_name": "eth0",
    "current_instance_type": "ml.m5.xlarge",
    "current_group_name": "homogeneousCluster",
    "instance_groups": [
        {"instance_group_name": "homogeneousCluster", "instance_type": "ml.m5.xlarge", "hosts": ["localhost"]}
    ],
}
REPORT = """
import json, os, sys
found = {"argv": sys.argv, "folder": os.getcwd(), "path": sys.path[0], "environ": dict(os.environ)}
found["spec"] = __spec__ and __spec__.name
with open(os.path.join(os.environ["SM_MODEL_DIR"], "found.json"), "w") as file:
    json.dump(found, file)
"""
# Starts the toolkit in the environment of the tests: as in AWS's images, one environment has both the toolkit and
# TensorFlow. The toolkit's own packages come last, so the program has the same packages on both sides. The toolkit must
# not import TensorFlow: it would take 3 s, and only reads the names of its exceptions.
BESIDE_TENSORFLOW = """
import runpy, sys
sys.path.append(sys.argv.pop(1))
sys.modules["tensorflow"] = None
runpy.run_module("sagemaker_training.cli.train", run_name="__main__", alter_sys=True)
"""


@dataclass(frozen=True)
class Ended:
    """A job that has ended.

    Args:
        found: what the program wrote into found.json, with paths that begin with /opt/ml; None if it wrote nothing.
        exit_code: the exit code of the container's first process.
        output: the files in the folder ``output``, with their texts.
        written: all files in the folders ``model`` and ``output``, by their paths, without found.json.
    """

    found: Any
    exit_code: int
    output: Mapping[str, str]
    written: frozenset[str]

    @property
    def reported(self) -> bool:
        """Whether the program wrote a report."""
        return self.found is not None

    @property
    def arguments(self) -> list[str]:
        arguments: list[str] = self.found["argv"][1:]
        return arguments

    @property
    def options(self) -> list[str]:
        """The names of the hyperparameters among the arguments, in their order."""
        names = (argument.partition("=")[0].lstrip("-") for argument in self.arguments if argument.startswith("-"))
        return [name for name in names if name in self._sent]

    def argument(self, name: str) -> tuple[str, ...]:
        """The arguments of one hyperparameter: its name with its value, or the one argument that has both."""
        option = f"--{name}" if len(name) > 1 else f"-{name}"
        (place,) = [number for number, each in enumerate(self.arguments) if each.partition("=")[0] == option]
        return tuple(self.arguments[place : place + (1 if "=" in self.arguments[place] else 2)])

    @property
    def variables(self) -> dict[str, str]:
        variables: dict[str, str] = self.found["environ"]
        return variables

    @property
    def platform_variables(self) -> dict[str, str]:
        """The variables that SageMaker, the toolkit or the trainer set."""
        prefixes = ("SM_", "SAGEMAKER_", "CURRENT_")
        return {name: text for name, text in self.variables.items() if name.startswith(prefixes)}

    @property
    def _sent(self) -> set[str]:
        return set(json.loads(self.variables["SM_HPS"]))


@dataclass(frozen=True)
class Job:
    """A job that both run.

    Args:
        program: the text of train.py.
        hyperparameters: the content of hyperparameters.json.
        signal: whether SIGTERM follows when the program has printed a line.
        project: more files of the folder with the code, by name.
        sdk: whether the code comes as SageMaker's SDK sends it, in an archive in a channel.
        channels: the folders of its channels, by name.
        tensorflow: whether the program can import TensorFlow, as every package of the tests.
        packages: folders of more packages that it can import.
    """

    program: str
    hyperparameters: Mapping[str, str] = field(default_factory=dict)
    signal: bool = False
    project: Mapping[str, str] = field(default_factory=dict)
    sdk: bool = False
    channels: Mapping[str, Path] = field(default_factory=dict)
    tensorflow: bool = False
    packages: Sequence[Path] = ()


class Side:
    """A started job: of the toolkit if its Python is given, else of the trainer."""

    def __init__(self, job: Job, folder: Path, toolkit: Path | None, programs: Path) -> None:
        self._base = Base(folder / "ml")
        # SageMaker makes output/data too: https://github.com/aws/amazon-sagemaker-examples/issues/368
        for name in ("code", "model", "output/data", "input/data/code"):
            (self._base.root / name).mkdir(parents=True)
        self._installed = folder / "installed"  # not into the environment of the tests
        self._installed.mkdir()
        for package in job.packages:
            (self._installed / package.name).symlink_to(package)
        hyperparameters = {**job.hyperparameters, **(self._by_sdk() if job.sdk else {})}
        self._base.configure(
            hyperparameters=hyperparameters,
            resourceconfig=RESOURCES,
            inputdataconfig={name: {} for name in job.channels or ["training"]},
        )
        for name, data in job.channels.items():
            self._base.channel(name, data)
        self._write_code({"train.py": job.program, **job.project}, packed=job.sdk)
        self._process = subprocess.Popen(
            _command(job, toolkit),
            cwd=folder,
            env=self._environment(toolkit, programs, {} if job.sdk else {"SAGEMAKER_PROGRAM": "train.py"}),
            stdout=subprocess.PIPE if job.signal else subprocess.DEVNULL,
            stderr=(folder / "log").open("w"),
            start_new_session=True,
        )
        self._signal = job.signal

    def _by_sdk(self) -> dict[str, str]:
        """The hyperparameters with which the SDK names the code."""
        named = {"sagemaker_program": "train.py", "sagemaker_submit_directory": str(self._base.root / PACKED)}
        return {name: json.dumps(value) for name, value in named.items()}

    def _write_code(self, files: Mapping[str, str], *, packed: bool) -> None:
        code = self._base.root / "code"
        for name, text in files.items():
            (code / name).parent.mkdir(exist_ok=True)
            (code / name).write_text(text)
        if packed:
            with tarfile.open(self._base.root / PACKED, "w:gz") as tar:
                for name in files:
                    tar.add(code / name, name)
                    (code / name).unlink()

    def _environment(self, toolkit: Path | None, programs: Path, more: Mapping[str, str]) -> dict[str, str]:
        base = self._base.root
        variables = environment(
            SAGEMAKER_BASE_DIR=str(base),
            TRAINING_JOB_NAME="job-1",
            PATH=f"{programs}{os.pathsep}{os.environ['PATH']}",
            PYTHONPATH=str(self._installed),
            PYTHONDONTWRITEBYTECODE="1",
            PIP_TARGET=str(self._installed),
            PIP_NO_INDEX="1",
            PIP_NO_BUILD_ISOLATION="0",  # "no" is the value of pip's switch: builds need no network
        )
        if not toolkit:
            variables["PYTHONPATH"] += f"{os.pathsep}{ROOT}"
            variables["SAGEMAKER_SUBMIT_DIRECTORY"] = str(base / "code")
        return {**variables, **more}

    def end(self) -> Ended:
        """Wait for the end."""
        if self._signal:
            assert self._process.stdout is not None
            assert self._process.stdout.readline()
            self._process.send_signal(signal.SIGTERM)
        code = self._process.wait(timeout=240)
        output = self._base.root / "output"
        report = self._base.root / "model" / "found.json"
        found = report.read_text().replace(str(self._base.root), "/opt/ml") if report.exists() else "null"
        files = {path.name: path.read_text() for path in output.iterdir() if path.is_file()}
        return Ended(json.loads(found), code, files, self._written() - {"model/found.json"})

    def _written(self) -> frozenset[str]:
        root = self._base.root
        paths = [path for name in ("model", "output") for path in (root / name).rglob("*")]
        return frozenset(path.relative_to(root).as_posix() for path in paths if path.is_file())

    def kill(self) -> None:
        """End what is left of the job: the toolkit leaves its program behind."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()


def _command(job: Job, toolkit: Path | None) -> list[str]:
    """What the container's first process would be."""
    if not toolkit:
        return [sys.executable, "-m", "trainer", "train"]
    if not job.tensorflow:
        return [str(toolkit), "-m", "sagemaker_training.cli.train"]
    return [sys.executable, "-c", BESIDE_TENSORFLOW, str(packages_of(toolkit))]


def packages_of(toolkit: Path) -> Path:
    """The folder with the packages of the toolkit's environment, whose Python is given."""
    (folder,) = toolkit.parents[1].glob("lib/python*/site-packages")
    return folder


def both(jobs: Mapping[str, Job], folder: Path, toolkit: Path, programs: Path) -> dict[str, tuple[Ended, Ended]]:
    """Run jobs at the same time; return each job's end there (the toolkit) and here (the trainer).

    Args:
        jobs: the jobs by name.
        folder: where their folders are made.
        toolkit: the Python that has the toolkit.
        programs: a folder that comes first on PATH.
    """
    sides: dict[str, tuple[Side, Side]] = {}
    try:
        for name, job in jobs.items():
            for side in ("there", "here"):
                (folder / name / side).mkdir(parents=True)
            sides[name] = (
                Side(job, folder / name / "there", toolkit, programs),
                Side(job, folder / name / "here", None, programs),
            )
        return {name: (there.end(), here.end()) for name, (there, here) in sides.items()}
    finally:
        for started in sides.values():
            for one in started:
                one.kill()
