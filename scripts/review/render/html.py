"""html."""

from collections.abc import Sequence

from scripts.review.model import Review


def html(reviews: Sequence[Review]) -> str:
    """Not yet."""
    return "\n".join(review.verdict for review in reviews)
