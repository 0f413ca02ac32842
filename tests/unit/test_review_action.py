"""actions/review: its steps are run as a runner runs them, with the packages that they install."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from scripts.venv import uv_environment, uv_program
from tests.conftest import ROOT, clean_environment

pytestmark = pytest.mark.e2e

ACTION = ROOT / "actions/review"
STEPS: list[dict[str, Any]] = YAML(typ="safe").load(ACTION / "action.yml")["runs"]["steps"]
INSTALL, REVIEW, END = (step for step in STEPS if "run" in step)
PLAN = ROOT / "tests/unit/review/golden/permissions/plan.json"


def run(step: dict[str, Any], temp: Path, folder: Path, **variables: str) -> "subprocess.CompletedProcess[str]":
    """Run one step of the action in a checkout of another repository."""
    environment = {
        **clean_environment(),
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "RUNNER_TEMP": str(temp),
        "GITHUB_OUTPUT": str(folder / "outputs"),
        **dict.fromkeys(step["env"], ""),
        "ACTION": str(ACTION),
        **variables,
    }
    command = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]]
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=120, check=False
    )


@pytest.fixture(scope="module")
def temp(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The runner's folder for temporary files, with the packages of the first step; uv is faster."""
    folder = tmp_path_factory.mktemp("temp")
    python = folder / "trainyard-review/bin/python"
    for command in (
        ["venv", "--quiet", "--python", sys.executable, str(python.parents[1])],
        ["pip", "install", "--quiet", "--require-hashes", "--python", str(python), "-r", "requirements-review.txt"],
    ):
        subprocess.run([str(ROOT / uv_program()), *command], cwd=ROOT, env=uv_environment(), check=True)
    yield folder
    shutil.rmtree(folder)


def test_it_installs_pinned_packages_with_their_hashes(tmp_path: Path) -> None:
    """With one package: pip takes a minute for all of them."""
    action = tmp_path / "repository/actions/review"
    action.mkdir(parents=True)
    pins = (ROOT / "requirements-review.txt").read_text(encoding="utf-8").replace("\\\n", " ").splitlines()
    (one,) = (line for line in pins if line.startswith("idna=="))
    (tmp_path / "repository/requirements-review.txt").write_text(one)
    ended = run(INSTALL, tmp_path, tmp_path, ACTION=str(action))
    assert ended.returncode == 0, ended.stderr
    assert list((tmp_path / "trainyard-review").glob("lib/python*/site-packages/idna/__init__.py"))
    assert "--require-hashes" in INSTALL["run"]


@pytest.fixture
def checkout(tmp_path: Path, temp: Path) -> Path:
    """Another repository, whose files are named like ours."""
    for name in ("scripts/review", "jinja2"):
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name / "__init__.py").write_text("raise SystemExit('code of the pull request')")
    (tmp_path / "click.py").write_text("raise SystemExit('code of the pull request')")
    shutil.copy(PLAN, tmp_path / "plan.json")
    shutil.rmtree(temp / "trainyard-review-pages", ignore_errors=True)
    return tmp_path


def outputs(checkout: Path) -> dict[str, str]:
    return dict(line.split("=", 1) for line in (checkout / "outputs").read_text().splitlines())


def test_what_others_wrote_is_in_no_script() -> None:
    assert not any("${{" in step["run"] for step in (INSTALL, REVIEW, END))


def test_it_writes_the_pages_and_imports_nothing_of_the_checkout(temp: Path, checkout: Path) -> None:
    ended = run(REVIEW, temp, checkout, PLANS="plan.json\n")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    found = outputs(checkout)
    assert found["code"] == "0"
    pages = Path(found["folder"])
    assert {page.name for page in pages.iterdir()} == {"review.md", "review.html", "review.json", "review.sarif"}
    assert run(END, temp, checkout, CODE=found["code"]).returncode == 0


def test_it_fails_after_the_pages_are_there(temp: Path, checkout: Path) -> None:
    (checkout / "a b.json").write_bytes(PLAN.read_bytes())
    ended = run(REVIEW, temp, checkout, PLANS="plan.json\na b.json\n\n", FAIL_ON="high", ACCOUNT="123456789012")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    found = outputs(checkout)
    assert found["code"] == "3"
    reviews = json.loads((Path(found["folder"]) / "review.json").read_text(encoding="utf-8"))["reviews"]
    assert [one["source"] for one in reviews] == ["plan.json", "a b.json"]
    assert run(END, temp, checkout, CODE="3").returncode == 3


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({"PLANS": "no.json"}, "no.json cannot be read"),
        ({"PLANS": "--help"}, "--help cannot be read"),
        ({"PLANS": "plan.json", "FAIL_ON": "severe"}, "severe is not a severity"),
        ({"PLANS": "plan.json", "CONFIG": "no.toml"}, "no.toml is not a file"),
    ],
)
def test_an_error_ends_it_at_once(temp: Path, checkout: Path, variables: dict[str, str], said: str) -> None:
    ended = run(REVIEW, temp, checkout, **variables)
    assert ended.returncode == 2, ended.stdout + ended.stderr
    assert said in ended.stderr
    assert not (checkout / "outputs").exists()


def test_a_text_of_the_plan_is_no_command_to_the_runner(temp: Path, checkout: Path) -> None:
    hostile = PLAN.read_text(encoding="utf-8").replace("aws_iam_role.", "::set-output name=page::x aws_iam_role.")
    (checkout / "plan.json").write_text(hostile, encoding="utf-8")
    lines = run(REVIEW, temp, checkout, PLANS="plan.json").stdout.splitlines()
    stop = re.fullmatch(r"::stop-commands::([0-9a-f]{32})", lines[0])
    assert stop
    assert lines[-1] == f"::{stop[1]}::"
    assert sum(stop[1] in line for line in lines) == 2
