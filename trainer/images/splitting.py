"""Splits validation images from the training images, if the job has no validation channel."""

import hashlib
from collections import Counter, defaultdict
from pathlib import Path

from trainer.images.listing import Images
from trainyard.errors import JobError

NAMED_LABELS = 20
"""A line of the log names at most this many labels."""


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


def describe(training: Images, validation: Images) -> str:
    """One sentence: how many images of each label a split took. Pure.

    Args:
        training: those that are left to train on.
        validation: those that were taken.
    """
    taken = Counter(validation.numbers)
    counts = [f"{label} {taken[number]}" for number, label in enumerate(validation.labels)]
    more = f" and {len(counts) - NAMED_LABELS} more labels" if len(counts) > NAMED_LABELS else ""
    of_labels = ", ".join(counts[:NAMED_LABELS]) + more
    taken_and_left = len(validation.paths) + len(training.paths)
    return f"{len(validation.paths)} of {taken_and_left} training images are for validation: {of_labels}"


def _draw(seed: int, label: str, path: str) -> bytes:
    text = f"{seed} {label}/{Path(path).name}"
    return hashlib.sha256(text.encode(errors="surrogateescape")).digest()
