"""What the trainer's image is called: the tag is a digest of the tree it is built from."""

from scripts.container.tag import image_tag

__all__ = ["image_tag"]
