import os
from pathlib import Path

import pytest

from scripts.channels import local
from scripts.core.errors import UserError

WHERE = "channels.training.source of jobs/x.toml"


def test_files_are_listed_by_key_and_hidden_files_are_skipped(tmp_path: Path) -> None:
    for name in ("b/two words.png", "a/ü+ß.png", ".DS_Store", "a/.hidden", ".git/config", "__MACOSX/a/._one.png"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"x" * 3)
    folder = local.read_folder(tmp_path, WHERE)
    assert [(file.key, file.size) for file in folder.files] == [("a/ü+ß.png", 3), ("b/two words.png", 3)]
    assert folder.hidden == 4  # .git and __MACOSX count as one each


@pytest.mark.parametrize("kind", ["missing", "file", "empty", "only hidden"])
def test_a_folder_that_cannot_be_a_channel_is_refused(kind: str, tmp_path: Path) -> None:
    folder = tmp_path / "data"
    if kind == "file":
        folder.write_text("x")
    elif kind != "missing":
        (folder / "label").mkdir(parents=True)
    if kind == "only hidden":
        (folder / ".DS_Store").write_text("x")
    with pytest.raises(UserError) as caught:
        local.read_folder(folder, WHERE)
    assert str(folder) in caught.value.problem
    assert WHERE in caught.value.problem


def test_links_that_leave_the_folder_and_links_to_folders_are_refused(tmp_path: Path) -> None:
    folder, outside = tmp_path / "data", tmp_path / "outside"
    for path in (folder, outside):
        path.mkdir()
        (path / "file").write_text("x")
    (folder / "inside").symlink_to(folder / "file")
    assert [file.key for file in local.read_folder(folder, WHERE).files] == ["file", "inside"]
    (folder / "leads out").symlink_to(outside / "file")
    with pytest.raises(UserError, match="leads out of the folder"):
        local.read_folder(folder, WHERE)
    (folder / "leads out").unlink()
    (folder / "tree").symlink_to(outside)
    with pytest.raises(UserError, match="symbolic link to a folder"):
        local.read_folder(folder, WHERE)


@pytest.mark.parametrize("name", ["line\nbreak", os.fsdecode(b"latin-\xe9")])
def test_file_names_that_cannot_be_keys_are_refused(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text("x")
    with pytest.raises(UserError, match=r"UTF-8|control character"):
        local.read_folder(tmp_path, WHERE)


def test_a_source_that_is_a_link_is_followed(tmp_path: Path) -> None:
    (tmp_path / "big").mkdir()
    (tmp_path / "big" / "file").write_text("x")
    (tmp_path / "data").symlink_to(tmp_path / "big")
    assert [file.key for file in local.read_folder(tmp_path / "data", WHERE).files] == ["file"]


def test_a_changed_or_deleted_file_is_noticed(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("one")
    (file,) = local.read_folder(tmp_path, WHERE).files
    assert not file.changed()
    (tmp_path / "file").write_text("three")
    assert file.changed()
    (tmp_path / "file").unlink()
    assert file.changed()
