"""What tells one set of images from another, without reading them: their labels, names and sizes."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

from trainer.folders import Images

_BITS = 64


def fingerprint(images: Images, folder: Path) -> int:
    """A number that changes with any file's path below ``folder`` or size.

    Files count one by one, in whatever order: the parts of a set on several hosts add up (`combined`) to the same.
    """
    total = 0
    for path in images.paths:
        name = Path(path).relative_to(folder).as_posix()
        told = hashlib.sha256(f"{Path(path).stat().st_size} {name}".encode(errors="surrogateescape")).digest()
        total += int.from_bytes(told[: _BITS // 8], "big")
    return total % (1 << _BITS)


def combined(parts: Sequence[int]) -> str:
    """The fingerprint of a set of which each number tells a part."""
    return f"{sum(parts) % (1 << _BITS):016x}"
