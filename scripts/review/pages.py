"""Writes reviews into a folder: review.md, review.html, review.json, review.sarif."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ..core.printable import json_text
from . import render, second_process
from .model import Review

COMMENT = 65_000
"""GitHub accepts 65,536 characters in a comment; the rest is room for a caller's own marker."""


def write(
    folder: Path, reviews: Sequence[Review], more: Mapping[str, Any] | None = None, *, with_sarif: bool = False
) -> tuple[Path, ...]:
    """Write the pages, readable only by the user.

    Args:
        folder: the target folder; created if missing.
        reviews: one for each plan.
        more: further members for review.json.
        with_sarif: whether to write review.sarif too, for code scanning.

    Returns:
        The paths of review.md, review.html and review.json, and of review.sarif if it is written.
    """
    for_programs = second_process.start_if_large(
        sum(len(each.changes) for each in reviews), lambda: _for_programs(reviews, more or {}, with_sarif)
    )
    for_people = {"review.md": render.markdown(reviews, COMMENT), "review.html": render.html(reviews)}
    folder.mkdir(parents=True, exist_ok=True)
    texts = {**for_people, **for_programs()}
    for name, text in texts.items():
        _write(folder / name, text)
    return tuple(folder / name for name in texts)


def _for_programs(reviews: Sequence[Review], more: Mapping[str, Any], with_sarif: bool) -> dict[str, str]:
    # No indent: json then uses its C encoder, which is six times as fast.
    texts = {"review.json": json_text({**render.data(reviews), **more})}
    return texts | {"review.sarif": json_text(render.sarif(reviews))} if with_sarif else texts


def _write(file: Path, text: str) -> None:
    """Write a file that nobody else may read, also if it exists with other permissions."""
    file.touch(mode=0o600)
    file.chmod(0o600)
    file.write_text(text, encoding="utf-8")
