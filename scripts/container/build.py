"""Build the trainer's image with the docker command line, from a build context that depends on the tree alone."""

from collections.abc import Callable
from pathlib import Path

from scripts.container.base import Base


def build(base: Base, tag: str, say: Callable[[str], None], folder: Path | str = "trainer") -> str:
    """Build ``folder`` on ``base``, which is on this machine.

    Args:
        base: what `image_tag` was told.
        tag: what `image_tag` gave; the image is called ``trainyard:<tag>`` here.
        say: told what is done.
        folder: the build context.

    Returns:
        The image's id.

    Raises:
        UserError: the tree has changed since, or the build fails.
    """
    raise NotImplementedError
