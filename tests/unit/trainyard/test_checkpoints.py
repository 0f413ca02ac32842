"""Checkpoints: a checkpoint is read back exactly as it was saved, or not at all, whatever happens to its files."""

import contextlib
import hashlib
import itertools
import json
import os
import resource
import shutil
import subprocess
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from tests.conftest import missing
from tests.late import Late
from tests.unit.trainyard.checkpoint_files import Files, assert_equal, files, folder_of, save, states, steps, write
from trainyard.checkpoints import checkpoint
from trainyard.checkpoints.checkpoint import ABOUT, MANIFEST, STATE, UPLOAD_SECONDS, TornCheckpoint
from trainyard.errors import JobError

resume: Any = Late("trainyard.resume")  # it imports Keras
FILES = (STATE, ABOUT, MANIFEST)
MARKS = (".sagemaker-uploading", ".sagemaker-uploaded")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 8 MB."""
    place = tmp_path / "small"
    place.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m", "none", place], check=False).returncode != 0:
        missing("a file system of 8 MB takes the right to mount")
    try:
        yield place
    finally:
        subprocess.run(["umount", place], check=True)


@pytest.mark.parametrize("write_one", ["checkpoint", pytest.param("resume", marks=pytest.mark.e2e)])  # Keras
def test_a_small_disk_bounds_the_number_of_checkpoints(small_disk: Path, write_one: str) -> None:
    arrays = {"state": np.zeros(1 << 17)}  # 1 MB
    times: dict[int, float] = {}
    for step in range(1, 31):  # one in each second: none of them has had its minute
        if write_one == "checkpoint":
            checkpoint.make_room(small_disk, (1 << 20) + (1 << 16), times, step)
            times[step] = step
            checkpoint.save(small_disk, step, arrays, {"step": step})
        else:
            resume.make_room(small_disk, (1 << 20) + resume.SPARE_BYTES, time.time())
            resume.write_checkpoint(small_disk, resume.State(arrays, {"batches": step}))
    names = sorted(path.name for path in small_disk.iterdir())
    assert names[-1] == "step-00000030"
    assert 2 <= len(names) <= 7


def test_room_is_never_made_of_the_newest_checkpoint_or_the_newest_in_s3(small_disk: Path) -> None:
    for step in (10, 20, 30, 40):
        save(small_disk, step)
    times = {20: 0.0, 30: 0.0, 40: UPLOAD_SECONDS}
    checkpoint.make_room(small_disk, 1 << 30, {**times, 30: UPLOAD_SECONDS}, UPLOAD_SECONDS)
    assert steps(small_disk) == ([40, 20], [])


@pytest.fixture(scope="module")
def two() -> Iterator[Files]:
    """The files of two checkpoints."""
    with folder_of(10, 20) as folder:
        yield files(folder)


TYPES = st.sampled_from(["f2", "f4", "f8", "i1", "i4", "i8", "u1", "u4", "u8", "?", "c8", "U3", ">f4"]).map(np.dtype)
ARRAYS = TYPES.flatmap(lambda kind: hnp.arrays(kind, hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4)))


@settings(max_examples=30, deadline=None)
@given(st.dictionaries(st.sampled_from(["file", "allow_pickle", "totals", "a/0000", "a/0001"]), ARRAYS))
def test_arrays_are_read_back_unchanged(arrays: dict[str, NDArray[Any]]) -> None:
    with folder_of() as folder:
        saved = checkpoint.save(folder / "new", 3, arrays, {"best_epoch": None})
        assert checkpoint.find_checkpoints(folder / "new") == ([saved], [])
        assert (saved.path, saved.about) == (folder / "new" / "step-00000003", {"best_epoch": None, "step": 3})
        assert_equal(saved.read(), arrays)


def test_equal_states_have_equal_digests(tmp_path: Path) -> None:
    square = np.arange(9.0).reshape(3, 3)
    one = checkpoint.save(tmp_path / "one", 1, {"a": square, "b": np.zeros(2)}, {"seconds": 1})
    same = checkpoint.save(tmp_path / "same", 2, {"b": np.zeros(2), "a": np.asfortranarray(square)}, {"seconds": 2})
    other = checkpoint.save(tmp_path / "other", 1, {"a": square, "b": np.full(2, -0.0)}, {"seconds": 1})
    assert one.digest == same.digest == hashlib.sha256((one.path / STATE).read_bytes()).hexdigest() != other.digest
    with zipfile.ZipFile(one.path / STATE) as archive:
        assert {entry.date_time[0] for entry in archive.infolist()} == {1980}  # the archive holds no current time


def test_arrays_that_cannot_be_stored_are_refused(tmp_path: Path) -> None:
    import ml_dtypes

    for array in (np.array([None]), np.array([{}, 1]), np.zeros(2, ml_dtypes.bfloat16), np.zeros(2, [("a", "O")])):
        with pytest.raises(ValueError, match="b/0001 is of the type"):
            checkpoint.save(tmp_path, 1, {"a": np.zeros(2), "b/0001": array}, {})
    assert list(tmp_path.iterdir()) == []


def test_the_manifest_is_written_after_the_other_files_are_on_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, synced, fsync = tmp_path / "checkpoints", [], os.fsync

    def fsync_and_note(number: int) -> None:
        names = {path.stat().st_ino: path.name for path in [folder, *folder.rglob("*")]}
        synced.append((names[os.fstat(number).st_ino], MANIFEST in names.values()))
        fsync(number)

    monkeypatch.setattr(os, "fsync", fsync_and_note)
    name = save(folder, 10).path.name
    assert synced[:3] == [(STATE, False), (ABOUT, False), (name, False)]
    assert synced[3:] == [(MANIFEST, True), (name, True), ("checkpoints", True)]


def test_an_absent_or_empty_folder_holds_no_checkpoints_and_a_file_is_an_error(tmp_path: Path) -> None:
    assert checkpoint.find_checkpoints(tmp_path / "absent") == checkpoint.find_checkpoints(tmp_path) == ([], [])
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(JobError, match=r"checkpoints in .*file cannot be read: Not a directory"):
        checkpoint.find_checkpoints(tmp_path / "file")
    with pytest.raises(JobError, match=r"step 1, [\d,]+ bytes, cannot be written to .*file: Not a directory"):
        save(tmp_path / "file", 1)


@contextlib.contextmanager
def without_rights(folder: Path, mode: int) -> Iterator[None]:
    """Change a folder's mode for a while. Root ignores modes, so it becomes another user meanwhile."""
    user, before = os.geteuid(), folder.stat().st_mode
    folder.chmod(mode)
    if not user:
        os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(user)
        folder.chmod(before)


