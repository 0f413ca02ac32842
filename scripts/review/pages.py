"""Writes reviews into a folder: review.md, review.html, review.json, review.sarif."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ..core.printable import json_text
from . import render
from .model import Review

COMMENT = 65_000
"""GitHub accepts 65,536 characters in a comment; the rest is room for a caller's own marker."""


def write(folder: Path, reviews: Sequence[Review], more: Mapping[str, Any] | None = None) -> tuple[Path, Path, Path]:
    """Write the pages, readable only by the user.

    Args:
        folder: the target folder; created if missing.
        reviews: one for each plan.
        more: further members for review.json.

    Returns:
        The paths of review.md, review.html and review.json.
    """
    # No indent: json then uses its C encoder, which is six times as fast.
    data = json_text({**render.data(reviews), **(more or {})})
    texts = {"review.md": render.markdown(reviews, COMMENT), "review.html": render.html(reviews), "review.json": data}
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in texts.items():
        _write(folder / name, text)
    return folder / "review.md", folder / "review.html", folder / "review.json"


def write_sarif(folder: Path, reviews: Sequence[Review]) -> Path:
    """Write review.sarif, for code scanning, as `write` writes the pages. Takes the folder and the reviews."""
    file = folder / "review.sarif"
    _write(file, json_text(render.sarif(reviews)))
    return file


def _write(file: Path, text: str) -> None:
    """Write a file that nobody else may read, also if it exists with other permissions."""
    file.touch(mode=0o600)
    file.chmod(0o600)
    file.write_text(text, encoding="utf-8")
