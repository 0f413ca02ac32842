"""Fingerprints of sets of images, from the files' labels, names and sizes. The files are not read."""

import hashlib
from collections.abc import Iterable
from pathlib import Path

from trainer.images.listing import Images

# The number of images, and a number that changes if any of them changes.
Fingerprint = tuple[int, int]

_BITS = 64


def fingerprint(images: Images, folder: Path) -> Fingerprint:
    """Return the fingerprint of some images. It changes if the size of a file or its path in ``folder`` changes.

    The number is a sum over the files. So each host can compute it for its own files, and `combine` adds up the parts.
    """
    total = 0
    for path, size in zip(map(Path, images.paths), images.sizes, strict=True):
        facts = f"{size} {path.relative_to(folder).as_posix()}".encode(errors="surrogateescape")
        total += int.from_bytes(hashlib.sha256(facts).digest()[: _BITS // 8], "big")
    return len(images.paths), total % (1 << _BITS)


def combine(parts: Iterable[Fingerprint]) -> str:
    """Return the fingerprint of all parts together as text, such as ``600 (04e1f2a6c0b3d957)``."""
    counts, totals = zip(*parts, strict=True)
    return f"{sum(counts)} ({sum(totals) % (1 << _BITS):016x})"
