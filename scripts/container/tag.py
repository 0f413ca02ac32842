"""The image's tag, computed from the tree and its base.

The same files on the same base give the same tag on every machine; any change gives another tag. So nobody needs to
overwrite an immutable tag, and a job's image tells which code ran.
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
    # BASE_IMAGE is the only build argument. The tag uses the base's identity, because its reference names a region.
    return f"{PREFIX}-{context.digest(files, [f'BASE_IMAGE={base.identity}'])[:12]}"
