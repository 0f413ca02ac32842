"""What every test can ask for: a clean environment, a copy of the project, a way to type make."""

import hashlib
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from scripts.venv import uv_environment, uv_program

ROOT = Path(__file__).resolve().parent.parent
IN_CI = os.environ.get("CI") == "true"


def missing(reason: str) -> None:
    """Skip a test for want of a tool; where tests must be complete, fail it."""
    if IN_CI:
        pytest.fail(f"In CI nothing may be missing: {reason}")
    pytest.skip(reason)


def clean_environment() -> dict[str, str]:
    """The caller's environment without AWS's variables, make's, and what a person typed to make."""
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("AWS_", "MAKE", "MFLAGS", "PYTEST_")) and not name.endswith("_TEXT")
    }


Ended = subprocess.CompletedProcess[str]


# No engine is found here: the local cloud runs jobs as processes then. Those in containers are tests/container's.
NO_ENGINE = {"DOCKER_HOST": "unix:///nowhere/docker.sock"}


class Project:
    """A copy of this repository in a folder of its own, with the same .venv, that a test may use up.

    Args:
        folder: where to make it.
        environment: variables for all that is typed in it.
    """

    def __init__(self, folder: Path, environment: Mapping[str, str] = NO_ENGINE) -> None:
        self.folder = folder
        self.environment = {**clean_environment(), **environment}
        names = subprocess.run(
            ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
            cwd=ROOT,
            check=True,
            capture_output=True,
            text=True,
        ).stdout.split("\0")
        for name in filter(None, names):
            if (ROOT / name).exists():
                target = folder / name
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / name, target)
        (folder / ".venv").symlink_to(ROOT / ".venv")

    def start(self, *command: str, env: Mapping[str, str] | None = None) -> "subprocess.Popen[str]":
        """Start a command in a process group of its own, as a terminal would."""
        return subprocess.Popen(
            command,
            cwd=self.folder,
            env={**self.environment, **(env or {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
            # What ignores SIGINT hands that on, as a shell does to what it starts in the background.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )

    def make(
        self, *arguments: str, env: Mapping[str, str] | None = None, code: int | None = 0, timeout: float = 300
    ) -> str:
        """Type make; give what it printed. ``code`` is the exit status to insist on, None for any."""
        with self.start("make", *arguments, env=env) as process:
            try:
                output, _ = process.communicate(timeout=timeout)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, 9)
                output, _ = process.communicate()
                pytest.fail(f"make {' '.join(arguments)} took over {timeout} s:\n{output}")
        if code is not None:
            assert process.returncode == code, f"make {' '.join(arguments)} ended with {process.returncode}:\n{output}"
        return output

    def verb(self, name: str, *arguments: str, env: Mapping[str, str] | None = None) -> Ended:
        """Run a verb directly; give the ended process with its stdout and stderr."""
        return subprocess.run(
            [sys.executable, "-m", f"scripts.{name}", *arguments],
            cwd=self.folder,
            env={**self.environment, **(env or {})},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )


def processes_of(folder: Path) -> list[str]:
    """The command lines of the processes that work in ``folder`` or below it (Linux only)."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and (entry / "cwd").resolve().is_relative_to(folder):
                found.append((entry / "cmdline").read_text().replace("\0", " "))
        except OSError:
            continue  # ended meanwhile, or another user's
    return found


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A copy of the project for the tests of one file."""
    return Project(tmp_path_factory.mktemp("trainyard"))


# The stack takes over a minute to build, so all tests that need one share this one: those of e2e/, then those of
# errors/. The one that removes it is in zz_destroy/, the last in order of names.
@pytest.fixture(scope="session")
def yard(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """A copy of the project with a local cloud running that stands until the last test."""
    if not shutil.which("terraform"):
        missing("terraform is not on PATH")
    project = Project(tmp_path_factory.mktemp("yard"))
    provider = project.verb("infra", "validate")
    if provider.returncode != 0:
        missing(f"the AWS provider cannot be had:\n{provider.stdout}{provider.stderr}")
    project.make("cloud-up")
    yield project
    project.make("cloud-down")


@pytest.fixture(scope="session")
def demo(yard: Project) -> str:
    """What `make demo` printed in the yard; from here on the stack is built and one job has run."""
    return yard.make("demo")


@pytest.fixture(scope="session")
def awscli() -> Path:
    """The `aws` command in an environment of its own, for it pins its own botocore; made anew when its pins change."""
    pins, folder = ROOT / "requirements-awscli.txt", ROOT / "build" / "awscli"
    python, stamp = folder / "bin" / "python", folder / "installed"
    wanted = hashlib.sha256(pins.read_bytes()).hexdigest()
    if not stamp.exists() or stamp.read_text() != wanted:
        for arguments in (
            ["venv", "--clear", "--python", sys.executable, str(folder)],
            ["pip", "install", "--python", str(python), "--require-hashes", "-r", str(pins)],
        ):
            command = [str(ROOT / uv_program()), *arguments]
            ended = subprocess.run(
                command, cwd=ROOT, env=uv_environment(), capture_output=True, text=True, timeout=300, check=False
            )
            if ended.returncode != 0:
                missing(f"awscli cannot be installed here: {ended.stderr.strip()}")
        stamp.write_text(wanted)
    return folder / "bin" / "aws"
