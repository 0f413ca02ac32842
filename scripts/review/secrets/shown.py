"""Makes shown texts of the review's own words and of other shown texts. `mask.py` makes those of values."""

from collections.abc import Iterable

from ..model import Shown


def said(words: str, *values: Shown | int) -> Shown:
    """The review's own words, with a shown text or a number in place of each `{}`.

    Args:
        words: a literal, never a value of a plan; a test checks that.
        values: the texts and numbers.
    """
    return Shown(words.format(*values) if values else words)


def joined(separator: str, texts: Iterable[Shown]) -> Shown:
    """Shown texts as one."""
    return Shown(separator.join(texts))


def ending(text: Shown, length: int) -> Shown:
    """The end of a long shown text, in which addresses differ; from a dot on if there is one."""
    if len(text) <= length:
        return text
    end = text[-length + 1 :]
    return Shown(f"…{end[end.find('.') + 1 :]}")
