"""What tests change in a copy of the project that they share with others, and put back."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def moved_aside(path: Path) -> Iterator[None]:
    """A file or folder does not exist for a while. Whatever takes its place is deleted at the end.

    Args:
        path: the file or folder; it need not exist.
    """
    aside = path.with_name(f".{path.name}.aside")
    existed = path.exists()
    if existed:
        path.rename(aside)
    try:
        yield
    finally:
        if path.is_dir():
            shutil.rmtree(path)
        path.unlink(missing_ok=True)
        if existed:
            aside.rename(path)


@contextmanager
def changed(file: Path, text: str) -> Iterator[None]:
    """A file has another text for a while.

    Args:
        file: a text file; it must exist.
        text: its other text.
    """
    before = file.read_text()
    file.write_text(text)
    try:
        yield
    finally:
        file.write_text(before)
