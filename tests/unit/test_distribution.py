"""The review as a distribution of its own: `trainyard-review`, installed into an environment that has nothing else."""

import ast
import importlib.metadata
import json
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement

from scripts.venv import uv_environment, uv_program
from tests.conftest import ROOT, Project, clean_environment
from tests.unit.imports import imported_packages
from tests.unit.test_requirements import pins

PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
WHEEL = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]
DEPENDENCIES = [Requirement(each) for each in PROJECT["project"]["dependencies"]]
PLAN = ROOT / "tests/unit/review/golden/permissions/plan.json"


def shipped() -> list[Path]:
    """The Python files of this repository that the distribution holds."""
    places = [ROOT / name for name in WHEEL["only-include"]]
    return [file for place in places for file in ([place] if place.is_file() else sorted(place.rglob("*.py")))]


def inner_imports(file: Path) -> Iterator[Path]:
    """The modules that a file imports by relative names, at its top or inside a function, without their suffix."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.level:
            base = file.parents[node.level - 1].joinpath(*(node.module or "").split(".")) if node.module else None
            base = base or file.parents[node.level - 1]
            for alias in node.names:
                inner = base / alias.name
                is_module = inner.with_suffix(".py").exists() or (inner / "__init__.py").exists()
                yield inner if is_module else base


def test_what_is_shipped_imports_only_what_is_shipped() -> None:
    files = shipped()
    assert len(files) > 60
    modules = {(file.parent if file.stem == "__init__" else file.with_suffix("")) for file in files}
    wanted = [(file, module) for file in files for module in inner_imports(file)]
    assert len(wanted) > 200
    assert [(file.name, module) for file, module in wanted if module not in modules] == []


def test_what_is_shipped_imports_no_package_that_is_not_declared() -> None:
    imported = {name for file in shipped() for name in imported_packages(ast.parse(file.read_text(encoding="utf-8")))}
    others = {name.replace("_", "-") for name in imported - sys.stdlib_module_names}
    assert others == {each.name for each in DEPENDENCIES}


@pytest.mark.parametrize("file", ["requirements.txt", "requirements-aws.txt"])
def test_the_pins_satisfy_the_distribution_s_ranges(file: str) -> None:
    found = pins(file)
    for each in DEPENDENCIES:
        assert each.specifier.contains(found[each.name]), each
        assert "==" not in str(each.specifier), "a library pins nothing"


def install(source: str, folder: Path) -> Path:
    """Install the distribution into a new environment, as pip does: with bytecode. Gives the environment."""
    environment = {**uv_environment(), "GIT_TERMINAL_PROMPT": "0"}
    for command in (
        ["venv", "--quiet", "--python", sys.executable, str(folder)],
        ["pip", "install", "--quiet", "--compile-bytecode", "--python", str(folder / "bin/python"), source],
    ):
        ended = subprocess.run(
            [str(ROOT / uv_program()), *command], env=environment, capture_output=True, text=True, check=False, cwd=ROOT
        )
        assert ended.returncode == 0, ended.stderr
    return folder


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """An environment with the distribution, installed from a git URL: a repository with these files."""
    project = Project(tmp_path_factory.mktemp("repository"))
    (project.folder / ".venv").unlink()
    git = ["git", "-c", "user.name=t", "-c", "user.email=t@localhost", "-c", "commit.gpgsign=false"]
    for command in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "A test."]):
        subprocess.run([*git, *command], cwd=project.folder, check=True)
    environment = install(f"git+file://{project.folder}", tmp_path_factory.mktemp("environment") / "e")
    shutil.rmtree(project.folder)
    yield environment
    shutil.rmtree(environment)


def run(installed: Path, *arguments: str, folder: Path, given: str = "") -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [str(installed / "bin/trainyard-review"), *arguments],
        cwd=folder,
        env=clean_environment(),
        input=given,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def python(installed: Path, program: str, folder: Path) -> str:
    return subprocess.check_output([str(installed / "bin/python"), "-c", program], cwd=folder, text=True)


@pytest.mark.e2e
def test_it_brings_one_package_and_one_command(installed: Path, tmp_path: Path) -> None:
    (site,) = installed.glob("lib/python*/site-packages")
    (information,) = importlib.metadata.distributions(name="trainyard-review", path=[str(site)])
    files = [str(file) for file in information.files or () if not str(file).endswith(".pyc")]
    places = {file.split("/")[0] for file in files if not file.startswith("../")}
    assert places == {"trainyard_review", f"trainyard_review-{PROJECT['project']['version']}.dist-info"}
    assert [file for file in files if file.startswith("../")] == ["../../../bin/trainyard-review"]
    absent = ("scripts", "trainer", "tests", "tensorflow", "moto", "boto3", "botocore", "numpy", "docker")
    program = f"from importlib.util import find_spec; print([n for n in {absent} if find_spec(n)])"
    assert python(installed, program, tmp_path) == "[]\n"


@pytest.mark.e2e
def test_it_is_small(installed: Path) -> None:
    size = sum(path.lstat().st_blocks * 512 for path in installed.rglob("*"))
    assert size < 80_000_000


@pytest.mark.e2e
def test_every_module_of_it_can_be_imported(installed: Path, tmp_path: Path) -> None:
    program = (
        "import importlib, pkgutil, trainyard_review as top\n"
        "names = [each.name for each in pkgutil.walk_packages(top.__path__, 'trainyard_review.')]\n"
        "print(len([importlib.import_module(name) for name in names]))"
    )
    assert int(python(installed, program, tmp_path)) == len(shipped())


@pytest.mark.e2e
def test_it_writes_what_the_verb_writes(installed: Path, tmp_path: Path) -> None:
    shutil.copy(PLAN, tmp_path / "plan.json")
    ended = run(installed, "plan.json", "--out", "alone", folder=tmp_path)
    assert ended.returncode == 0, ended.stderr
    verb = [sys.executable, "-m", "scripts.plan", "review", "plan.json", "--out", "verb"]
    environment = {**clean_environment(), "PYTHONPATH": str(ROOT)}
    subprocess.run(verb, cwd=tmp_path, env=environment, check=True, capture_output=True)
    pages = {file.name: file.read_bytes() for file in (tmp_path / "alone").iterdir()}
    assert pages.keys() == {"review.md", "review.html", "review.json", "review.sarif"}
    assert pages == {file.name: file.read_bytes() for file in (tmp_path / "verb").iterdir()}


@pytest.mark.e2e
@pytest.mark.parametrize(
    ("arguments", "code", "lines"),
    [
        (["plan.json"], 0, []),
        (["plan.json", "--fail-on", "high"], 3, [r"\d+ new findings? at high or above\."]),
        (["no.json"], 2, ["Error: no.json cannot be read: .*", "Fix:   Name .*terraform show -json.*"]),
        (
            ["saved.tfplan"],
            2,
            [
                "Error: saved.tfplan is a saved plan, not its JSON.",
                r"Fix:   Turn it into JSON: terraform show -json PLANFILE > plan.json \(or tofu show\)",
            ],
        ),
    ],
)
def test_its_exit_codes_and_errors_are_the_verb_s(
    installed: Path, tmp_path: Path, arguments: list[str], code: int, lines: list[str]
) -> None:
    shutil.copy(PLAN, tmp_path / "plan.json")
    (tmp_path / "saved.tfplan").write_bytes(b"PK\x03\x04")
    ended = run(installed, *arguments, folder=tmp_path)
    assert ended.returncode == code, ended.stderr
    found = ended.stderr.splitlines()
    assert len(found) == len(lines)
    assert all(re.fullmatch(line, text) for line, text in zip(lines, found, strict=True)), found


@pytest.mark.e2e
def test_it_reads_stdin_and_leaves_no_file(installed: Path, tmp_path: Path) -> None:
    ended = run(installed, "-", folder=tmp_path, given=PLAN.read_text(encoding="utf-8"))
    assert ended.returncode == 0, ended.stderr
    assert "Plan of `stdin`" in ended.stdout
    assert list(tmp_path.iterdir()) == []


@pytest.mark.e2e
def test_uvx_runs_it_from_a_checkout(tmp_path: Path) -> None:
    command = [str(ROOT / uv_program()), "tool", "run", "--isolated", "--quiet", "--python", sys.executable]
    ended = subprocess.run(
        [*command, "--from", str(ROOT), "trainyard-review", str(PLAN), "--out", "pages"],
        cwd=tmp_path,
        env=uv_environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    assert json.loads((tmp_path / "pages/review.sarif").read_text(encoding="utf-8"))["version"] == "2.1.0"
