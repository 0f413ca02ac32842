"""Fits sections of items into a comment, the most important first, and counts the items that are left out."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from . import words

_NOTE = 240  # characters reserved for the line that counts the items left out
_KINDS = 6  # how many kinds that line names


@dataclass(frozen=True, slots=True)
class Item:
    """A text that is shown as a whole or left out.

    Attributes:
        kind: its kind in the count, such as `replace` or `high`.
        write: gives its text; called only if there may be room for it.
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
        blocks: its content.
        closing: its end.
        noun: the noun for its items, such as `change`.
        share: the part of the remaining room that it may take even if later sections need it.
        shorter: the same items in fewer words, once or more: the first that fit as a whole are shown, else the last.
    """

    opening: str
    blocks: Sequence[Block]
    closing: str
    noun: str
    share: float
    shorter: Sequence[Sequence[Block]] = ()

    def fit(self, room: int) -> str:
        """The section in at most ``room`` characters, with a count of the items left out; empty if it does not fit."""
        text, left = self._fill(self.blocks, room)
        for blocks in self.shorter:
            if left:
                text, left = self._fill(blocks, room)
        text = f"{self.opening}{text}{_note(left, self.noun)}{self.closing}" if text else _note(left, self.noun)
        return text if len(text) <= room else ""

    def _fill(self, blocks: Sequence[Block], room: int) -> tuple[str, list[Item]]:
        """As many items as fit, in the given order, and the items that do not fit."""
        parts, left = list[str](), list[Item]()
        free = room - len(self.opening) - len(self.closing) - _NOTE
        for block in blocks:
            texts = _fitting(block, free) if not left else []
            left.extend(block.items[len(texts) :])
            if texts:
                parts.append(block.opening + "".join(texts) + block.closing)
                free -= len(parts[-1])
        return "".join(parts), left


def _note(left: Sequence[Item], noun: str) -> str:
    if not left:
        return ""
    kinds = Counter(item.kind for item in left if item.kind).most_common(_KINDS)
    named = ", ".join(f"{count:,} {kind}" for kind, count in kinds)
    return f"_No room for {words.plural(len(left), noun)}{f' ({named})' if named else ''}: review.html has them._\n\n"


def _fitting(block: Block, free: int) -> list[str]:
    """The texts of the block's first items, as many as fit."""
    texts = []
    free -= len(block.opening) + len(block.closing)
    for item in block.items:
        text = item.write()
        free -= len(text)
        if free < 0:
            break
        texts.append(text)
    return texts


def fill(sections: Iterable[Section], room: int) -> str:
    """Fit the sections into ``room`` characters.

    Each section may take its share of the remaining room, and more if the later ones do not need theirs.
    """
    ordered = list(sections)
    needs = [len(section.fit(room + _NOTE)) for section in ordered]
    written = []
    for place, section in enumerate(ordered):
        spare = room - sum(needs[place + 1 :])
        text = section.fit(min(room, max(spare, int(room * section.share))))
        written.append(text)
        room -= len(text)
    return "".join(written)
