"""The image's tag: one tree on one base, one name.

The same files on the same base give the same tag on every machine, and any change gives another, so that an immutable
tag never has to be overwritten and a job's image says which code ran.
"""

from collections.abc import Iterable
from pathlib import Path

from scripts.container import context
from scripts.container.base import Base

PREFIX = "trainer"


def image_tag(base: Base, folder: Path | str = "trainer") -> str:
    """The tag of the image that is built from ``folder`` on ``base``.

    Returns:
        ``trainer-<12 hexadecimal digits>``, a digest of the build context and the build arguments.
    """
    return tag_of(base, context.read(folder))


def tag_of(base: Base, files: Iterable[context.File]) -> str:
    """The tag of the image that is built from these files on ``base``."""
    # The build's one argument; the base's identity, for its reference names a region.
    return f"{PREFIX}-{context.digest(files, [f'BASE_IMAGE={base.identity}'])[:12]}"
