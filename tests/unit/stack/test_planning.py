"""The plan of one call is a private copy: another command in the same folder cannot change it."""

import stat
from pathlib import Path

import pytest

from scripts.stack import environments, planning


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where `make plan` saves, in an empty project."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("TF_DATA_DIR", raising=False)
    return environments.plan_folder("dev")


def test_a_saved_plan_is_copied_for_this_call_alone(folder: Path) -> None:
    with environments.private_folder("dev") as private:
        assert planning.copy_saved(folder, private) is None
        (folder / planning.PLAN).write_bytes(b"the first")
        copy = planning.copy_saved(folder, private)
        assert copy is not None
        assert (stat.S_IMODE(copy.stat().st_mode), stat.S_IMODE(private.stat().st_mode)) == (0o600, 0o700)
        (folder / planning.PLAN).write_bytes(b"the second")
        assert copy.read_bytes() == b"the first"
        planning.forget_saved(folder, copy)  # as after the apply of the first
        assert (folder / planning.PLAN).read_bytes() == b"the second"
        (folder / planning.PLAN).write_bytes(b"the first")
        planning.forget_saved(folder, copy)
        assert not (folder / planning.PLAN).exists()
    assert not private.exists()


def test_the_private_folder_of_a_killed_call_is_removed_by_the_next(folder: Path) -> None:
    left = folder.absolute().with_name(f"{environments.PRIVATE}killed")
    left.mkdir()
    (left / planning.PLAN).write_bytes(b"with secrets")
    with environments.private_folder("dev") as first, environments.private_folder("dev") as second:
        assert not left.exists()
        assert first != second
        assert first.exists()
