"""Reads the arrays of model files by name: ``python -m scripts.job_proof.arrays``, with JSON as input and output.

It is a process of its own, with limits, because a job made the files and HDF5's library is written in C. Nothing is
unpickled. Each array is named by its dtype, its shape and a checksum.

- .npz: a zip with one .npy for each array (https://numpy.org/doc/stable/reference/generated/numpy.savez.html).
- .keras: a zip with config.json and model.weights.h5 (https://keras.io/guides/serialization_and_saving/). Its
  metadata.json has the date, and config.json addresses of this process's memory as ``shared_object_id``.
"""

import hashlib
import io
import json
import re
import resource
import sys
import zipfile
from pathlib import Path
from typing import IO, Any

SUFFIXES = (".npz", ".keras", ".h5", ".hdf5")
ADDRESS = re.compile(rb'"shared_object_id": \d+')
LARGEST_BYTES = 4_000_000_000
"""Of one array: a damaged or hostile file can claim any size."""

MEMORY_BYTES = 16_000_000_000
SECONDS_OF_CPU = 600


def main() -> None:
    """Read a list of files from stdin, and print the arrays of each by name; null for a file that cannot be read."""
    for kind, most in ((resource.RLIMIT_AS, MEMORY_BYTES), (resource.RLIMIT_CPU, SECONDS_OF_CPU)):
        _, hard = resource.getrlimit(kind)
        resource.setrlimit(kind, (most if hard == resource.RLIM_INFINITY else min(most, hard), hard))
    print(json.dumps({name: read(Path(name)) for name in json.load(sys.stdin)}))


def read(path: Path) -> dict[str, str] | None:
    """The arrays of a file by name; None if it cannot be read."""
    try:
        if path.suffix in {".npz", ".keras"}:
            return _zip(path)
        with path.open("rb") as file:
            return _hdf5(file)
    except Exception:  # numpy, h5py and zipfile raise anything for a file that is damaged
        return None


def _zip(path: Path) -> dict[str, str]:
    found: dict[str, str] = {}
    with zipfile.ZipFile(path) as archive:
        for member in archive.infolist():
            if member.file_size > LARGEST_BYTES:
                raise ValueError(member.filename)
            if path.suffix == ".keras" and member.filename == "metadata.json":
                continue
            content = archive.read(member)
            if path.suffix == ".keras" and member.filename == "config.json":
                content = ADDRESS.sub(b"", content)
            if member.filename.endswith(".h5"):
                found |= {f"{member.filename}/{name}": text for name, text in _hdf5(io.BytesIO(content)).items()}
            else:
                found[member.filename.removesuffix(".npy")] = hashlib.sha256(content).hexdigest()
    return found


def _hdf5(file: IO[bytes]) -> dict[str, str]:
    import h5py

    found: dict[str, str] = {}

    def visit(name: str, item: Any) -> None:
        if not isinstance(item, h5py.Dataset):
            return
        # A dataset may name other files of this machine as its content.
        if item.nbytes > LARGEST_BYTES or item.external or item.is_virtual:
            raise ValueError(name)
        value = item[()]
        content = str(value.tolist() if item.shape else value).encode() if item.dtype.kind == "O" else value.tobytes()
        found[name] = f"{item.dtype} {item.shape} {hashlib.sha256(content).hexdigest()}"

    with h5py.File(file, "r") as opened:
        opened.visititems(visit)  # it follows no link to another file
    return found


if __name__ == "__main__":
    main()
