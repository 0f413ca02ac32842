"""Whether something belongs to a stack: by its tags alone. What has none of them is somebody else's."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from scripts.stack import Stack


def has_tags(tags: Iterable[Mapping[str, str]], stack: "Stack") -> bool:
    """Whether tags are those of a stack: the project and the environment.

    Args:
        tags: in the form of most services, or in that of ECR, which writes Key and Value in the same way.
        stack: the stack.
    """
    found = {tag["Key"]: tag["Value"] for tag in tags}
    return (found.get("Project"), found.get("Environment")) == (stack.project, stack.environment)
