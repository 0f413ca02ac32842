"""docs/architecture.md is true: its map names every package, its drawings are those that import-linter checks."""

import importlib
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests.conftest import ROOT

PAGE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
CODE = ("scripts", "trainer", "trainyard")


def section(heading: str) -> str:
    """The text below a heading, up to the next one."""
    match = re.search(rf"^#+ {re.escape(heading)}\n(.*?)(?=^#|\Z)", PAGE, flags=re.MULTILINE | re.DOTALL)
    assert match, f"docs/architecture.md has no heading {heading}"
    return match[1]


def mapped_folders() -> list[str]:
    """The folders in the first column of the map, without their last slash."""
    return re.findall(r"^\| `([^`]+)/` \|", section("The map"), flags=re.MULTILINE)


def packages() -> set[str]:
    files = (file for name in CODE for file in (ROOT / name).rglob("__init__.py"))
    return {file.parent.relative_to(ROOT).as_posix() for file in files}


def other_folders() -> set[str]:
    """The folders of the repository without code of a package, and one level deeper for tests and Terraform."""
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    parents = [Path(line).parent.parts for line in listed.splitlines()]
    top = {parts[0] for parts in parents if parts and parts[0] not in CODE}
    return top | {"/".join(parts[:2]) for parts in parents if len(parts) > 1 and parts[0] in {"tests", "terraform"}}


def contract_layers(package: str) -> list[set[str]]:
    """The layers of a package in pyproject.toml, the highest first."""
    settings: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contracts = settings["tool"]["importlinter"]["contracts"]
    (contract,) = [each for each in contracts if each["type"] == "layers" and each["containers"] == [package]]
    return [set(layer.split(" | ")) for layer in contract["layers"]]


def drawn_layers(heading: str) -> list[set[str]]:
    """The layers of the drawing below a heading, in its order; an arrow stands between two layers."""
    drawing = " ".join(re.findall(r"^    (.+)$", section(heading), flags=re.MULTILINE))
    return [set(re.split(r"\s*·\s*", layer.strip())) for layer in re.split("─*[▶▼]", drawing)]


def test_the_map_has_each_folder_once() -> None:
    folders = mapped_folders()
    assert len(folders) == len(set(folders))


def test_the_map_names_exactly_the_packages() -> None:
    assert {folder for folder in mapped_folders() if folder.split("/")[0] in CODE} == packages()


def test_the_map_names_exactly_the_other_folders() -> None:
    assert {folder for folder in mapped_folders() if folder.split("/")[0] not in CODE} == other_folders()


@pytest.mark.parametrize(
    ("package", "heading"),
    [
        ("scripts", "The layers of `scripts/`"),
        ("trainer", "The rooms of `trainer/`"),
        ("trainyard", "The rooms of `trainyard/`"),
        ("scripts.review", "The rooms of `scripts/review/`"),
    ],
)
def test_the_drawing_shows_the_layers_that_import_linter_checks(package: str, heading: str) -> None:
    assert drawn_layers(heading) == contract_layers(package)


def test_no_room_exports_a_function_that_one_of_its_files_hides() -> None:
    """Python sets a file of a package as an attribute of the package when it is first imported."""
    rooms = sorted({".".join(file.parent.relative_to(ROOT).parts) for file in (ROOT / "scripts").rglob("__init__.py")})
    exported = [(room, name) for room in rooms for name in getattr(importlib.import_module(room), "__all__", ())]
    assert len(exported) > 50
    assert [one for one in exported if isinstance(getattr(sys.modules[one[0]], one[1]), ModuleType)] == []


def test_every_file_on_the_page_exists() -> None:
    named = set(re.findall(r"`((?:scripts|trainer|trainyard|tests|docs|terraform)/[\w/.-]+)`", PAGE))
    assert len(named) > 50
    assert [name for name in sorted(named) if not (ROOT / name).exists()] == []


def test_the_readme_s_map_names_folders_that_exist() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    tree = re.search(r"^## Where things are\n\n(.*?)^\S", readme, flags=re.MULTILINE | re.DOTALL)
    assert tree, "README.md has no map of the tree"
    folders = re.findall(r"^    ([\w./-]+)/ ", tree[1], flags=re.MULTILINE)
    assert len(folders) > 5
    made_by_commands = {"data", "runs"}
    assert [folder for folder in folders if not (ROOT / folder).is_dir() and folder not in made_by_commands] == []
