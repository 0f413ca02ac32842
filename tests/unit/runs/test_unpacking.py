"""Unpacking a model: what is accepted, what is refused; an error leaves no files."""

import gzip
import io
import struct
import tarfile
import tempfile
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scripts.core.errors import AGAIN, UserError
from scripts.runs import archive as archive_module
from scripts.runs import unpacking
from scripts.runs.results import holds_files
from scripts.runs.unpacking import read_content, resolve_links, unpack
from tests.unit.runs.archives import Member, archive, header, link, member, packed, sparse

TERA = 1 << 40
URI = "s3://models/m.tar.gz"


def unpacked(path: Path) -> dict[str, str]:
    """Unpack and return every path below the folder, with its content; nothing there may be a link."""
    folder = path.parent / "model"
    unpack(path, folder, URI)
    found = {}
    for each in folder.rglob("*"):
        assert not each.is_symlink()
        found[each.relative_to(folder).as_posix()] = "folder" if each.is_dir() else each.read_text()
    return found


def refused(path: Path, problem: str) -> UserError:
    with pytest.raises(UserError, match=problem) as caught:
        unpack(path, path.parent / "model", URI)
    assert [found.name for found in path.parent.iterdir()] == [path.name]
    assert "\n" not in caught.value.problem + caught.value.fix
    return caught.value


def test_files_and_folders_are_unpacked(tmp_path: Path) -> None:
    good = archive(
        tmp_path / "m.tar.gz",
        member(".", tarfile.DIRTYPE),
        member("./1/a"),
        member("b c", content=b"old"),
        member("empty", tarfile.DIRTYPE),
        member("b c", content=b"new"),
    )
    assert unpacked(good) == {"1": "folder", "1/a": "model", "b c": "new", "empty": "folder"}


def test_a_large_file_is_unpacked_in_pieces(tmp_path: Path) -> None:
    content = bytes(range(256)) * 1000
    path = archive(tmp_path / "m.tar.gz", member("first", content=content), member("second", content=content[:1000]))
    unpack(path, tmp_path / "model", URI)
    assert (tmp_path / "model" / "first").read_bytes() == content
    assert (tmp_path / "model" / "second").read_bytes() == content[:1000]


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (member("/etc/x"), "leads out of the folder"),
        (member("../x"), "leads out of the folder"),
        (member("a/../../x"), "leads out of the folder"),
        (link("link", "/etc/passwd"), "is a link that leads out of the folder"),
        (link("link", "../x"), "is a link that leads out of the folder"),
        (link("a/link", "../../x"), "is a link that leads out of the folder"),
        (link("link", "/opt/ml/model/../checkpoints"), "is a link that leads out of the folder"),
        (link("link", "/opt/ml/modelling"), "is a link that leads out of the folder"),
        (member("link", tarfile.LNKTYPE, "../x"), "is a link that leads out of the folder"),
        (member("device", tarfile.CHRTYPE), "is neither a file nor a folder"),
        (member("pipe", tarfile.FIFOTYPE), "is neither a file nor a folder"),
        (member("."), "is not the name of a file"),
        (member("./"), "is not the name of a file"),
        (member("good/below"), "is a file and also a folder"),
        (member("good", tarfile.DIRTYPE), "is a file and also a folder"),
        (member("x" * 256), "has a longer name than a file can have"),
        (member("é" * 150), "has a longer name than a file can have"),
        (member("/".join("x" * 11)), ""),
        (member("/".join("x" * 1100)), "has a longer name than a file can have"),
        (member("\x1b[2J/../x"), "leads out of the folder"),
    ],
    ids=lambda each: f"{each[0].name[:20]!r} {each[0].type.decode()}" if isinstance(each, tuple) else "",
)
def test_a_member_that_cannot_be_unpacked_is_refused(bad: Member, reason: str, tmp_path: Path) -> None:
    path = archive(tmp_path / "m.tar.gz", member("good"), bad)
    if not reason:
        assert "good" in unpacked(path)
        return
    error = refused(path, reason)
    assert error.problem.isprintable()