def test_missing_rights_are_an_error_and_make_no_checkpoint_torn() -> None:
    with folder_of(10) as folder:
        torn = TornCheckpoint(folder / "step-00000010", "because")
        with without_rights(folder, 0o555):
            with pytest.raises(JobError, match=r"step 20, .* cannot be written to .*: Permission denied"):
                save(folder, 20)
            with pytest.raises(JobError, match="step-00000010 cannot be renamed to aside-00000010: Permission denied"):
                checkpoint.rename_to_aside(torn.path)
        with without_rights(folder, 0o000), pytest.raises(JobError, match="cannot be read: Permission denied"):
            checkpoint.find_checkpoints(folder)
        folder.chmod(0o755)
        with (
            without_rights(torn.path, 0o000),
            pytest.raises(JobError, match="step-00000010 cannot be read: Permission denied"),
        ):
            checkpoint.find_checkpoints(folder)
        assert steps(folder) == ([10], [])


@pytest.mark.parametrize("share", [0.0, 0.3, 0.9, 0.999])
def test_a_full_disk_loses_only_the_new_checkpoint(share: float, tmp_path: Path) -> None:
    limit = int(share * (save(tmp_path, 10).path / STATE).stat().st_size)
    before, (soft, hard) = files(tmp_path), resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))
    try:
        with pytest.raises(JobError, match=r"step 20, 12,\d{3} bytes, cannot be written to .*: File too large"):
            save(tmp_path, 20)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert files(tmp_path) == before
    assert [path.name for path in tmp_path.iterdir()] == ["step-00000010"]
    assert save(tmp_path, 20).step == 20


def test_a_complete_checkpoint_is_never_overwritten_and_a_torn_one_is_renamed(tmp_path: Path) -> None:
    (save(tmp_path, 10).path / MANIFEST).unlink()
    assert steps(tmp_path) == ([], ["step-00000010"])
    save(tmp_path, 10)
    with pytest.raises(ValueError, match="step-00000010 exists already"):
        save(tmp_path, 10)
    assert steps(tmp_path) == ([10], [])
    assert sorted(files(tmp_path / "aside-00000010")) == [ABOUT, STATE]


def test_renaming_to_aside_replaces_an_earlier_aside(tmp_path: Path) -> None:
    for attempt in ("first", "second"):
        write(tmp_path / "step-00000010", {attempt: b"", f"{attempt}{MARKS[0]}": b""})
        _, [torn] = checkpoint.find_checkpoints(tmp_path)
        assert torn == TornCheckpoint(tmp_path / "step-00000010", f"the file {MANIFEST} is missing")
        assert checkpoint.rename_to_aside(torn.path) == tmp_path / "aside-00000010"
    assert sorted(files(tmp_path)) == ["aside-00000010/second", f"aside-00000010/second{MARKS[0]}"]
    assert checkpoint.find_checkpoints(tmp_path) == ([], [])
    (tmp_path / "step-00000010").write_text("a file")
    checkpoint.rename_to_aside(checkpoint.find_checkpoints(tmp_path)[1][0].path)
    assert (tmp_path / "aside-00000010").read_text() == "a file"


