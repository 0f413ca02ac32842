"""Checkpoints: the whole state of a run after a step, in a folder named by the step.

    step-00000040/
      state.npz       the arrays, as np.savez writes them
      about.json      the step, and what else the caller says of it
      manifest.json   size and sha256 of these two; written last, when they are on the disk

SageMaker copies the files to S3 one by one while they are being written, mirrors deletions, and gives a new job what
had arrived: any of the files may be missing, cut short or of another moment, and their times mean nothing. So a
checkpoint counts only where its manifest and all that it tells of agree, and where it is of the step that its folder is
named by. Everything else is torn; it is set aside as aside-00000040.
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
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trainer.contract.errors import JobError

STATE, ABOUT, MANIFEST = "state.npz", "about.json", "manifest.json"
# A checkpoint that was finished so long ago is taken to be in S3.
SENT_SECONDS = 60.0

_PIECE = 1 << 20  # bytes
_NAME = re.compile(r"(step|aside)-([0-9]{8}|[1-9][0-9]{8,})")


@dataclass(frozen=True)
class Checkpoint:
    """One that is whole.

    Args:
        path: its folder.
        step: the optimizer steps done so far.
        about: what was said of it, and ``step``.
        digest: the sha256 of its arrays' file: equal names and arrays have equal digests.
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
class Torn:
    """What has a checkpoint's name and is none, and why not."""

    path: Path
    why: str


def look(folder: Path) -> tuple[list[Checkpoint], list[Torn]]:
    """Read and verify all checkpoints of a folder.

    Args:
        folder: may be absent.

    Returns:
        The whole and the torn ones, each the newest first. Those set aside earlier are not among them.

    Raises:
        JobError: the folder, or something in it, cannot be read.
    """
    good, torn = [], []
    for kind, step, path in _numbered(folder):
        if kind == "step":
            found = _verified(path, step)
            if isinstance(found, Checkpoint):
                good.append(found)
            else:
                torn.append(found)
    return good, torn


def set_aside(path: Path) -> Path:
    """Rename a checkpoint to ``aside-…``, in place of an earlier one of that name: it is gone on from no more.

    Returns:
        Where it is now.

    Raises:
        JobError: it cannot be renamed.
    """
    aside = path.with_name(path.name.replace("step-", "aside-"))
    try:
        _remove(aside)
        path.rename(aside)
        _sync(aside.parent)
    except OSError as error:
        raise JobError(f"The checkpoint {path} cannot be renamed to {aside.name}: {error.strerror}.") from error
    return aside


def aside(folder: Path) -> list[Path]:
    """Those that were set aside, the newest first.

    Raises:
        JobError: the folder cannot be read.
    """
    return [path for kind, _, path in _numbered(folder) if kind == "aside"]


def save(folder: Path, step: int, arrays: Mapping[str, NDArray[Any]], about: Mapping[str, Any]) -> Checkpoint:
    """Write a checkpoint; when this returns, it is on the disk.

    Args:
        folder: holds all checkpoints of the run; made where it is absent.
        step: the optimizer steps done so far.
        arrays: the state, of plain numbers, text or truth values.
        about: JSON that is to come back with it.

    Raises:
        JobError: the disk is full, read-only or the like; nothing of this step is left, earlier ones are untouched.
        ValueError: an array is of a type that would not come back, or there is a whole checkpoint of this step.
    """
    for name, array in arrays.items():
        if array.dtype.hasobject or array.dtype.kind == "V":  # V: numpy reads bfloat16 and the like back as bare bytes
            raise ValueError(f"{name} is of the type {array.dtype}, which a checkpoint cannot hold")
    text = json.dumps({**about, "step": step}, indent=1)
    target = folder / f"step-{step:08}"
    if os.path.lexists(target):
        found = _verified(target, step)
        if isinstance(found, Checkpoint):
            raise ValueError(f"{target} is there already")
        set_aside(target)
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
    """Remove what is older than the second newest checkpoint that S3 has by now; nothing where it has but one.

    What cannot be removed, say because SageMaker has just put a mark beside a file, is left to the next time.

    Args:
        folder: of the checkpoints; the torn ones have been set aside.
        finished: when those that this process saved were done, by step; others are taken to have come from S3.
        now: by the same clock, in seconds.

    Raises:
        JobError: the folder cannot be read.
    """
    found = _numbered(folder)
    sent = [
        step
        for kind, step, path in found
        if kind == "step" and (path / MANIFEST).is_file() and now - finished.get(step, -math.inf) >= SENT_SECONDS
    ]
    for _, step, path in found:
        if len(sent) > 1 and step < sent[1]:
            _remove(path)


