"""Lists the files of a folder per label in one pass, without opening any: in FastFile mode each open goes to S3."""

import os
import unicodedata
from collections import Counter
from collections.abc import Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

SUFFIXES = (".bmp", ".gif", ".jpeg", ".jpg", ".png", ".webp")
NOT_SUPPORTED = {".tif": "TIFF", ".tiff": "TIFF", ".heic": "HEIC", ".avif": "AVIF"}
"""Images that TensorFlow does not decode: https://www.tensorflow.org/api_docs/python/tf/io/decode_image."""
THREADS = 16
HIDDEN, DEEPER, BESIDE = "hidden", "deeper", "beside"
NAMED_SUFFIXES = 3
"""A message names at most this many suffixes."""


@dataclass(frozen=True)
class Images:
    """Image files, each with the index of its label in ``labels``. They are sorted, so equal on every machine.

    Args:
        labels: names of the labels.
        paths: the files.
        numbers: the index of each file's label.
        sizes: the bytes of each file.
    """

    labels: tuple[str, ...]
    paths: tuple[str, ...]
    numbers: tuple[int, ...]
    sizes: tuple[int, ...]

    def take(self, places: Collection[int] | range) -> "Images":
        """Return the images at these places."""
        return Images(
            self.labels,
            tuple(self.paths[place] for place in places),
            tuple(self.numbers[place] for place in places),
            tuple(self.sizes[place] for place in places),
        )

    def without(self, skipped: Collection[str]) -> "Images":
        """Return the same images without these files."""
        unwanted = set(skipped)
        return self.take([place for place, path in enumerate(self.paths) if path not in unwanted])


@dataclass(frozen=True)
class LabelFolder:
    """What one label's folder contains.

    Args:
        images: paths and sizes of its images, sorted.
        left_out: the number of files that are not trained on, by reason.
        deeper: the number of images in each folder below it.
    """

    images: tuple[tuple[str, int], ...] = ()
    left_out: Mapping[str, int] = field(default_factory=dict)
    deeper: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Listing:
    """A folder per label.

    Args:
        labels: each label's folder, sorted by label.
        beside: the number of files beside these folders.
    """

    labels: Mapping[str, LabelFolder]
    beside: int = 0

    def left_out(self) -> Mapping[str, int]:
        """The number of all files that are not trained on, by reason."""
        total = Counter({BESIDE: self.beside})
        for label in self.labels.values():
            total.update(label.left_out)
        return +total


def is_hidden(name: str) -> bool:
    """Whether a file or folder is not meant to be seen."""
    return name.startswith(".") or name == "__MACOSX"  # a folder in archives that macOS has packed


def label_names(folder: Path) -> list[str]:
    """The names of the subfolders, sorted: the labels."""
    with os.scandir(folder) as entries:
        return sorted(entry.name for entry in entries if entry.is_dir() and not is_hidden(entry.name))


def scan(folder: Path) -> Listing:
    """Read the folders of all labels at once: threads help where each answer comes over a network.

    Args:
        folder: the names of its subfolders are the labels.
    """
    names = label_names(folder)
    beside = sum(not is_hidden(path.name) for path in folder.iterdir()) - len(names)
    with ThreadPoolExecutor(THREADS) as pool:
        folders = pool.map(lambda name: _read(folder / name), names)
        return Listing(dict(zip(names, folders, strict=True)), beside)


def reason(name: str) -> str | None:
    """Why a file of this name is not trained on; None if it is. Pure."""
    if is_hidden(name):
        return HIDDEN
    suffix = Path(name).suffix.lower()
    if suffix in SUFFIXES:
        return None
    return NOT_SUPPORTED.get(suffix) or suffix or "no suffix"


def describe(folder: Path, left_out: Mapping[str, int]) -> str:
    """One sentence about the files that are not trained on; empty if there are none. Pure.

    Args:
        folder: the channel's folder.
        left_out: their number by reason, as in `LabelFolder`.
    """
    unsupported = {name: left_out[name] for name in sorted(set(NOT_SUPPORTED.values())) if name in left_out}
    other = Counter({name: count for name, count in left_out.items() if name not in unsupported})
    hidden, deeper, beside = (other.pop(name, 0) for name in (HIDDEN, DEEPER, BESIDE))
    parts = [f"{count} {name} images, a format that is not supported" for name, count in unsupported.items()]
    if other:
        names = ", ".join(sorted(other, key=lambda name: (-other[name], name))[:NAMED_SUFFIXES])
        more = " …" if len(other) > NAMED_SUFFIXES else ""
        parts.append(f"{sum(other.values())} of other types ({names}{more})")
    parts += [f"{deeper} in deeper folders"] * bool(deeper)
    parts += [f"{beside} beside the label folders"] * bool(beside)
    parts += [f"{hidden} hidden"] * bool(hidden)
    return f"files in {folder} that are not trained on: {'; '.join(parts)}" if parts else ""


def _read(folder: Path) -> LabelFolder:
    images, left_out, deeper = [], Counter[str](), {}
    with os.scandir(folder) as entries:
        for entry in entries:
            why = reason(entry.name)
            if entry.is_dir():
                if not is_hidden(entry.name):
                    deeper[entry.name] = _count_images(Path(entry.path))
                    left_out[DEEPER] += deeper[entry.name]
            elif why:
                left_out[why] += 1
            else:
                images.append((entry.path, _size(entry)))
    return LabelFolder(tuple(sorted(images)), +left_out, deeper)


def _size(entry: "os.DirEntry[str]") -> int:
    try:
        return entry.stat().st_size
    except OSError:  # a broken link: it cannot be read either, and that error names it
        return 0


def _count_images(folder: Path) -> int:
    return sum(reason(name) is None for _, _, names in os.walk(folder) for name in names)


def normal(name: str) -> str:
    """A label's name in one Unicode form: macOS may write the same name in another one than Linux and Windows."""
    return unicodedata.normalize("NFC", name)
