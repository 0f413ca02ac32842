import re
import subprocess
from pathlib import Path

import pytest

from scripts.container import image_tag


@pytest.fixture(params=[True, False], ids=["git", "no git"])
def tree(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    folder = tmp_path / "trainer"
    (folder / "tasks").mkdir(parents=True)
    (folder / "train.py").write_text("print()\n")
    (folder / "tasks" / "a.py").write_text("")
    if request.param:
        subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
        (tmp_path / ".gitignore").write_text("__pycache__/\n")
        subprocess.run(["git", "-C", str(tmp_path), "add", "."], check=True)
    return folder


def test_the_tag_follows_names_modes_and_bytes(tree: Path) -> None:
    tags = [image_tag(tree)]
    assert re.fullmatch(r"trainer-[0-9a-f]{12}", tags[0])
    (tree / "train.py").chmod(0o755)
    tags.append(image_tag(tree))
    (tree / "train.py").write_text("print(1)\n")
    tags.append(image_tag(tree))
    (tree / "tasks" / "a.py").rename(tree / "tasks" / "b.py")
    tags.append(image_tag(tree))
    (tree / "mine.py").write_text("")  # not added yet, but in the build context
    tags.append(image_tag(tree))
    assert len(set(tags)) == len(tags)


def test_what_python_leaves_behind_does_not_count(tree: Path) -> None:
    before = image_tag(tree)
    (tree / "__pycache__").mkdir()
    (tree / "__pycache__" / "train.pyc").write_bytes(b"x")
    (tree / "train.py").chmod(0o600)
    assert image_tag(tree) == before


def test_git_and_no_git_agree(tree: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy" / "trainer"
    (copy / "tasks").mkdir(parents=True)
    for name in ("train.py", "tasks/a.py"):
        (copy / name).write_bytes((tree / name).read_bytes())
    assert image_tag(copy) == image_tag(tree)