def _numbered(folder: Path) -> list[tuple[str, int, Path]]:
    """``step`` or ``aside``, the step and the path of all that is named so, the highest step first.

    Raises:
        JobError: the folder cannot be read.
    """
    try:
        names = [found for path in folder.iterdir() if (found := _NAME.fullmatch(path.name))]
    except FileNotFoundError:
        return []
    except OSError as error:
        raise _unreadable(folder, error) from error
    return sorted(((name[1], int(name[2]), folder / name[0]) for name in names), key=lambda one: one[1], reverse=True)


def _verified(path: Path, step: int) -> Checkpoint | Torn:
    """Read all of a checkpoint.

    Raises:
        JobError: it is there and cannot be read.
    """
    try:
        files = json.loads((path / MANIFEST).read_bytes())["files"]
        for name in (STATE, ABOUT):
            if files[name] != _facts(path / name):
                return Torn(path, f"{name} is not what was written")
        about = json.loads((path / ABOUT).read_bytes())
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError) as error:
        return Torn(path, f"there is no file {Path(error.filename).name}")
    except OSError as error:
        raise _unreadable(path, error) from error
    except (ValueError, KeyError, TypeError):
        return Torn(path, f"{MANIFEST} is not what was written")
    if about["step"] != step:
        return Torn(path, f"it is of step {about['step']}")
    return Checkpoint(path, step, about, files[STATE]["sha256"])


def _unreadable(path: Path, error: OSError) -> JobError:
    return JobError(f"The checkpoints in {path} cannot be read: {error.strerror}.")


def _write(target: Path, arrays: Mapping[str, NDArray[Any]], about: str) -> str:
    """Write the three files of a checkpoint and see them on the disk, the manifest last.

    Returns:
        The sha256 of the arrays' file.
    """
    target.mkdir(parents=True)
    with (target / STATE).open("wb") as file:
        # As np.savez does, whose keyword arguments cannot have every name. ZipInfo's time is always the same.
        with zipfile.ZipFile(file, "w") as archive:
            for name in sorted(arrays):
                with archive.open(zipfile.ZipInfo(f"{name}.npy"), "w", force_zip64=True) as entry:
                    # Equal arrays may lie in memory in different orders.
                    np.lib.format.write_array(entry, np.asarray(arrays[name], order="C"), allow_pickle=False)
        file.flush()
        os.fsync(file.fileno())
    _write_text(target / ABOUT, about)
    _sync(target)
    files = {name: _facts(target / name) for name in (STATE, ABOUT)}
    _write_text(target / MANIFEST, json.dumps({"files": files}, indent=1))
    _sync(target)
    _sync(target.parent)
    return str(files[STATE]["sha256"])


def _write_text(path: Path, text: str) -> None:
    with path.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def _facts(path: Path) -> dict[str, int | str]:
    """What the manifest says of a file."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            digest.update(piece)
        return {"bytes": file.tell(), "sha256": digest.hexdigest()}


def _sync(folder: Path) -> None:
    """See the names in a folder on the disk."""
    number = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(number)
    finally:
        os.close(number)


def _remove(path: Path) -> None:
    """Remove a checkpoint as far as that goes, its manifest first: half of it must not look like a whole one."""
    with contextlib.suppress(OSError):
        if path.is_dir():
            (path / MANIFEST).unlink(missing_ok=True)
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