def test_a_name_with_a_nul_is_refused(tmp_path: Path) -> None:
    info, content = member("plain")
    info.pax_headers = {"path": "good\0/../x"}
    refused(archive(tmp_path / "m.tar.gz", (info, content)), "has a NUL in its name|cannot be read")


def test_a_link_that_stays_inside_becomes_what_it_leads_to(tmp_path: Path) -> None:
    path = archive(
        tmp_path / "m.tar.gz",
        link("latest", "2"),
        member("2/weights", content=b"w"),
        member("2/assets/labels", content=b"l"),
        link("2/assets/again", "../weights"),
        link("by-name", "/opt/ml/model/2/weights"),
        link("chain", "latest/assets/../weights"),
        member("hard", tarfile.LNKTYPE, "2/weights"),
    )
    two = {"": "folder", "/weights": "w", "/assets": "folder", "/assets/labels": "l", "/assets/again": "w"}
    expected = {f"{place}{name}": text for place in ("2", "latest") for name, text in two.items()}
    assert unpacked(path) == expected | {"by-name": "w", "chain": "w", "hard": "w"}


def test_a_link_that_leads_to_nothing_or_to_its_own_folder_is_skipped(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = archive(
        tmp_path / "m.tar.gz",
        member("a/weights", content=b"w"),
        link("gone", "a/other"),
        link("itself", "itself"),
        link("one", "two"),
        link("two", "one"),
        link("here", "."),
        link("a/up", ".."),
        link("a/again", "../a"),
        *(link(f"more-{number}", "nothing") for number in range(20)),
    )
    assert unpacked(path) == {"a": "folder", "a/weights": "w"}
    lines = capsys.readouterr().out.splitlines()
    assert lines.pop() == "7 more links in the model are skipped."
    assert lines[0] == "The link gone in the model is skipped: it leads to nothing."
    assert "The link here in the model is skipped: it leads to a folder that holds it." in lines
    assert len(lines) == 20


def test_links_that_stand_for_too_many_files_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unpacking, "MOST_MEMBERS", 1000)
    # Each folder has ten links to the one before: ten times as many files at every level.
    folders = [link(f"f{level}/{number}", f"../f{level - 1}") for level in range(1, 8) for number in range(10)]
    path = archive(tmp_path / "m.tar.gz", member("f0/file"), *folders)
    refused(path, "stand for more than 1,000 files")


def test_a_member_below_a_link_is_refused(tmp_path: Path) -> None:
    """The classic attack: a link, then a file through it."""
    refused(archive(tmp_path / "m.tar.gz", link("x", "/tmp"), member("x/evil")), "is a file and also a folder")


def test_a_sparse_file_larger_than_the_disk_is_refused(tmp_path: Path) -> None:
    path = packed(tmp_path / "m.tar.gz", sparse("hole", 8 * TERA))
    assert path.stat().st_size < 400
    error = refused(path, "it needs 8796.1 GB, and the disk of")
    assert AGAIN in error.fix
    assert f"`aws s3 cp {URI} FOLDER`" in error.fix


def test_an_announced_size_larger_than_the_disk_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    refused(packed(tmp_path / "m.tar.gz", header("big", 7 * (1 << 30))), "cannot be read")
    info = tarfile.TarInfo("big")
    info.size = 2 * TERA
    content = read_content([info])
    with pytest.raises(UserError, match=r"it needs 2199\.0 GB"):
        unpacking._check_size(content, {}, tmp_path / "m.tar.gz", tmp_path / "model", URI)


def test_what_links_stand_for_counts_too(tmp_path: Path) -> None:
    info = tarfile.TarInfo("1/file")
    info.size = TERA // 10
    content = read_content([info, *(link(f"l{number}", "1")[0] for number in range(1000))])
    (tmp_path / "m.tar.gz").touch()
    with pytest.raises(UserError, match="it needs 110"):
        unpacking._check_size(content, resolve_links(content).copies, tmp_path / "m.tar.gz", tmp_path / "model", URI)


