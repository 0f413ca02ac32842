"""Splits validation images from the training images, if the job has no validation channel."""

import hashlib
from collections import defaultdict
from pathlib import Path

from trainer.images.listing import Images
from trainyard.errors import JobError


def split(images: Images, share: float, seed: int) -> tuple[Images, Images]:
    """Split the images of each label: the same share of each, but at least one image on either side.

    An image's side depends on the seed, its label and its file name, and on the other images of its label.

    Returns:
        The images to train on and those to validate on.

    Raises:
        JobError: a label has one image only.
    """
    by_label = defaultdict(list)
    for path, number in zip(images.paths, images.numbers, strict=True):
        by_label[number].append(path)
    validation: set[str] = set()
    for number, paths in by_label.items():
        label = images.labels[number]
        if len(paths) < 2:
            raise JobError(
                f"validation_split needs two images of each label, and {label} has one.",
                f"Add images of {label}, delete its folder, or leave validation_split out.",
            )
        count = min(max(1, round(len(paths) * share)), len(paths) - 1)
        validation.update(sorted(paths, key=lambda path: _draw(seed, label, path))[:count])
    training = set(images.paths) - validation
    return images.without(validation), images.without(training)


def _draw(seed: int, label: str, path: str) -> bytes:
    text = f"{seed} {label}/{Path(path).name}"
    return hashlib.sha256(text.encode(errors="surrogateescape")).digest()
