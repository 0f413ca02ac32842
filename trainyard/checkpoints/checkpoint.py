"""Checkpoints: each holds the whole state of a run after a step, in a folder named after the step.

    step-00000040/
      state.npz       the arrays, as np.savez writes them
      about.json      the step, and the facts that the caller adds
      manifest.json   size and sha256 of these two; written last, when both are on the disk

SageMaker copies the files to S3 one by one while the trainer writes them, and deletes there what is deleted here. A new
job gets the files that had arrived: any of them may be missing, cut short or older than the others, and their times
mean nothing. So a checkpoint is complete only if both files match its manifest and its step matches its folder's name.
Any other one is torn: it is renamed to aside-00000040 and skipped.
https://docs.aws.amazon.com/sagemaker/latest/dg/model-checkpoints.html
"""

import contextlib
import hashlib
import json
import math
import os
import re
import shutil
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trainyard.errors import JobError

STATE, ABOUT, MANIFEST = "state.npz", "about.json", "manifest.json"
# After this time, a checkpoint is assumed to be in S3.
UPLOAD_SECONDS = 60.0

_CHUNK_BYTES = 1 << 20
_NAME = re.compile(r"(step|aside)-([0-9]{8}|[1-9][0-9]{8,})")


@dataclass(frozen=True)
class Checkpoint:
    """A complete checkpoint.

    Args:
        path: its folder.
        step: optimizer steps so far.
        about: the caller's facts, and ``step``.
        digest: sha256 of the file with the arrays; equal names and arrays give equal digests.
    """

    path: Path
    step: int
    about: dict[str, Any]
    digest: str

    def read(self) -> dict[str, NDArray[Any]]:
        """The arrays by their names."""
        with np.load(self.path / STATE, allow_pickle=False) as arrays:
            return dict(arrays)


@dataclass(frozen=True)
class TornCheckpoint:
    """A folder or file with a checkpoint's name that is no complete checkpoint, and the reason."""

    path: Path
    reason: str


def find_checkpoints(folder: Path) -> tuple[list[Checkpoint], list[TornCheckpoint]]:
    """Read and verify all checkpoints of a folder, except the renamed ones (``aside-…``).

    Args:
        folder: may be absent.

    Returns:
        The complete and the torn checkpoints, each list newest first.

    Raises:
        JobError: the folder, or a file in it, cannot be read.
    """
    complete, torn = [], []
    for kind, step, path in _list_numbered(folder):
        if kind == "step":
            found = verify(path, step)
            if isinstance(found, Checkpoint):
                complete.append(found)
            else:
                torn.append(found)
    return complete, torn


def rename_to_aside(path: Path) -> Path:
    """Rename a checkpoint to ``aside-…``, so that no run resumes from it. An earlier one of that name is replaced.

    Returns:
        Its new path.

    Raises:
        JobError: it cannot be renamed.
    """
    aside = path.with_name(path.name.replace("step-", "aside-"))
    try:
        _remove(aside)
        path.rename(aside)
        _sync_folder(aside.parent)
    except OSError as error:
        raise JobError(f"The checkpoint {path} cannot be renamed to {aside.name}: {error.strerror}.") from error
    return aside


def list_aside(folder: Path) -> list[Path]:
    """The checkpoints that were renamed to ``aside-…``, newest first.

    Raises:
        JobError: the folder cannot be read.
    """
    return [path for kind, _, path in _list_numbered(folder) if kind == "aside"]


def save(folder: Path, step: int, arrays: Mapping[str, NDArray[Any]], about: Mapping[str, Any]) -> Checkpoint:
    """Write a checkpoint; on return, it is on the disk.

    Args:
        folder: holds all checkpoints of the run; created if it is absent.
        step: optimizer steps so far.
        arrays: the state, of plain numbers, text or truth values.
        about: JSON that is stored with it.

    Raises:
        JobError: the disk is full, read-only or the like; this step's files are removed, earlier checkpoints stay.
        ValueError: an array has a type that cannot be stored, or a complete checkpoint of this step exists.
    """
    for name, array in arrays.items():
        if array.dtype.hasobject or array.dtype.kind == "V":  # V: numpy reads bfloat16 and the like back as bare bytes
            raise ValueError(f"{name} is of the type {array.dtype}, which a checkpoint cannot hold")
    text = json.dumps({**about, "step": step}, indent=1)
    target = folder / f"step-{step:08}"
    if os.path.lexists(target):
        if isinstance(verify(target, step), Checkpoint):
            raise ValueError(f"{target} exists already")
        rename_to_aside(target)
    try:
        digest = _write(target, arrays, text)
    except OSError as error:
        _remove(target)
        needed = sum(array.nbytes for array in arrays.values()) + len(text)
        raise JobError(
            f"The checkpoint of step {step}, {needed:,} bytes, cannot be written to {folder}: {error.strerror}."
        ) from error
    return Checkpoint(target, step, json.loads(text), digest)


