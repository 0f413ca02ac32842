"""Finds errors in a folder per label, without TensorFlow."""

import tempfile
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

from trainer.images import listing
from trainer.images.listing import SUFFIXES, Images, LabelFolder, Listing, normal
from trainyard.errors import JobError

FILES_IN_MESSAGE = 5
"""A message names at most this many files."""


def list_images(folder: Path, labels: Sequence[str] | None = None, listed: Listing | None = None) -> Images:
    """List the images in a folder per label.

    Args:
        folder: the names of its subfolders are the labels.
        labels: the labels of the training images; None if ``folder`` contains the training images.
        listed: what is in the folder, if it was read already.

    Raises:
        JobError: there are no images, a training label has none, there are fewer than two training labels, two of them
            differ only in case or Unicode form, or a label is not in ``labels``.
    """
    found = (listed or listing.scan(folder)).labels
    if not any(label.images for label in found.values()):
        raise _no_images(folder, found)
    if labels is None:
        _check_labels(folder, found)
        labels = list(found)
    number = {normal(name): index for index, name in enumerate(labels)}
    unknown = [name for name, label in found.items() if label.images and normal(name) not in number]
    if unknown:
        raise JobError(
            f"{folder} contains labels that the training images do not have: {', '.join(unknown)}.",
            "Add images of these labels to the training folder too, or delete their folders here.",
        )
    rows = [(number[normal(name)], *image) for name, label in found.items() for image in label.images]
    numbers, paths, sizes = zip(*rows, strict=True)
    return Images(tuple(labels), paths, numbers, sizes)


def without_unreadable(images: Images, broken: Sequence[str], skip: bool, why: str = "") -> Images:
    """Return the images without unreadable files, if skipping them is allowed.

    Args:
        images: the listed images.
        broken: the files that cannot be read as images.
        skip: whether to train without them.
        why: a sentence about the reason, if it is known.

    Raises:
        JobError: there are unreadable files and ``skip`` is False, or a label has only unreadable files.
    """
    if broken and not skip:
        raise JobError(
            f"{unreadable(images, broken)}.{why and ' '}{why}",
            "Delete them, or set the hyperparameter unreadable=skip to train without them.",
        )
    readable = images.without(broken)
    for number in sorted(set(images.numbers) - set(readable.numbers)):
        raise JobError(
            f"No file of the label {images.labels[number]} can be read as an image.",
            "Add readable images to its folder, or delete the folder.",
        )
    return readable


def unreadable(images: Images, broken: Sequence[str]) -> str:
    """How many files cannot be read, and the names of some of them."""
    names = ", ".join(broken[:FILES_IN_MESSAGE]) + (" …" if len(broken) > FILES_IN_MESSAGE else "")
    return f"{len(broken)} of {len(images.paths)} files cannot be read as images: {names}"


def check_writable(folder: Path) -> None:
    """Check that the trainer can create files in a folder; create the folder if it is missing.

    Raises:
        JobError: it cannot.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise JobError(f"The trainer cannot write to {folder}: {error.strerror or error}.") from None


def _no_images(folder: Path, found: Mapping[str, LabelFolder]) -> JobError:
    wrappers = [name for name, label in found.items() if sum(count > 0 for count in label.deeper.values()) > 1]
    if not wrappers:
        return JobError(f"{folder} contains no images.", f"Add one folder per label, with {', '.join(SUFFIXES)} files.")
    return JobError(
        f"{folder} contains no label folders, but {', '.join(wrappers)} around such folders.",
        f"Make {' or '.join(str(folder / name) for name in wrappers[:2])} the channel's source.",
    )


def _check_labels(folder: Path, found: Mapping[str, LabelFolder]) -> None:
    for name, label in found.items():
        deeper = {sub: count for sub, count in label.deeper.items() if count}
        if not label.images and deeper:
            inner = ", ".join(f"{folder / name / sub} ({count})" for sub, count in sorted(deeper.items())[:3])
            raise JobError(
                f"The label folder {folder / name} contains no images itself; folders in it do: {inner}.",
                f"Move the images into {folder / name}; or make it the channel's source, if these are the labels.",
            )
        if not label.images:
            raise JobError(
                f"The label folder {folder / name} contains no images ({', '.join(SUFFIXES)}).",
                "Add images to it, or delete it.",
            )
    if len(found) < 2:
        (only,) = found
        raise JobError(f"{folder} contains images of one label only ({only}).", "Add a folder for each other label.")
    _check_names(folder, found)


def _check_names(folder: Path, found: Mapping[str, LabelFolder]) -> None:
    same_name: dict[str, list[str]] = defaultdict(list)
    for name in found:
        same_name[normal(name).casefold()].append(name)
    for names in same_name.values():
        if len({normal(name) for name in names}) < len(names):
            raise JobError(
                f"Some labels of {folder} are one name in two Unicode forms: {', '.join(map(ascii, names))}.",
                "Put their images into one folder.",
            )
        if len(names) > 1:
            raise JobError(
                f"Some labels of {folder} differ only in case: {', '.join(names)}.",
                "Put their images into one folder, or rename one of the labels.",
            )
