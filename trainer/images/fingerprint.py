"""What tells one set of images from another, without reading them: their labels, names and sizes."""

import hashlib
from collections.abc import Iterable
from pathlib import Path

from trainer.images.folders import Images

# How many images, and a number that changes with any of them.
Part = tuple[int, int]

_BITS = 64


def part(images: Images, folder: Path) -> Part:
    """The fingerprint of some images: it changes with any file's path below ``folder``, or its size.

    Each file adds its own: the parts of a set, however it was divided among hosts, add up to the same (`told`).
    """
    total = 0
    for path in map(Path, images.paths):
        said = f"{path.stat().st_size} {path.relative_to(folder).as_posix()}".encode(errors="surrogateescape")
        total += int.from_bytes(hashlib.sha256(said).digest()[: _BITS // 8], "big")
    return len(images.paths), total % (1 << _BITS)


def told(parts: Iterable[Part]) -> str:
    """The fingerprint of all parts together, such as ``600 (04e1f2a6c0b3d957)``."""
    counts, totals = zip(*parts, strict=True)
    return f"{sum(counts)} ({sum(totals) % (1 << _BITS):016x})"