def prune(folder: Path, finished: Mapping[int, float], now: float) -> None:
    """Remove everything older than the second newest checkpoint in S3; with fewer than two in S3, remove nothing.

    If something cannot be removed, for example because SageMaker has just added a mark, the next call tries again.

    Args:
        folder: the folder of the checkpoints; torn ones are already renamed.
        finished: the times at which this process finished checkpoints, by step. All others came from S3.
        now: the time, in seconds of the same clock.

    Raises:
        JobError: the folder cannot be read.
    """
    found = _list_numbered(folder)
    uploaded = _uploaded(_complete(found), finished, now)
    for _, step, path in found:
        if len(uploaded) > 1 and step < uploaded[1]:
            _remove(path)


def make_room(folder: Path, needed: int, finished: Mapping[int, float], now: float) -> None:
    """Remove the oldest checkpoints as long as the disk has no room for another one.

    The newest complete one stays, and the newest one in S3: what is removed here is removed there.

    Args:
        folder: the folder of the checkpoints.
        needed: bytes of the next checkpoint.
        finished: the times at which this process finished checkpoints, by step. All others came from S3.
        now: the time, in seconds of the same clock.

    Raises:
        JobError: the folder cannot be read.
    """
    found = _list_numbered(folder)
    complete = _complete(found)
    uploaded = _uploaded(complete, finished, now)
    kept = {*complete[:1], *uploaded[:1]}
    for _, step, path in reversed(found):
        if step not in kept and shutil.disk_usage(folder).free < needed:
            _remove(path)


def _complete(found: Sequence[tuple[str, int, Path]]) -> list[int]:
    """The steps of the checkpoints that have a manifest, the newest first."""
    return [step for kind, step, path in found if kind == "step" and (path / MANIFEST).is_file()]


def _uploaded(steps: Sequence[int], finished: Mapping[int, float], now: float) -> list[int]:
    """Those of some steps whose checkpoints are in S3."""
    return [step for step in steps if now - finished.get(step, -math.inf) >= UPLOAD_SECONDS]


def verify(path: Path, step: int) -> Checkpoint | TornCheckpoint:
    """Read the whole checkpoint and compare it with its manifest and its step.

    Raises:
        JobError: it exists but cannot be read.
    """
    try:
        files = json.loads((path / MANIFEST).read_bytes())["files"]
        for name in (STATE, ABOUT):
            if files[name] != _size_and_digest(path / name):
                return TornCheckpoint(path, f"{name} does not match {MANIFEST}")
        about = json.loads((path / ABOUT).read_bytes())
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError) as error:
        return TornCheckpoint(path, f"the file {Path(error.filename).name} is missing")
    except OSError as error:
        raise _unreadable_error(path, error) from error
    except (ValueError, KeyError, TypeError):
        return TornCheckpoint(path, f"{MANIFEST} is damaged")
    if about["step"] != step:
        return TornCheckpoint(path, f"it belongs to step {about['step']}")
    return Checkpoint(path, step, about, files[STATE]["sha256"])


def _list_numbered(folder: Path) -> list[tuple[str, int, Path]]:
    """Everything named ``step-…`` or ``aside-…``: this word, the step and the path; the highest step first.

    Raises:
        JobError: the folder cannot be read.
    """
    try:
        names = [found for path in folder.iterdir() if (found := _NAME.fullmatch(path.name))]
    except FileNotFoundError:
        return []
    except OSError as error:
        raise _unreadable_error(folder, error) from error
    return sorted(((name[1], int(name[2]), folder / name[0]) for name in names), key=lambda one: one[1], reverse=True)


def _unreadable_error(path: Path, error: OSError) -> JobError:
    return JobError(f"The checkpoints in {path} cannot be read: {error.strerror}.")


def _write(target: Path, arrays: Mapping[str, NDArray[Any]], about: str) -> str:
    """Write the three files of a checkpoint and sync them to the disk, the manifest last.

    Returns:
        The sha256 of the file with the arrays.
    """
    target.mkdir(parents=True)
    with (target / STATE).open("wb") as file:
        # The format of np.savez, whose keyword arguments cannot have every name. ZipInfo's time is always the same.
        with zipfile.ZipFile(file, "w") as archive:
            for name in sorted(arrays):
                with archive.open(zipfile.ZipInfo(f"{name}.npy"), "w", force_zip64=True) as entry:
                    # Equal arrays may have different orders in memory.
                    np.lib.format.write_array(entry, np.asarray(arrays[name], order="C"), allow_pickle=False)
        file.flush()
        os.fsync(file.fileno())
    _write_text(target / ABOUT, about)
    _sync_folder(target)
    files = {name: _size_and_digest(target / name) for name in (STATE, ABOUT)}
    _write_text(target / MANIFEST, json.dumps({"files": files}, indent=1))
    _sync_folder(target)
    _sync_folder(target.parent)
    return str(files[STATE]["sha256"])


def _write_text(path: Path, text: str) -> None:
    with path.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def _size_and_digest(path: Path) -> dict[str, int | str]:
    """The manifest's entry for a file."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            digest.update(chunk)
        return {"bytes": file.tell(), "sha256": digest.hexdigest()}


def _sync_folder(folder: Path) -> None:
    """Sync the names in a folder to the disk."""
    number = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(number)
    finally:
        os.close(number)


def _remove(path: Path) -> None:
    """Remove as much of a checkpoint as possible. Its manifest goes first, so that no rest looks complete."""
    with contextlib.suppress(OSError):
        if path.is_dir():
            (path / MANIFEST).unlink(missing_ok=True)
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
