"""The build context: the files in its archive, and what its digest depends on."""

import io
import tarfile

from hypothesis import given
from hypothesis import strategies as st

from scripts.container.context import File, digest, read, write_archive
from tests.conftest import ROOT

NAMES = st.lists(st.text("abc_", min_size=1, max_size=4), min_size=1, max_size=3).map("/".join)


def as_tree(files: list[File]) -> tuple[File, ...]:
    """The files sorted, without files whose name is a folder of another file."""
    folders = {file.name[:place] for file in files for place, letter in enumerate(file.name) if letter == "/"}
    return tuple(sorted((file for file in files if file.name not in folders), key=lambda file: file.name))


FILES = st.lists(
    st.builds(File, NAMES, st.sampled_from(["644", "755"]), st.binary(max_size=20)),
    max_size=6,
    unique_by=lambda file: file.name,
).map(as_tree)
Tree = tuple[File, ...]


def packed(files: Tree) -> bytes:
    made = io.BytesIO()
    write_archive(files, made)
    return made.getvalue()


@given(FILES, FILES)
def test_two_trees_share_a_digest_exactly_when_they_share_an_archive(one: Tree, two: Tree) -> None:
    assert (digest(one) == digest(two)) == (packed(one) == packed(two)) == (one == two)


@given(FILES, st.lists(st.text(max_size=5), max_size=2), st.lists(st.text(max_size=5), max_size=2))
def test_the_digest_depends_on_each_text(files: Tree, one: list[str], two: list[str]) -> None:
    assert (digest(files, one) == digest(files, two)) == (one == two)


@given(FILES)
def test_the_archive_holds_the_files_without_owner_or_time(files: Tree) -> None:
    with tarfile.open(fileobj=io.BytesIO(packed(files))) as archive:
        members = archive.getmembers()
        opened = {one.name: archive.extractfile(one) for one in members if one.isfile()}
        contents = {name: file.read() for name, file in opened.items() if file}
    assert contents == {file.name: file.content for file in files}
    assert {(one.uid, one.gid, one.uname, one.gname, one.mtime) for one in members} <= {(0, 0, "", "", 315532800)}
    assert {one.mode for one in members if one.isdir()} <= {0o755}
    names = [one.name for one in members]
    assert len(set(names)) == len(names)
    assert all(name.rpartition("/")[0] in {"", *names[:place]} for place, name in enumerate(names))


def test_the_context_of_the_trainer_has_its_program_files_only() -> None:
    names = {file.name for file in read(ROOT / "trainer")}
    assert {"__main__.py", "Dockerfile", "requirements.txt", "tasks/__init__.py"} <= names
    assert not any("__pycache__" in name or name == "base.lock.json" for name in names)
