"""A job's program leaves links, FIFOs, sockets and devices in its folders: nothing is read through them."""

import os
import socket
import stat
from pathlib import Path

import pytest

from scripts.localcloud.sagemaker.layout import Layout
from scripts.localcloud.sagemaker.program_files import (
    MAX_DEPTH,
    MAX_NAMED,
    ChangedFileError,
    ProgramFolder,
    Skipped,
    sentences,
)
from scripts.localcloud.sagemaker.removal import remove
from tests.unit.localcloud.processes import swapping


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    folder = tmp_path / "home"
    folder.mkdir()
    (folder / "file").write_text("secret")
    return folder


@pytest.fixture
def base(tmp_path: Path) -> Path:
    (tmp_path / "job" / "model").mkdir(parents=True)
    return tmp_path / "job"


def test_only_regular_files_are_listed(base: Path, secret: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = base / "model"
    (model / "1").mkdir()
    (model / "1" / "weights").write_text("w")
    (model / "1" / "out").symlink_to(secret / "file")
    (model / "1" / "up").symlink_to("../../../home/file")
    (model / "folder").symlink_to(secret)
    (model / "itself").symlink_to(".")
    (model / "inside").symlink_to("1/weights")
    (model / "1" / "also-inside").symlink_to("../1/weights")
    os.mkfifo(model / "fifo")
    monkeypatch.chdir(model)  # The path of a socket has at most 108 characters.
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("socket")
    (model / "8-TiB").touch()
    os.truncate(model / "8-TiB", 8 << 40)
    (model / os.fsdecode(b"\xff")).touch()
    found = ProgramFolder(base, "model").list()
    assert [entry.path for entry in found.entries] == ["1", "1/weights"]
    assert [(link.path, link.target) for link in found.links] == [
        ("1/also-inside", "../1/weights"),
        ("inside", "1/weights"),
    ]
    assert sentences("model", found.not_read(with_links=True)) == [
        "model/1/out is skipped: it is a symbolic link",
        "model/1/up is skipped: it is a symbolic link",
        "model/8-TiB is skipped: it is a sparse file, nearly all of it a hole",
        "model/fifo is skipped: it is a FIFO",
        "model/folder is skipped: it is a symbolic link",
        "model/itself is skipped: it is a symbolic link",
        "model/socket is skipped: it is a socket",
        r"'model/\udcff' is skipped: its name is not UTF-8",
    ]


@pytest.mark.skipif(os.getuid() != 0, reason="only root can make a device")
def test_a_device_is_not_opened(base: Path) -> None:
    os.mknod(base / "model" / "null", 0o666 | stat.S_IFCHR, os.makedev(1, 3))
    folder = ProgramFolder(base, "model")
    assert folder.list().skipped == (Skipped("null", "it is a device"),)
    with pytest.raises(ChangedFileError), folder.open("null"):
        pass


def test_a_folder_that_is_a_link_or_missing_has_no_files(base: Path, secret: Path) -> None:
    (base / "output").mkdir()
    (base / "output" / "data").symlink_to(secret)
    found = ProgramFolder(base, "output/data").list()
    assert (found.entries, sentences("output/data", found.skipped)) == (
        (),
        ["output/data is skipped: it is not a folder"],
    )
    assert ProgramFolder(base, "gone").list().skipped == ()
    with pytest.raises(ChangedFileError), ProgramFolder(base, "output/data").open("file"):
        pass
    with pytest.raises(ValueError, match="leads out"):
        ProgramFolder(base, "model/../../home")


@pytest.mark.parametrize("target", ["file", "fifo", "link", "folder"])
def test_only_a_regular_file_can_be_opened(base: Path, secret: Path, target: str) -> None:
    (base / "model" / "file").write_text("w")
    os.mkfifo(base / "model" / "fifo")
    (base / "model" / "link").symlink_to(secret / "file")
    (base / "model" / "folder").mkdir()
    folder = ProgramFolder(base, "model")
    if target == "file":
        with folder.open(target) as file:
            assert file.read() == b"w"
        return
    with pytest.raises(ChangedFileError, match="is not a regular file"), folder.open(target):
        pass


@pytest.mark.parametrize("kind", ["link", "fifo", "large"])
def test_a_failure_file_is_read_only_if_it_is_a_file(base: Path, secret: Path, kind: str) -> None:
    (base / "output").mkdir()
    if kind == "link":
        (base / "output" / "failure").symlink_to(secret / "file")
    elif kind == "fifo":
        os.mkfifo(base / "output" / "failure")
    else:
        (base / "output" / "failure").write_text("é" * 2000)
    assert Layout(base).failure() == ("é" * 1024 if kind == "large" else "")


def test_a_file_that_becomes_shorter_ends_the_reading(base: Path) -> None:
    (base / "model" / "file").write_bytes(bytes(100))
    with ProgramFolder(base, "model").open("file") as file:
        assert len(file.read(10)) == 10
        os.truncate(base / "model" / "file", 20)
        assert len(file.read()) == 10
        with pytest.raises(ChangedFileError, match="became shorter"):
            file.read()


def test_a_folder_that_is_swapped_with_a_link_leads_nowhere(base: Path, secret: Path) -> None:
    (base / "model" / "folder").mkdir()
    (base / "model" / "folder" / "file").write_text("ours")
    folder = ProgramFolder(base, "model")
    seen = {"ours": 0, "gone": 0}
    with swapping(base / "model", secret):
        while min(seen.values()) < 300:
            folder.list()
            try:
                with folder.open("place/file") as file:
                    text = file.read().decode()
            except (FileNotFoundError, ChangedFileError):
                text = "gone"
            seen[text] += 1  # A KeyError: the secret was read.


def test_the_names_of_what_is_skipped_do_not_flood_the_log() -> None:
    lines = sentences("model", [Skipped(f"link-{number}", "it is a symbolic link") for number in range(1000)])
    assert len(lines) == MAX_NAMED + 1
    assert lines[-1] == f"{1000 - MAX_NAMED} more in model are skipped"
    (line,) = sentences("model", [Skipped("a\nCompleted\x1b[2J", "it is a FIFO")])
    assert line == r"'model/a\nCompleted\x1b[2J' is skipped: it is a FIFO"


def test_folders_made_in_a_loop_are_listed_to_a_depth_and_deleted(base: Path, secret: Path) -> None:
    make_chain(base / "model", 1500)
    (base / "model" / "link").symlink_to(secret)
    (base / "model" / "file").touch()
    found = ProgramFolder(base, "model").list()
    assert max(entry.path.count("/") for entry in found.entries) == MAX_DEPTH - 1
    assert found.skipped[0].reason == "it is below 100 folders"
    remove(base)
    assert not base.exists()
    assert (secret / "file").read_text() == "secret"


def test_a_path_that_is_no_key_of_s3_is_skipped(base: Path) -> None:
    folder = base / "model" / "/".join(["x" * 250] * 4)
    folder.mkdir(parents=True)
    (folder / ("y" * 21)).touch()
    (folder / ("y" * 20)).touch()
    found = ProgramFolder(base, "model").list()
    assert len(found.entries[-1].path) == 1024
    assert "the longest key of S3" in found.skipped[0].reason


def test_files_of_another_user_are_found(base: Path) -> None:
    folder, own = ProgramFolder(base.parent, base.name), os.getuid()
    assert not folder.is_foreign(own)
    assert folder.is_foreign(own + 1)
    make_chain(base / "model", MAX_DEPTH + 1)
    assert folder.is_foreign(own), "nobody can say quickly who owns what is so deep"


def make_chain(folder: Path, depth: int) -> None:
    """Make folders in folders, deeper than any path can say."""
    before = os.open(".", os.O_RDONLY)
    os.chdir(folder)
    for _ in range(depth):
        Path("d").mkdir()
        os.chdir("d")
    os.fchdir(before)
    os.close(before)
