"""Push an image to the stack's repository, again where a token has run out or a connection was cut."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from scripts.stack import Stack


@dataclass(frozen=True)
class Sent:
    """What a push has come to.

    Args:
        digest: of the image's manifest in the repository.
        new_layers: how many layers had to be sent.
        reused_layers: how many were there.
        bytes: what was sent of layers, as the repository keeps them (compressed).
        seconds: how long it took.
    """

    digest: str
    new_layers: int
    reused_layers: int
    bytes: int
    seconds: float


def push(image_id: str, stack: "Stack", tag: str) -> Sent:
    """Push an image that is on this machine.

    Args:
        image_id: the image's.
        stack: whose repository it goes to.
        tag: what it is called there.

    Raises:
        UserError: the repository is missing, the caller has no right to push, or the connection keeps being cut.
    """
    raise NotImplementedError
