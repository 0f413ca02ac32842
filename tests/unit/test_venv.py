"""The set-up: it refuses an unsuitable Python before it installs anything, and installs exactly the pinned packages."""

import ast
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from scripts import venv
from tests.conftest import ROOT, Ended, Project
from tests.unit.imports import imported_packages

# The code that runs only with all packages: the local cloud, the digits, and the verbs that train on this machine.
LOCAL = ("localcloud", "proof", "job_proof", "demo.py", "digits.py", "prove_resume.py")


@pytest.mark.parametrize("version", [(2, 7), (3, 10), (3, 14)])
def test_a_python_without_wheels_is_refused(version: tuple[int, int]) -> None:
    problem, fix = venv.unsuitable(version, "linux", "x86_64") or ("", "")
    assert f"Python {version[0]}.{version[1]} has no TensorFlow" in problem
    assert "make PYTHON=" in fix


@pytest.mark.parametrize("version", [(3, 11), (3, 12), (3, 13)])
def test_a_python_with_wheels_is_accepted(version: tuple[int, int]) -> None:
    assert venv.unsuitable(version, "linux", "x86_64") is None
    assert venv.unsuitable(version, "darwin", "arm64") is None


def test_an_intel_mac_is_refused() -> None:
    problem, _ = venv.unsuitable((3, 12), "darwin", "x86_64") or ("", "")
    assert "Intel" in problem


