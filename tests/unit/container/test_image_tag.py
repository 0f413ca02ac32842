import re
import shutil
import subprocess
from pathlib import Path

import pytest

from scripts.container import Base, image_tag
from scripts.container.context import check_program
from scripts.container.tag import tag_of
from scripts.core.errors import UserError
from tests.conftest import ROOT, clean_environment

BASE = Base("registry/tensorflow-training:2.21.0-cpu", "sha256:" + "0" * 64, "2.21.0-cpu")


@pytest.fixture(params=[True, False], ids=["git", "no git"])
def tree(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    folder = tmp_path / "trainer"
    (folder / "tasks").mkdir(parents=True)
    (folder / "train.py").write_text("print()\n")
    (folder / "tasks" / "a.py").write_text("")
    if request.param:
        git(tmp_path, "init", "-q")
        (tmp_path / ".gitignore").write_text("__pycache__/\n")
        git(tmp_path, "add", ".")
    return folder


def git(folder: Path, *arguments: str) -> None:
    who = ["-c", "user.name=Ada", "-c", "user.email=ada@example.com"]
    subprocess.run(["git", *who, *arguments], cwd=folder, env=clean_environment(), check=True, capture_output=True)


def test_the_tag_depends_on_names_modes_and_bytes(tree: Path) -> None:
    tags = [image_tag(BASE, tree)]
    assert re.fullmatch(r"trainer-[0-9a-f]{12}", tags[0])
    (tree / "train.py").chmod(0o755)
    tags.append(image_tag(BASE, tree))
    (tree / "train.py").write_text("print(1)\n")
    tags.append(image_tag(BASE, tree))
    (tree / "tasks" / "a.py").rename(tree / "tasks" / "b.py")
    tags.append(image_tag(BASE, tree))
    (tree / "mine.py").write_text("")  # not added yet, but in the build context
    tags.append(image_tag(BASE, tree))
    (tree / "link.py").symlink_to("mine.py")
    tags.append(image_tag(BASE, tree))
    assert len(set(tags)) == len(tags)


def test_the_tag_depends_on_the_python_files_of_the_package_beside_the_trainer(tree: Path) -> None:
    package = tree.parent / "trainyard"
    package.mkdir()
    tags = [image_tag(BASE, tree)]
    (package / "__init__.py").write_text("")
    tags.append(image_tag(BASE, tree))
    (package / "__init__.py").write_text("A = 1\n")
    tags.append(image_tag(BASE, tree))
    assert len(set(tags)) == 3
    (package / "notes.txt").write_text("")
    assert image_tag(BASE, tree) == tags[-1]


def test_the_tag_does_not_depend_on_python_s_cache_files(tree: Path) -> None:
    before = image_tag(BASE, tree)
    (tree / "__pycache__").mkdir()
    (tree / "__pycache__" / "train.pyc").write_bytes(b"x")
    (tree / "train.py").chmod(0o600)
    assert image_tag(BASE, tree) == before


def test_the_tag_does_not_depend_on_files_that_docker_ignores(tree: Path) -> None:
    (tree / ".dockerignore").write_text("# none of these\n\nbase.lock.json\n**/*.log\nnotes/\n!notes/kept.md\n")
    before = image_tag(BASE, tree)
    (tree / "base.lock.json").write_text("{}")
    (tree / "tasks" / "a.log").write_text("")
    (tree / "notes").mkdir()
    (tree / "notes" / "a.md").write_text("")
    assert image_tag(BASE, tree) == before
    (tree / "notes" / "kept.md").write_text("")
    assert image_tag(BASE, tree) != before


def test_the_tag_is_the_same_with_and_without_git(tree: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy" / "trainer"
    (copy / "tasks").mkdir(parents=True)
    for name in ("train.py", "tasks/a.py"):
        (copy / name).write_bytes((tree / name).read_bytes())
    assert image_tag(BASE, copy) == image_tag(BASE, tree)


def test_the_tag_depends_on_the_base_but_not_on_its_region(tree: Path) -> None:
    before = image_tag(BASE, tree)
    assert image_tag(Base("other.region/tensorflow-training:x", BASE.pin, BASE.tag), tree) == before
    assert image_tag(Base(BASE.reference, "sha256:" + "1" * 64, BASE.tag), tree) != before
    assert image_tag(Base("mine:1", BASE.pin), tree) != image_tag(Base("mine:2", BASE.pin), tree)


def test_two_clones_of_the_same_tree_have_the_same_tag(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "trainer", tmp_path / "origin" / "trainer", ignore=shutil.ignore_patterns("__pycache__"))
    git(tmp_path / "origin", "init", "-q")
    git(tmp_path / "origin", "add", "--force", ".")
    git(tmp_path / "origin", "commit", "-qm", "first")
    for name, mask in (("one", "022"), ("two", "077")):
        typed = f"umask {mask}; exec git clone -q origin {name}"
        subprocess.run(["sh", "-c", typed], cwd=tmp_path, env=clean_environment(), check=True)
    assert image_tag(BASE, tmp_path / "one" / "trainer") == image_tag(BASE, tmp_path / "two" / "trainer")


def test_a_clone_that_converts_line_ends_has_the_same_tag(tmp_path: Path) -> None:
    origin = tmp_path / "origin"
    shutil.copytree(ROOT / "trainer", origin / "trainer", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / ".gitattributes", origin)
    git(origin, "init", "-q")
    git(origin, "add", "--force", ".")
    git(origin, "commit", "-qm", "first")
    git(tmp_path, "clone", "-q", "-c", "core.autocrlf=true", str(origin), "windows")
    assert image_tag(BASE, tmp_path / "windows" / "trainer") == image_tag(BASE, origin / "trainer")


def test_a_copy_that_another_repository_ignores_has_the_same_tag(tree: Path, tmp_path: Path) -> None:
    outer = tmp_path / "outer"
    outer.mkdir()
    git(outer, "init", "-q")
    (outer / ".gitignore").write_text("copies/\n")
    shutil.copytree(tree, outer / "copies" / "trainer")
    (outer / "copies" / "trainer" / "__pycache__").mkdir()
    (outer / "copies" / "trainer" / "__pycache__" / "a.pyc").touch()
    assert image_tag(BASE, outer / "copies" / "trainer") == image_tag(BASE, tree)


def test_a_program_that_does_not_go_into_the_image_is_refused(tree: Path) -> None:
    (tree / ".dockerignore").write_text("secret*\n")
    (tree / "secret.py").touch()
    check_program("train.py", tree)
    with pytest.raises(UserError) as caught:
        check_program("secret.py", tree)
    assert caught.value.problem.endswith(f"would not be in the image: {tree}/.dockerignore excludes it.")
    if not (tree.parent / ".git").exists():
        return
    (tree.parent / ".gitignore").write_text("__pycache__/\nnotes*\n")
    (tree / "notes.py").touch()
    with pytest.raises(UserError, match=r"git's rule \.gitignore:2:notes\* excludes it"):
        check_program("notes.py", tree)


def test_an_empty_tree_has_a_tag_too() -> None:
    assert re.fullmatch(r"trainer-[0-9a-f]{12}", tag_of(BASE, ()))
