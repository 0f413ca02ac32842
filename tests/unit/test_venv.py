"""The set-up: who is refused before anything is installed, and that it installs what is pinned."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from scripts import venv
from tests.conftest import ROOT, clean_environment


@pytest.mark.parametrize("version", [(2, 7), (3, 8), (3, 10), (3, 14), (4, 0)])
def test_a_python_without_wheels_is_told_so(version: tuple[int, int]) -> None:
    problem, fix = venv.unsuitable(version, "linux", "x86_64") or ("", "")
    assert f"Python {version[0]}.{version[1]} has no TensorFlow" in problem
    assert "make PYTHON=" in fix


@pytest.mark.parametrize("version", [(3, 11), (3, 12), (3, 13)])
def test_a_python_with_wheels_is_taken(version: tuple[int, int]) -> None:
    assert venv.unsuitable(version, "linux", "x86_64") is None
    assert venv.unsuitable(version, "darwin", "arm64") is None


def test_an_intel_mac_is_told_so() -> None:
    problem, _ = venv.unsuitable((3, 12), "darwin", "x86_64") or ("", "")
    assert "Intel" in problem


def test_refused_it_says_two_lines_and_makes_nothing(tmp_path: Path) -> None:
    shutil.copy(ROOT / "scripts" / "venv.py", tmp_path)
    program = "import sys, runpy; sys.version_info = (3, 9, 1); runpy.run_path('venv.py', run_name='__main__')"
    ended = subprocess.run(
        [sys.executable, "-c", program, "requirements.txt"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 2
    assert len(ended.stderr.splitlines()) == 2
    assert [path.name for path in tmp_path.iterdir()] == ["venv.py"]


@pytest.mark.e2e
def test_it_installs_what_is_pinned_and_speaks_to_stderr_only(tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text((ROOT / "requirements.txt").read_text())
    lines = (ROOT / "requirements-dev.txt").read_text().replace("\\\n", " ").splitlines()
    (tmp_path / "few.txt").write_text("\n".join(line for line in lines if line.startswith("iniconfig==")) + "\n")
    ended = subprocess.run(
        [sys.executable, str(ROOT / "scripts" / "venv.py"), "few.txt"],
        cwd=tmp_path,
        env=clean_environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout == ""
    assert subprocess.check_output([tmp_path / venv.PYTHON, "-c", "import iniconfig; print(iniconfig)"], text=True)
