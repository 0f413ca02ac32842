"""Writes what is said of plans into a folder: review.md, review.html, review.json."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from scripts.review import render
from scripts.review.model import Review

COMMENT = 65_000
"""GitHub takes 65,536 characters as a comment; some are left for whoever marks the comment as theirs."""


def write(folder: Path, reviews: Sequence[Review], more: Mapping[str, Any] | None = None) -> tuple[Path, Path, Path]:
    """Write the pages, for the user alone.

    Args:
        folder: where to; made when missing.
        reviews: one for each plan.
        more: members that review.json has beyond the reviews.

    Returns:
        The paths of review.md, review.html and review.json.
    """
    # Without an indent: json then writes in C, six times as fast.
    data = json.dumps({**render.data(reviews), **(more or {})}, ensure_ascii=False)
    texts = {"review.md": render.markdown(reviews, COMMENT), "review.html": render.html(reviews), "review.json": data}
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in texts.items():
        _write(folder / name, text)
    return folder / "review.md", folder / "review.html", folder / "review.json"


def _write(file: Path, text: str) -> None:
    """Write a file that nobody else may read, also where one lies there that others may."""
    file.touch(mode=0o600)
    file.chmod(0o600)
    file.write_text(text, encoding="utf-8")