def test_a_refusal_prints_two_lines_and_creates_nothing(tmp_path: Path) -> None:
    shutil.copy(ROOT / "scripts" / "venv.py", tmp_path)
    program = "import sys, runpy; sys.version_info = (3, 9, 1); runpy.run_path('venv.py', run_name='__main__')"
    ended = subprocess.run(
        [sys.executable, "-c", program, "requirements.txt"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 2
    assert len(ended.stderr.splitlines()) == 2
    assert [path.name for path in tmp_path.iterdir()] == ["venv.py"]


MISSING_FOLDER = "WARNING: Location 'file:///packages/uv/' is ignored: it is neither a file nor a directory."
OTHER_WARNING = "WARNING: Retrying (Retry(total=4)) after connection broken"


def pip_that_prints(*lines: str, code: int) -> list[str]:
    text = "\n".join(lines)
    return [sys.executable, "-c", f"import sys; print({text!r}, file=sys.stderr); sys.exit({code})"]


def test_pip_s_warnings_about_missing_folders_are_not_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert venv.run_pip(pip_that_prints(MISSING_FOLDER, OTHER_WARNING, code=0)) == 0
    assert capsys.readouterr().err == f"{OTHER_WARNING}\n"


def test_all_messages_of_a_failed_pip_are_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert venv.run_pip(pip_that_prints(MISSING_FOLDER, OTHER_WARNING, "ERROR: no uv", code=1)) == 1
    assert capsys.readouterr().err.splitlines() == [OTHER_WARNING, "ERROR: no uv", MISSING_FOLDER]


def test_unused_folders_are_deleted_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    packages = tmp_path / ".venv/lib/python3.11/site-packages"
    unused = ("tensorflow/include/a.h", "scipy/linalg/tests/test_a.py", "sklearn/tests/test_a.py")
    used = ("tensorflow/python/a.py", "scipy/linalg/a.py", "sklearn/a.py", "numpy/tests/test_a.py")
    for name in unused + used:
        (packages / name).parent.mkdir(parents=True, exist_ok=True)
        (packages / name).touch()
    monkeypatch.chdir(tmp_path)
    venv.delete_unused()
    left = {str(path.relative_to(packages)) for path in packages.rglob("*") if path.is_file()}
    assert left == set(used)


HELP_OF_EACH = """
import contextlib, runpy, sys
for verb in sys.argv[1:]:
    sys.argv = [verb, "--help"]
    with contextlib.suppress(SystemExit):
        runpy.run_module(f"scripts.{verb}", run_name="__main__", alter_sys=True)
"""


@pytest.fixture(scope="module")
def setup(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Project, Ended]]:
    """A copy of the project, in which `make setup FOR=aws` has ended."""
    project = Project(tmp_path_factory.mktemp("runner"))
    (project.folder / ".venv").unlink()
    typed = ["make", "setup", "FOR=aws", f"PYTHON={sys.executable}"]
    yield (
        project,
        subprocess.run(typed, cwd=project.folder, env=project.environment, capture_output=True, text=True, check=False),
    )
    shutil.rmtree(project.folder)


@pytest.fixture(scope="module")
def runner(setup: tuple[Project, Ended]) -> Project:
    """That copy, as a runner of continuous integration has it."""
    project, ended = setup
    assert ended.returncode == 0, ended.stderr
    return project


def run(runner: Project, *arguments: str) -> str:
    """Run .venv's Python in the runner's folder; return its stdout."""
    with runner.start(venv.PYTHON, *arguments) as process:
        output, _ = process.communicate(timeout=60)
    assert process.returncode == 0, f"{arguments}:\n{output}"
    return output


@pytest.mark.e2e
def test_it_installs_the_pins_and_prints_only_to_stderr(setup: tuple[Project, Ended]) -> None:
    project, ended = setup
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout == ""
    assert [line[:3] for line in ended.stderr.splitlines()] == ["==>", "<=="]
    program = "import importlib.metadata as m; print(*(f'{one.name}=={one.version}' for one in m.distributions()))"
    installed = {pin.lower().replace("_", "-") for pin in run(project, "-c", program).split()}
    pins = set(re.findall(r"^[a-z0-9.-]+==[^ ]+", (ROOT / "requirements-aws.txt").read_text(), re.MULTILINE))
    assert len(installed) > 20
    assert {pin for pin in installed - pins if not pin.startswith(("pip==", "setuptools=="))} == set()


@pytest.mark.e2e
def test_a_runner_s_packages_are_small(runner: Project) -> None:
    files = [path.lstat() for path in (runner.folder / ".venv").rglob("*")]
    assert sum(file.st_blocks * 512 for file in files) < 300_000_000


@pytest.mark.e2e
def test_a_runner_s_targets_install_nothing_more(runner: Project) -> None:
    for target in ("plan", "infra", "image", "data", "train", "shell", "logs", "stop", "resume", "jobs", "model"):
        assert "scripts/venv.py" not in runner.make("-n", target), target
    for typed in (["train", "CLOUD=local"], ["demo"], ["prove-resume"], ["cloud-up"], ["digits"], ["test"], ["lint"]):
        assert "scripts/venv.py requirements.txt" in runner.make("-n", *typed), typed


@pytest.mark.e2e
def test_every_verb_starts_on_a_runner(runner: Project) -> None:
    verbs = {path.stem for path in (ROOT / "scripts").glob("*.py")} - {"__init__", "venv"}
    assert len(verbs) > 12
    helped = run(runner, "-c", HELP_OF_EACH, *sorted(verbs))
    assert re.findall(r"^Usage: python -m scripts\.(\w+)", helped, re.MULTILINE) == sorted(verbs), helped


@pytest.mark.e2e
def test_a_runner_has_every_package_that_the_verbs_import(runner: Project) -> None:
    """Many imports are inside functions, which `--help` does not call."""
    scripts = ROOT / "scripts"
    imported: set[str] = set()
    for path in scripts.rglob("*.py"):
        if path.relative_to(scripts).parts[0] not in LOCAL:
            imported |= imported_packages(ast.parse(path.read_text(encoding="utf-8")))
    assert {"boto3", "docker", "jinja2", "policy_sentry", "python_terraform"} <= imported
    program = "import importlib.util, sys; print([name for name in sys.argv[1:] if not importlib.util.find_spec(name)])"
    assert run(runner, "-c", program, *sorted(imported)).strip() == "[]"


@pytest.mark.e2e
def test_a_runner_reviews_a_plan(runner: Project) -> None:
    plan = "tests/unit/review/golden/create/plan.json"
    run(runner, "-m", "scripts.plan", "review", plan, "--out", "build/review")
    assert (runner.folder / "build/review/review.html").exists()


@pytest.mark.e2e
def test_a_runner_asks_the_trainer_without_tensorflow(runner: Project, tmp_path: Path) -> None:
    """`make train` reads the trainer's hyperparameters, and checks the images of local channels."""
    assert json.loads(run(runner, "-m", "trainer", "describe"))["hyperparameters"]
    for label in ("cat", "dog"):
        (tmp_path / label).mkdir()
        Image.new("L", (8, 8)).save(tmp_path / label / "1.png")
    checked = json.loads(run(runner, "-m", "trainer", "check", "--training", str(tmp_path)))
    assert (checked["problem"], checked["fix"]) == (None, None)
