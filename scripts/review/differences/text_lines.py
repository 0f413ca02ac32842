"""Compares scripts and configuration files line by line, so that a long text does not hide the line that changes."""

from collections import Counter
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from typing import Any

from ..model import Shown
from ..secrets.mask import Mask
from ..secrets.shown import joined, said

Line = tuple[str, Shown]
"""A line as it is, and as it is shown."""

_MOST_SHOWN = 40
# Comparing takes time with the product of the lines, and more if many are alike. Longer texts are shown as a whole.
_MOST_PAIRS = 40_000
_MOST_ALIKE = 1_000


def changed(mask: Mask, before: Any, after: Any, name: str) -> list[tuple[Shown, Shown | None, Shown | None]] | None:
    """The lines in which two texts differ.

    Args:
        mask: masks and decodes them.
        before: the value before.
        after: the value after.
        name: the name of their attribute.

    Returns:
        For each difference: its place in words, the line before and the line after; None for a line that one side
        lacks. None instead of a list if they are not two texts with several lines.
    """
    if not isinstance(before, str) or not isinstance(after, str):
        return None
    old = mask.lines(before, name)
    new = mask.lines(after, name) if old is not None else None
    if old is None or new is None:
        return None
    start = _same(old, new)
    end = _same(old[: start - 1 if start else None : -1], new[: start - 1 if start else None : -1])
    old, new = old[start : len(old) - end], new[start : len(new) - end]
    found = list(_lines(old, new, start)) if _is_quick(old, new) else []
    if 0 < len(found) <= _MOST_SHOWN:
        return found
    return [(said("from line {} on", start + 1), _joined(old), _joined(new))]


def _same(old: Sequence[Line], new: Sequence[Line]) -> int:
    """How many lines two texts have in common at their start."""
    most = min(len(old), len(new))
    return next((at for at in range(most) if old[at][0] != new[at][0]), most)


def _is_quick(old: Sequence[Line], new: Sequence[Line]) -> bool:
    if len(old) * len(new) > _MOST_PAIRS:
        return False
    counts = Counter(line for line, _ in new)
    return sum(counts[line] for line, _ in old) <= _MOST_ALIKE


def _lines(old: Sequence[Line], new: Sequence[Line], start: int) -> Iterator[tuple[Shown, Shown | None, Shown | None]]:
    matcher = SequenceMatcher(None, [line for line, _ in old], [line for line, _ in new], autojunk=False)
    for kind, old_from, old_to, new_from, new_to in matcher.get_opcodes():
        if kind == "equal":
            continue
        for at in range(max(old_to - old_from, new_to - new_from)):
            before = old[old_from + at][1] if old_from + at < old_to else None
            after = new[new_from + at][1] if new_from + at < new_to else None
            if (before or "").strip() or (after or "").strip():
                place = new_from + at if after is not None else old_from + at
                yield said("line {}", start + place + 1), before, after


def _joined(lines: Sequence[Line]) -> Shown | None:
    return joined("\n", (shown for _, shown in lines)) if lines else None
