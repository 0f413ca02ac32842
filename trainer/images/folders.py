"""Lists a folder per label and finds errors in it, without TensorFlow."""

import tempfile
import unicodedata
from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from trainer.contract.job import Job
from trainer.images import headers
from trainyard.errors import JobError

SUFFIXES = (".jpeg", ".jpg", ".png")
FILES_IN_MESSAGE = 5
"""A message names at most this many files."""


@dataclass(frozen=True)
class Images:
    """Image files, each with the index of its label in ``labels``. They are sorted, so equal on every machine."""

    labels: tuple[str, ...]
    paths: tuple[str, ...]
    numbers: tuple[int, ...]

    def without(self, skipped: Collection[str]) -> "Images":
        """Return the same images without these files."""
        kept = [pair for pair in zip(self.paths, self.numbers, strict=True) if pair[0] not in skipped]
        return Images(self.labels, tuple(path for path, _ in kept), tuple(number for _, number in kept))


def list_images(folder: Path, labels: Sequence[str] | None = None) -> Images:
    """List the images in a folder per label.

    Args:
        folder: the names of its subfolders are the labels.
        labels: the labels of the training images; None if ``folder`` contains the training images.

    Raises:
        JobError: there are no images, a training label has none, there are fewer than two training labels, two of them
            differ only in case or Unicode form, or a label is not in ``labels``.
    """
    found = sorted(child.name for child in folder.iterdir() if child.is_dir() and not _is_hidden(child.name))
    files = {name: _images_in(folder / name) for name in found}
    if not any(files.values()):
        raise JobError(f"{folder} contains no images.", f"Add one folder per label, with {', '.join(SUFFIXES)} files.")
    if labels is None:
        _check_labels(folder, files)
        labels = found
    # macOS may write the same name in another Unicode form than Linux and Windows.
    number = {unicodedata.normalize("NFC", name): index for index, name in enumerate(labels)}
    numbers = {name: number.get(unicodedata.normalize("NFC", name)) for name in found}
    unknown = sorted(name for name in found if files[name] and numbers[name] is None)
    if unknown:
        raise JobError(
            f"{folder} contains labels that the training images do not have: {', '.join(unknown)}.",
            "Add images of these labels to the training folder too, or delete their folders here.",
        )
    pairs = [(str(path), label) for name, label in numbers.items() if label is not None for path in files[name]]
    return Images(tuple(labels), tuple(path for path, _ in pairs), tuple(label for _, label in pairs))


def check_readable(images: Images, broken: Sequence[str], skip: bool) -> Images:
    """Return the images without unreadable files, if skipping them is allowed.

    Args:
        images: the listed images.
        broken: the files that cannot be read as images.
        skip: whether to train without them.

    Raises:
        JobError: there are unreadable files and ``skip`` is False, or a label has only unreadable files.
    """
    if not broken:
        return images
    names = ", ".join(broken[:FILES_IN_MESSAGE]) + (" …" if len(broken) > FILES_IN_MESSAGE else "")
    if not skip:
        raise JobError(
            f"{len(broken)} of {len(images.paths)} files cannot be read as images: {names}.",
            "Delete them, or set the hyperparameter unreadable=skip to train without them.",
        )
    print(f"{len(broken)} of {len(images.paths)} files cannot be read as images and are skipped: {names}", flush=True)
    readable = images.without(set(broken))
    for number in sorted(set(images.numbers) - set(readable.numbers)):
        raise JobError(
            f"No file of the label {images.labels[number]} can be read as an image.",
            "Add readable images to its folder, or delete the folder.",
        )
    return readable


def check(job: Job) -> None:
    """Check a job's folders as the job does at its start; of each file, only the first bytes are read.

    Raises:
        JobError: the error with which the job would fail.
    """
    images = list_images(job.training)
    validation = list_images(job.validation, images.labels) if job.validation else None
    if job.hyperparameters.unreadable == "fail":
        for listed in filter(None, (images, validation)):
            check_readable(listed, find_non_images(listed), skip=False)


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


def find_non_images(images: Images) -> list[str]:
    """Return the files whose first bytes are not those of an image."""
    return [path for path in images.paths if headers.read(path) is None]


def report_conversion(images: Images, size: int, channels: int) -> None:
    """Print how many training images have another size or colour mode than the network, so must be converted."""
    wanted = headers.Header(size, size, channels)
    others = sum(headers.read(path) != wanted for path in images.paths)
    if others:
        colours = "grey" if channels == 1 else "RGB"
        print(
            f"{others} of {len(images.paths)} training images have another size or colour mode: "
            f"resized to {size} by {size}, converted to {colours}",
            flush=True,
        )


def _check_labels(folder: Path, files: dict[str, list[Path]]) -> None:
    for name, images in files.items():
        if not images:
            raise JobError(
                f"The label folder {folder / name} contains no images ({', '.join(SUFFIXES)}).",
                "Add images to it, or delete it.",
            )
    if len(files) < 2:
        (only,) = files
        raise JobError(f"{folder} contains images of one label only ({only}).", "Add a folder for each other label.")
    same_name: dict[str, list[str]] = defaultdict(list)
    for name in files:
        same_name[unicodedata.normalize("NFC", name).casefold()].append(name)
    for names in same_name.values():
        if len({unicodedata.normalize("NFC", name) for name in names}) < len(names):
            raise JobError(
                f"Some labels of {folder} are one name in two Unicode forms: {', '.join(map(ascii, names))}.",
                "Put their images into one folder.",
            )
        if len(names) > 1:
            raise JobError(
                f"Some labels of {folder} differ only in case: {', '.join(names)}.",
                "Put their images into one folder, or rename one of the labels.",
            )


def _is_hidden(name: str) -> bool:
    return name.startswith(".") or name == "__MACOSX"  # a folder in archives that macOS has packed


def _images_in(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES and path.name[0] != ".")
