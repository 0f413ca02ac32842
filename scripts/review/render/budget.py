"""What fits into a comment: sections of items, the most important first, and what was left out, counted."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from scripts.review.render import words

_NOTE = 240  # characters kept for the line that says what was left out
_KINDS = 6  # how many kinds it names


@dataclass(frozen=True, slots=True)
class Item:
    """A piece that is shown whole or left out.

    Attributes:
        kind: what it is counted as, such as `replace` or `high`.
        write: gives its text, only where there may be room for it.
    """

    kind: str
    write: Callable[[], str]


@dataclass(frozen=True, slots=True)
class Block:
    """Items between an opening and a closing text."""

    opening: str
    items: Sequence[Item]
    closing: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the comment.

    Attributes:
        opening: its heading.
        blocks: what is in it.
        closing: what ends it.
        noun: what its items are, such as `change`.
        share: of the room that is left, the part that it may take whatever comes after it.
        brief: less of each item, for when there is no room for all of it; none where there is no less.
    """

    opening: str
    blocks: Sequence[Block]
    closing: str
    noun: str
    share: float
    brief: Sequence[Block] = ()

    def fitted(self, room: int) -> str:
        """The section in at most ``room`` characters, saying what of it is left out; empty where that is too much."""
        text, left = self._filled(self.blocks, room)
        if left and self.brief:
            text, left = self._filled(self.brief, room)
        text = f"{self.opening}{text}{_note(left, self.noun)}{self.closing}" if text else _note(left, self.noun)
        return text if len(text) <= room else ""

    def _filled(self, blocks: Sequence[Block], room: int) -> tuple[str, list[Item]]:
        """As many items as fit, in the order given, and those that do not."""
        parts, left = list[str](), list[Item]()
        free = room - len(self.opening) - len(self.closing) - _NOTE
        for block in blocks:
            taken = _taken(block, free) if not left else []
            left.extend(block.items[len(taken) :])
            if taken:
                parts.append(block.opening + "".join(taken) + block.closing)
                free -= len(parts[-1])
        return "".join(parts), left


def _note(left: Sequence[Item], noun: str) -> str:
    if not left:
        return ""
    kinds = Counter(item.kind for item in left if item.kind).most_common(_KINDS)
    named = ", ".join(f"{count:,} {kind}" for kind, count in kinds)
    return f"_No room for {words.plural(len(left), noun)}{f' ({named})' if named else ''}: review.html has them._\n\n"


def _taken(block: Block, free: int) -> list[str]:
    """The texts of the block's first items, as many as fit."""
    taken = []
    free -= len(block.opening) + len(block.closing)
    for item in block.items:
        text = item.write()
        free -= len(text)
        if free < 0:
            break
        taken.append(text)
    return taken


def fill(sections: Iterable[Section], room: int) -> str:
    """Fit the sections into ``room`` characters.

    Each may take its share of what is left, and more where those after it do not need theirs.
    """
    ordered = list(sections)
    needs = [len(section.fitted(room + _NOTE)) for section in ordered]
    written = []
    for place, section in enumerate(ordered):
        spare = room - sum(needs[place + 1 :])
        text = section.fitted(min(room, max(spare, int(room * section.share))))
        written.append(text)
        room -= len(text)
    return "".join(written)
