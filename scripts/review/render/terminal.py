"""terminal."""

from collections.abc import Sequence
from pathlib import Path

from scripts.review.model import Review


def terminal(review: Review, pages: Sequence[Path] = ()) -> list[str]:
    """Not yet."""
    return [review.verdict, *map(str, pages)]
