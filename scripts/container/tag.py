"""The image's tag, computed from the tree and its base.

The same files on the same base give the same tag on every machine; any change gives another tag. So nobody needs to
overwrite an immutable tag, and a job's image tells which code ran.
"""

from collections.abc import Iterable
from pathlib import Path

from scripts.container import context
from scripts.container.base import Base
from scripts.container.project import Project

PREFIX, PROJECT_PREFIX = "trainer", "code"


def image_tag(base: Base, folder: Path | str = "trainer") -> str:
    """The tag of the image that is built from ``folder``, and the package beside it, on ``base``.

    Returns:
        ``trainer-<12 hexadecimal digits>``, a digest of the build context and the build arguments.
    """
    return tag_of(base, context.of_trainer(folder))


def project_tag(base: Base, project: Project) -> str:
    """The tag of the image of a project of one's own on ``base``: ``code-<12 hexadecimal digits>``."""
    return tag_of(base, project.context, PROJECT_PREFIX)


def tag_of(base: Base, files: Iterable[context.File], prefix: str = PREFIX) -> str:
    """The tag of the image that is built from these files on ``base``."""
    # BASE_IMAGE is the only build argument. The tag uses the base's identity, because its reference names a region.
    return f"{prefix}-{context.digest(files, [f'BASE_IMAGE={base.identity}'])[:12]}"
