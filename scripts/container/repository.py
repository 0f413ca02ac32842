"""What the stack's ECR repository holds."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from scripts.stack import Stack
    from scripts.training.preflight import Image


def find(stack: "Stack", tag: str) -> str | None:
    """The digest of the image that has ``tag``, or None where there is none.

    Raises:
        UserError: the repository does not exist.
    """
    raise NotImplementedError


def describe(image: "Image") -> dict[str, Any] | None:
    """What the image's program said about itself when it was built: its label ``trainyard.describe``.

    Returns:
        The label's JSON; None where it has none, or is no single image for one platform.
    """
    raise NotImplementedError
