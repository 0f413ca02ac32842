"""Builds and runs the trainer's image by hand with the docker command line, as SageMaker would run it."""

import shutil
import subprocess
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.conftest import ROOT
from tests.unit.trainer.trainer_runs import Base


def docker(*arguments: str, timeout: float = 300) -> str:
    """Run a docker command that must succeed; returns its stdout."""
    ended = subprocess.run(
        ["docker", *arguments], capture_output=True, text=True, timeout=timeout, check=False, stdin=subprocess.DEVNULL
    )
    assert ended.returncode == 0, f"docker {' '.join(arguments)}\n{ended.stdout}{ended.stderr}"
    return ended.stdout


def copy_code(folder: Path) -> Path:
    """Copy trainer/ with the package that it imports to a new folder, as `make image` sends them to Docker."""
    for source, target in ((ROOT / "trainer", folder), (ROOT / "trainyard", folder / "trainyard")):
        shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
    return folder


@contextmanager
def built(folder: Path, base_image: str) -> Iterator[str]:
    """Build the image of ``folder``; it is removed afterwards."""
    name = f"trainyard-test:{uuid.uuid4().hex[:12]}"
    docker("build", "--quiet", "--build-arg", f"BASE_IMAGE={base_image}", "--tag", name, str(folder))
    try:
        yield name
    finally:
        docker("rmi", "--force", name)


@dataclass
class Container:
    """A container of an image, with folders mounted as SageMaker mounts them.

    Args:
        image: the image's name.
        base: the folder that becomes /opt/ml, without the code; `Base.configure` writes its configuration.
        channels: the folder of each channel.
    """

    image: str
    base: Base
    channels: dict[str, Path] = field(default_factory=dict)

    def run(self, *arguments: str, **environment: str) -> tuple[int, str]:
        """Run it to its end with these arguments; returns its exit code and output."""
        with self.started(*arguments, **environment) as name:
            code = int(docker("wait", name))
            return code, self.log(name)

    @contextmanager
    def started(self, *arguments: str, **environment: str) -> Iterator[str]:
        """Start it and return its name; it is removed afterwards."""
        name = f"trainyard-test-{uuid.uuid4().hex[:12]}"
        options = ["--detach", "--name", name, "--network", "none"]
        for folder, mode in {"input/config": "ro", "model": "rw", "output": "rw", "checkpoints": "rw"}.items():
            (self.base.root / folder).mkdir(parents=True, exist_ok=True)
            options += ["--volume", f"{self.base.root / folder}:/opt/ml/{folder}:{mode}"]
        for channel, source in self.channels.items():
            options += ["--volume", f"{source}:/opt/ml/input/data/{channel}:ro"]
        for variable, value in environment.items():
            options += ["--env", f"{variable}={value}"]
        docker("run", *options, self.image, *arguments)
        try:
            yield name
        finally:
            docker("rm", "--force", name)

    @staticmethod
    def log(name: str) -> str:
        """The output of a container so far."""
        ended = subprocess.run(["docker", "logs", name], capture_output=True, text=True, timeout=60, check=True)
        return ended.stdout + ended.stderr

    def wait_for(self, name: str, word: str) -> None:
        """Wait until a container has printed ``word``."""
        deadline = time.monotonic() + 120
        while word not in self.log(name):
            assert time.monotonic() < deadline, self.log(name)
            time.sleep(0.1)

    @staticmethod
    def stop(name: str) -> int:
        """Send SIGTERM, and SIGKILL after 120 seconds; returns the exit code."""
        docker("stop", "--time", "120", name)
        return int(docker("inspect", "--format", "{{.State.ExitCode}}", name))


def write_tree(folder: Path, files: dict[str, str]) -> None:
    """Write files below ``folder``."""
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
