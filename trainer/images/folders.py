"""A folder per label: which images there are, and what stands in the way of training on them. Without TensorFlow."""

import tempfile
from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from trainer.contract.errors import JobError
from trainer.contract.job import Job
from trainer.images import headers

SUFFIXES = (".jpeg", ".jpg", ".png")
NAMED = 5
"""How many of several files a message names."""


@dataclass(frozen=True)
class Images:
    """Image files with the number of each one's label in ``labels``; sorted, so equal on every machine."""

    labels: tuple[str, ...]
    paths: tuple[str, ...]
    numbers: tuple[int, ...]

    def without(self, left_out: Collection[str]) -> "Images":
        """The same without these files."""
        kept = [pair for pair in zip(self.paths, self.numbers, strict=True) if pair[0] not in left_out]
        return Images(self.labels, tuple(path for path, _ in kept), tuple(number for _, number in kept))


def list_images(folder: Path, labels: Sequence[str] | None = None) -> Images:
    """List a folder that has a folder per label.

    Args:
        folder: its sub-folders' names are the labels.
        labels: those of the training images; None where these are they.

    Raises:
        JobError: no images, a label without any, fewer than two labels to learn, two that differ in case only, or
            one that is not among ``labels``.
    """
    found = sorted(child.name for child in folder.iterdir() if child.is_dir() and not child.name.startswith("."))
    files = {name: _images_in(folder / name) for name in found}
    if not any(files.values()):
        raise JobError(f"{folder} holds no images: one folder per label is needed, with {', '.join(SUFFIXES)} files.")
    if labels is None:
        _check_labels(folder, files)
        labels = found
    unknown = sorted(name for name in found if files[name] and name not in labels)
    if unknown:
        raise JobError(
            f"{folder} holds labels that the training images do not have: {', '.join(unknown)}.",
            "Put images of them into the training folder too, or take these away.",
        )
    number = {name: index for index, name in enumerate(labels)}
    pairs = [(str(path), number[name]) for name in found for path in files[name]]
    return Images(tuple(labels), tuple(path for path, _ in pairs), tuple(label for _, label in pairs))


def check_readable(images: Images, broken: Sequence[str], skip: bool) -> Images:
    """Decide about files that are no images: the images without them, where that is allowed.

    Args:
        images: what was listed.
        broken: those that cannot be read.
        skip: go on without them.

    Raises:
        JobError: there are such files and ``skip`` is not set, or a label would be left without any image.
    """
    if not broken:
        return images
    names = ", ".join(broken[:NAMED]) + (" …" if len(broken) > NAMED else "")
    if not skip:
        raise JobError(
            f"{len(broken)} of {len(images.paths)} files cannot be read as images: {names}.",
            "Take them away, or train without them: the hyperparameter unreadable=skip.",
        )
    print(f"{len(broken)} of {len(images.paths)} files cannot be read as images and are left out: {names}", flush=True)
    left = images.without(set(broken))
    for number in sorted(set(images.numbers) - set(left.numbers)):
        raise JobError(f"No file of the label {images.labels[number]} can be read as an image.", "Put others there.")
    return left


def check(job: Job) -> None:
    """Look at a job's folders as its start would, by the first bytes of each file.

    Raises:
        JobError: what the job would fail with.
    """
    images = list_images(job.training)
    held_back = list_images(job.validation, images.labels) if job.validation else None
    if job.hyperparameters.unreadable == "fail":
        for listed in filter(None, (images, held_back)):
            check_readable(listed, no_images(listed), skip=False)


def check_writable(folder: Path) -> None:
    """See that files can be made in a folder, and make it where it is missing.

    Raises:
        JobError: they cannot.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise JobError(f"Nothing can be written to {folder}: {error.strerror or error}.") from None


def no_images(images: Images) -> list[str]:
    """The files whose first bytes are those of no image."""
    return [path for path in images.paths if headers.read(path) is None]


def say_conversion(images: Images, size: int, channels: int) -> None:
    """Say once how many images are of another size or with other colours than the network's, and become like it."""
    wanted = headers.Header(size, size, channels)
    others = sum(headers.read(path) != wanted for path in images.paths)
    if others:
        colours = "grey" if channels == 1 else "RGB"
        print(
            f"{others} of {len(images.paths)} training images are of another size or mode: "
            f"resized to {size} by {size}, converted to {colours}",
            flush=True,
        )


def _check_labels(folder: Path, files: dict[str, list[Path]]) -> None:
    for name, images in files.items():
        if not images:
            raise JobError(
                f"The label's folder {folder / name} holds no image ({', '.join(SUFFIXES)}).",
                "Put images there, or take the folder away.",
            )
    if len(files) < 2:
        (only,) = files
        raise JobError(f"{folder} holds images of one label only ({only}): there is nothing to tell apart.")
    alike: dict[str, list[str]] = defaultdict(list)
    for name in files:
        alike[name.casefold()].append(name)
    for names in alike.values():
        if len(names) > 1:
            raise JobError(
                f"Labels of {folder} differ in case only: {', '.join(names)}.",
                "Put their images together, or give one another name.",
            )


def _images_in(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES and path.name[0] != ".")
