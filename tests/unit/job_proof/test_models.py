"""The files of a model: which are compared, and their arrays, read in a process of its own."""

import os
import pickle
import shutil
import zipfile
from pathlib import Path

import h5py
import numpy
import pytest

from scripts.job_proof import arrays
from scripts.job_proof.models import different_arrays, different_files, read_model, saved_models, with_arrays


def weights(path: Path, kernel: float = 1.0) -> None:
    """A file as Keras writes it, with the time in it."""
    with h5py.File(path, "w", track_order=True) as file:
        dense = file.create_group("layers/dense")
        dense.create_dataset("kernel", data=numpy.full((2, 3), kernel, "float32"), track_times=True)
        dense.create_dataset("names", data=["a", "b"], dtype=h5py.string_dtype())


def keras(folder: Path, date: str, kernel: float = 1.0) -> None:
    folder.mkdir(parents=True)
    weights(folder / "w.h5", kernel)
    with zipfile.ZipFile(folder / "model.keras", "w") as archive:
        archive.writestr("metadata.json", f'{{"date_saved": "{date}"}}')
        archive.writestr("config.json", f'{{"shared_object_id": {hash(date)}}}'.replace("-", ""))
        archive.write(folder / "w.h5", "model.weights.h5")
    (folder / "w.h5").unlink()


@pytest.mark.e2e
def test_a_keras_file_of_another_date_has_the_same_arrays(tmp_path: Path) -> None:
    folders = [tmp_path / name for name in "abc"]
    for folder, date, kernel in zip(folders, ("today", "tomorrow", "later"), (1.0, 1.0, 2.0), strict=True):
        keras(folder, date, kernel)
        (folder / "labels.json").write_text("[]")
    first, second, third = with_arrays(folders, [read_model(folder) for folder in folders])
    assert first["model.keras"].digest != second["model.keras"].digest
    assert different_files(first, second) == []
    assert different_files(first, third) == ["model.keras"]
    assert different_arrays("model.keras", first, third) == ["model.weights.h5/layers/dense/kernel"]
    assert first["labels.json"].arrays is None  # equal bytes: nobody opened it


def test_a_missing_file_differs(tmp_path: Path) -> None:
    (tmp_path / "model.bin").write_text("a")
    model = read_model(tmp_path)
    assert different_files(model, {}) == different_files({}, model) == ["model.bin"]
    assert read_model(tmp_path / "nothing") == {}


def test_a_saved_model_is_not_compared(tmp_path: Path) -> None:
    (tmp_path / "export" / "1" / "variables").mkdir(parents=True)
    (tmp_path / "export" / "1" / "saved_model.pb").touch()
    (tmp_path / "export" / "1" / "variables" / "variables.index").touch()
    (tmp_path / "export" / "labels.json").touch()
    assert list(read_model(tmp_path)) == ["export/labels.json"]
    assert saved_models(tmp_path) == ["export/1"]


def test_the_arrays_of_an_npz_have_their_names(tmp_path: Path) -> None:
    numpy.savez(tmp_path / "a.npz", weight=numpy.ones(3), bias=numpy.zeros(2))
    found = arrays.read(tmp_path / "a.npz")
    assert found is not None
    assert set(found) == {"weight", "bias"}


class Trap:
    """Its pickle runs a command when it is loaded."""

    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, (f"touch {self.marker}",)


def test_nothing_is_unpickled(tmp_path: Path) -> None:
    marker = tmp_path / "ran"
    numpy.savez(tmp_path / "a.npz", allow_pickle=True, weight=numpy.array([Trap(marker)], dtype=object))
    with zipfile.ZipFile(tmp_path / "b.keras", "w") as archive:
        archive.writestr("model.pkl", pickle.dumps(Trap(marker)))
    for name in ("a.npz", "b.keras"):
        assert arrays.read(tmp_path / name)
    assert not marker.exists()


def test_a_file_that_claims_too_much_or_names_other_files_is_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with h5py.File(tmp_path / "large.h5", "w") as file:
        file.create_dataset("sparse", shape=(10**9, 10), dtype="float64", chunks=(1000, 10))
    secret = tmp_path / "secret"
    secret.write_bytes(bytes(8))
    with h5py.File(tmp_path / "external.h5", "w") as file:
        file.create_dataset("stolen", shape=(1,), dtype="float64", external=[(str(secret), 0, 8)])
    weights(tmp_path / "torn.h5")
    os.truncate(tmp_path / "torn.h5", 100)
    (tmp_path / "text.keras").write_text("no zip")
    for name in ("large.h5", "external.h5", "torn.h5", "text.keras"):
        assert arrays.read(tmp_path / name) is None
    with h5py.File(tmp_path / "links.h5", "w") as file:
        file["elsewhere"] = h5py.ExternalLink(str(tmp_path / "large.h5"), "/sparse")
    assert arrays.read(tmp_path / "links.h5") == {}
    keras(tmp_path / "bomb", "today")
    monkeypatch.setattr(arrays, "LARGEST_BYTES", 10)
    assert arrays.read(tmp_path / "bomb" / "model.keras") is None


def test_a_reader_that_dies_costs_the_names_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, kernel in (("a", 1.0), ("b", 2.0)):
        (tmp_path / name).mkdir()
        weights(tmp_path / name / "model.h5", kernel)
    folders = [tmp_path / "a", tmp_path / "b"]
    monkeypatch.setattr("sys.executable", shutil.which("false"))
    first, second = with_arrays(folders, [read_model(folder) for folder in folders])
    assert different_files(first, second) == ["model.h5"]
    assert different_arrays("model.h5", first, second) == []
