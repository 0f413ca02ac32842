"""markdown."""

from collections.abc import Sequence

from scripts.review.model import Review


def markdown(reviews: Sequence[Review], limit: int = 65_536) -> str:
    """Not yet."""
    return "\n".join(review.verdict for review in reviews)
