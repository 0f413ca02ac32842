"""Reads the folder of a channel: lists its images, looks for unreadable ones, and says what is not trained on."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from trainer.contract.hyperparameters import Hyperparameters
from trainer.contract.job import Job
from trainer.images import folders, headers, listing
from trainer.images.headers import Header
from trainer.images.listing import Images

Look = Literal["names", "headers", "content"]
"""How closely to look at each file: at its name only, at its first bytes, or at all of it, with the decoder."""
NO_WEBP = "The TensorFlow of this image does not decode WebP: convert them to PNG, or use a base with a newer one."


@dataclass(frozen=True)
class Channel:
    """The images of a channel, and sentences for the log about what happens to its files."""

    images: Images
    notes: tuple[str, ...]


def read(
    folder: Path,
    settings: Hyperparameters,
    labels: Sequence[str] | None = None,
    look: Look = "headers",
    reads_webp: bool = True,
) -> Channel:
    """List the images of a channel, and look for unreadable ones.

    The decoder alone decides what is unreadable: it gets every file whose first bytes say nothing.

    Args:
        folder: the channel's folder, with a folder per label.
        settings: the hyperparameters of the job.
        labels: the labels of the training images; None if ``folder`` contains the training images.
        look: how closely to look at each file.
        reads_webp: whether the TensorFlow that will train decodes WebP.

    Raises:
        JobError: the trainer cannot train on this folder.
    """
    listed = listing.scan(folder)
    images = folders.list_images(folder, labels, listed)
    found = headers.read_all(images.paths) if look != "names" else []
    webp = [] if reads_webp else [path for path, header in zip(images.paths, found, strict=True) if _is_webp(header)]
    suspects = [path for path, header in zip(images.paths, found, strict=False) if look == "content" or header is None]
    broken = sorted({*_undecodable(suspects), *webp})

    skip = settings.unreadable == "skip"
    readable = folders.without_unreadable(images, broken, skip, NO_WEBP if webp else "")
    notes = [
        listing.describe(folder, listed.left_out()),
        f"{folders.unreadable(images, broken)}; skipped" if broken else "",
        "" if labels else conversion(found, settings.image_size, settings.channels),
    ]
    return Channel(readable, tuple(filter(None, notes)))


def check(job: Job) -> tuple[str, ...]:
    """Check a job's folders as the job does at its start; of each file, only the first bytes are read.

    Returns:
        Sentences about files that are not trained on, or are converted.

    Raises:
        JobError: the error with which the job would fail.
    """
    training = read(job.training, job.hyperparameters)
    if not job.validation:
        return training.notes
    return training.notes + read(job.validation, job.hyperparameters, training.images.labels).notes


def conversion(found: Sequence[Header | None], size: int, channels: int) -> str:
    """How many images have another size or colour mode than the network, so must be converted. Pure."""
    wanted = (size, size, channels)
    others = sum(header is None or (header.width, header.height, header.channels) != wanted for header in found)
    if not others:
        return ""
    colours = "grey" if channels == 1 else "RGB"
    return (
        f"{others} of {len(found)} training images have another size or colour mode: "
        f"resized to {size} by {size}, converted to {colours}"
    )


def _is_webp(header: Header | None) -> bool:
    return header is not None and header.format == "WebP"


def _undecodable(paths: Sequence[str]) -> list[str]:
    if not paths:
        return []
    from trainer.images import decoding  # TensorFlow, which takes 4 s to import, is needed for odd files only

    return decoding.find_undecodable(paths)
