"""The programs of clients and scanners, each in an environment with its own pins: fixtures for conftest.py."""

import hashlib
import subprocess
import sys
from pathlib import Path

import pytest

from scripts.venv import uv_environment, uv_program
from tests.conftest import ROOT, locked, missing


@pytest.fixture(scope="session")
def awscli() -> Path:
    """The `aws` command."""
    return client_programs("awscli") / "aws"


@pytest.fixture(scope="session")
def toolkit() -> Path:
    """The Python that has SageMaker's training toolkit."""
    return client_programs("toolkit") / "python"


@pytest.fixture(scope="session")
def scanners() -> Path:
    """The folder with checkov, and with the Python that has parliament and cloudsplaining."""
    return client_programs("scanners")


def client_programs(name: str) -> Path:
    """The programs of an environment with the pins of requirements-<name>.txt alone; made anew when the pins change.

    Such a client pins packages that the project has in other versions.
    """
    pins = ROOT / f"requirements-{name}.txt"
    folder = ROOT / "build" / f"{name}-{hashlib.sha256(pins.read_bytes()).hexdigest()[:12]}"
    stamp = folder.with_name(f"{folder.name}.installed")
    with locked(stamp):
        if not stamp.exists():
            _install(name, folder, pins)
            stamp.touch()
    return folder / "bin"


def _install(name: str, folder: Path, pins: Path) -> None:
    python = folder / "bin" / "python"
    for arguments in (
        ["venv", "--clear", "--python", sys.executable, str(folder)],
        ["pip", "install", "--python", str(python), "--require-hashes", "-r", str(pins)],
    ):
        command = [str(ROOT / uv_program()), *arguments]
        ended = subprocess.run(
            command, cwd=ROOT, env=uv_environment(), capture_output=True, text=True, timeout=300, check=False
        )
        if ended.returncode != 0:
            missing(f"{name} cannot be installed here: {ended.stderr.strip()}")
