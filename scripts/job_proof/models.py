"""The files that a run left in its model's folder, and whether two runs left the same."""

import hashlib
import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from scripts.job_proof.arrays import SUFFIXES

SAVED_MODEL = "saved_model.pb"
SECONDS = 900.0


@dataclass(frozen=True)
class ModelFile:
    """A file of a model.

    Args:
        digest: the sha256 of its bytes.
        arrays: its arrays by name, each as dtype, shape and checksum; None if it has none that can be read.
    """

    digest: str
    arrays: Mapping[str, str] | None = None

    def equals(self, other: "ModelFile | None") -> bool:
        """Whether two files have the same bytes, or the same arrays in another wrapping, such as with another date."""
        if other is None:
            return False
        return self.digest == other.digest or (self.arrays is not None and self.arrays == other.arrays)


Model = Mapping[str, ModelFile]
"""The files of a model, by their path in its folder."""


def read_model(folder: Path) -> dict[str, ModelFile]:
    """The files of a model's folder, without its SavedModels; empty if the run left none.

    Two equal runs leave different SavedModels: with random identifiers, and with the variables in another order
    (seen with Keras 3.15).
    """
    found = {}
    for path in sorted(path for path in folder.rglob("*") if path.is_file()) if folder.is_dir() else []:
        if not any((parent / SAVED_MODEL).exists() for parent in path.parents if parent.is_relative_to(folder)):
            found[path.relative_to(folder).as_posix()] = ModelFile(_digest(path))
    return found


def saved_models(folder: Path) -> list[str]:
    """The paths of the SavedModels in a model's folder."""
    return sorted(path.parent.relative_to(folder).as_posix() for path in folder.rglob(SAVED_MODEL))


def with_arrays(folders: Sequence[Path], models: Sequence[Model]) -> list[dict[str, ModelFile]]:
    """The models again, with the arrays of those files whose bytes are not the same in all of them.

    Args:
        folders: the folder of each model.
        models: what `read_model` gives for each.
    """
    differ = {name for name, file in models[0].items() if not all(file.equals(model.get(name)) for model in models)}
    wanted = [
        str(folder / name)
        for folder, model in zip(folders, models, strict=True)
        for name in sorted(differ & model.keys())
        if has_arrays(name)
    ]
    found = _read_arrays(wanted) if wanted else {}
    return [
        {name: replace(file, arrays=found.get(str(folder / name))) for name, file in model.items()}
        for folder, model in zip(folders, models, strict=True)
    ]


def has_arrays(name: str) -> bool:
    """Whether a file may hold arrays that can be read, by its name."""
    return Path(name).suffix in SUFFIXES


def different_files(one: Model, other: Model) -> list[str]:
    """The files that are not the same in two models, those that only one has included."""
    names = {**one, **other}
    return sorted(name for name in names if name not in one or not one[name].equals(other.get(name)))


def different_arrays(name: str, one: Model, other: Model) -> list[str]:
    """The names of the arrays that differ in a file of two models; empty if they cannot be read."""
    before, after = (model[name].arrays if name in model else None for model in (one, other))
    if before is None or after is None:
        return []
    return sorted(name for name in {**before, **after} if before.get(name) != after.get(name))


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _read_arrays(files: Sequence[str]) -> dict[str, dict[str, str] | None]:
    """What `scripts.job_proof.arrays` prints; nothing if it does not end well."""
    command, names = [sys.executable, "-m", "scripts.job_proof.arrays"], json.dumps(files).encode()
    try:
        ended = subprocess.run(command, input=names, capture_output=True, check=True, timeout=SECONDS)
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired):
        return {}
    found: dict[str, dict[str, str] | None] = json.loads(ended.stdout)
    return found