PLACES = st.floats(0, 1, exclude_max=True)
DAMAGE: st.SearchStrategy[Callable[[bytes], bytes | None]] = st.one_of(
    st.builds(lambda share, bit: lambda data: flipped(data, int(share * len(data)), bit), PLACES, st.integers(0, 7)),
    st.builds(lambda share: lambda data: data[: int(share * len(data))], PLACES),
    st.builds(lambda more: lambda data: data + more, st.binary(min_size=1)),
    st.builds(lambda other: lambda _: other, st.binary()),
    st.just(lambda _: None),
)


def flipped(data: bytes, place: int, bit: int) -> bytes:
    return data[:place] + bytes([data[place] ^ 1 << bit]) + data[place + 1 :]


@pytest.mark.e2e
@settings(max_examples=120, deadline=None)
@given(st.dictionaries(st.sampled_from(FILES), DAMAGE, min_size=1))
def test_damage_to_any_file_is_detected(two: Files, damage: dict[str, Callable[[bytes], bytes | None]]) -> None:
    with folder_of() as folder:
        write(folder, two)
        for name, change in damage.items():
            path = folder / "step-00000020" / name
            damaged = change(path.read_bytes())
            if damaged is None:
                path.unlink()
            else:
                path.write_bytes(damaged)
        complete, torn = steps(folder)  # one more blank at the end of a manifest does no harm
        assert complete[-1] == 10
        assert (complete, torn) in [([20, 10], []), ([10], ["step-00000020"])]
        assert torn or set(damage) == {MANIFEST}


@pytest.mark.e2e
def test_a_flipped_bit_in_the_manifest_is_detected(two: Files, tmp_path: Path) -> None:
    write(tmp_path, two)
    path = tmp_path / "step-00000020" / MANIFEST
    data = path.read_bytes()
    for place, bit in itertools.product(range(len(data)), range(8)):
        path.write_bytes(flipped(data, place, bit))
        assert isinstance(checkpoint.verify(path.parent, 20), TornCheckpoint), (place, bit)


def test_files_of_two_checkpoints_make_no_complete_one(two: Files) -> None:
    for names in itertools.chain.from_iterable(itertools.combinations(FILES, count) for count in (1, 2, 3)):
        with folder_of() as folder:
            mixed = two | {f"step-00000020/{name}": two[f"step-00000010/{name}"] for name in names}
            assert steps(write(folder, mixed)) == ([10], ["step-00000020"])


def test_a_checkpoint_under_the_name_of_another_step_is_torn(two: Files, tmp_path: Path) -> None:
    write(tmp_path, two)
    (tmp_path / "step-00000020").rename(tmp_path / "step-00000030")
    shutil.copytree(tmp_path / "step-00000010", tmp_path / "step-10")
    shutil.copytree(tmp_path / "step-00000010", tmp_path / "step-000000010")
    assert steps(tmp_path) == ([10], ["step-00000030"])
    assert checkpoint.find_checkpoints(tmp_path)[1][0].reason == "it belongs to step 20"


def test_a_manifest_without_both_files_is_torn(two: Files, tmp_path: Path) -> None:
    for content in (b"", b"[]", b"{}", b'{"files": {}}', b'{"files": null}', b"\xff", b"7"):
        write(tmp_path, two | {f"step-00000020/{MANIFEST}": content})
        assert steps(tmp_path) == ([10], ["step-00000020"])
    files = json.loads(two[f"step-00000020/{MANIFEST}"])["files"]
    del files[ABOUT]
    write(tmp_path, two | {f"step-00000020/{MANIFEST}": json.dumps({"files": files}).encode()})
    assert steps(tmp_path) == ([10], ["step-00000020"])


def test_the_copiers_marks_do_no_harm(two: Files, tmp_path: Path) -> None:
    write(tmp_path, two | {f"{name}{mark}": b"" for name in two for mark in MARKS})
    write(tmp_path, {f"step-00000030{mark}": b"" for mark in MARKS})
    assert steps(tmp_path) == ([20, 10], [])
    save(tmp_path, 30)
    checkpoint.prune(tmp_path, {}, 0)
    assert steps(tmp_path) == ([30, 20], [])
    assert not (tmp_path / "step-00000010").exists()


def test_checkpoints_older_than_two_uploaded_ones_are_removed(tmp_path: Path) -> None:
    for step in (10, 20, 30):
        save(tmp_path, step)
    write(tmp_path, {"aside-00000015/x": b"", "aside-00000025/x": b"", f"step-00000040/{STATE}": b"half"})
    checkpoint.prune(tmp_path, {20: 100.0, 30: 101.0}, 100.9 + UPLOAD_SECONDS)  # uploaded: 10, 20
    assert steps(tmp_path) == ([30, 20, 10], ["step-00000040"])
    seen = states(tmp_path, lambda: checkpoint.prune(tmp_path, {20: 100.0, 30: 101.0}, 101 + UPLOAD_SECONDS))
    assert steps(tmp_path) == ([30, 20], ["step-00000040"])
    assert sorted(path.name for path in tmp_path.glob("aside-*")) == ["aside-00000025"]
    remaining = [[name[14:] for name in files if name.startswith("step-00000010/")] for files in seen]
    assert not any(MANIFEST in names for names in remaining if len(names) < len(FILES))  # the manifest is removed first