def test_an_archive_of_zeros_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unpacking, "SUSPICIOUS_BYTES", 1_000_000)
    path = archive(tmp_path / "m.tar.gz", member("zeros", content=bytes(20_000_000)))
    error = refused(path, r"its [0-9.]+ kB would become 20.0 MB")
    assert "If you trust the program" in error.fix
    monkeypatch.setattr(unpacking, "SUSPICIOUS_BYTES", 30_000_000)
    assert len(unpacked(path)["zeros"]) == 20_000_000


LONG = bytes(2_000_000_000 // 1000)  # The whole header would be 2 GB; its beginning is enough.


@pytest.mark.parametrize("kind", [tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK])
def test_a_header_that_would_fill_the_memory_is_not_read(kind: bytes, tmp_path: Path) -> None:
    path = packed(tmp_path / "m.tar.gz", header("x", 2_000_000_000, kind), LONG)
    refused(path, r"cannot be read: it has a header of 2,000,000,")
    with path.open("rb") as file:
        assert holds_files(file), "whoever unpacks it says what is wrong"


def test_more_members_than_a_model_has_are_not_kept_in_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive_module, "MOST_MEMBERS", 1000)
    refused(packed(tmp_path / "m.tar.gz", *(header("x", 0),) * 1001), "more than 1,000 members")
    assert unpacked(packed(tmp_path / "m.tar.gz", *(header("x", 0),) * 1000)) == {"x": ""}


@pytest.mark.parametrize(("after", "accepted"), [(10_240, True), (3_000_000, False)])
def test_what_follows_the_end_is_not_read_for_ever(after: int, accepted: bool, tmp_path: Path) -> None:
    path = packed(tmp_path / "m.tar.gz", header("x", 0), bytes(after))
    if accepted:
        assert unpacked(path) == {"x": ""}
    else:
        refused(path, "it continues after its end")


def test_a_negative_size_does_not_read_for_ever(tmp_path: Path) -> None:
    info = bytearray(header("x", 0))
    info[124:136] = b"\xff" * 10 + struct.pack(">h", -1024)
    info[148:156] = b"%06o\0 " % (sum(info[:148]) + 8 * 32 + sum(info[156:512]))
    refused(packed(tmp_path / "m.tar.gz", header("first", 0), bytes(info)), "cannot be read|negative size")


@given(st.binary(max_size=200), st.integers(0, 200))
def test_broken_archive_is_reported(noise: bytes, cut: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        whole = archive(Path(name) / "m.tar.gz", member("good")).read_bytes()
        for content in (noise, whole[: min(cut, len(whole) - 9)]):
            (Path(name) / "m.tar.gz").write_bytes(content)
            with pytest.raises(UserError, match="cannot be read"):
                unpack(Path(name) / "m.tar.gz", Path(name) / "model", URI)
            assert not (Path(name) / "model").exists()


@given(st.data())
def test_any_bytes_in_a_header_are_two_lines_or_a_model(data: st.DataObject) -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for info, content in (member("é" * 60), link("l", "x"), member("x", content=bytes(600))):
            tar.addfile(info, io.BytesIO(content))
    whole = bytearray(buffer.getvalue())
    for _ in range(data.draw(st.integers(1, 4))):
        start = 512 * data.draw(st.integers(0, 7))
        whole[start + data.draw(st.integers(0, 511))] = data.draw(st.integers(0, 255))
        field = sum(whole[start : start + 148]) + 8 * 32 + sum(whole[start + 156 : start + 512])
        whole[start + 148 : start + 156] = b"%06o\0 " % field
    with tempfile.TemporaryDirectory() as name:
        (Path(name) / "m.tar.gz").write_bytes(gzip.compress(bytes(whole), 1))
        with suppress(UserError):
            unpack(Path(name) / "m.tar.gz", Path(name) / "model", URI)
        assert {path.name for path in Path(name).iterdir()} <= {"m.tar.gz", "model"}
