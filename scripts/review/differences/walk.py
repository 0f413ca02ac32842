"""Walks through both sides of a change, and collects what differs at each path."""

import sys
from collections.abc import Iterable, Mapping
from typing import Any

from ..canonical import parsed
from ..model import NOTHING, Action, Change, Difference, Path, Shown
from ..reading.sensitive import any_marked
from ..secrets.mask import MASKED, UNKNOWN, Mask, without_marked
from ..secrets.paths import PAIR_VALUES, name_of, pair_name, part
from ..secrets.shown import said
from . import lists, text_lines
from .noise import Noise, empty

_SIMPLE = frozenset({bool, int, float, type(None)})
_MAY_OPEN_JSON = frozenset("{[ \t\r\n")
_PENDING: Any = object()
"""Represents a value that is known only after the apply."""

Remembered = dict[tuple[Any, ...], tuple[Difference, ...]]
"""What is shown of two simple values at a path. The changes of a plan have most of these in common."""


class Walk:
    """The differences between both sides of a change.

    Args:
        mask: masks the values.
        one_sided: the resource exists only before or only after.
        forcing: the paths that force a replacement.
        remembered: what earlier walks with this mask have found of simple values.

    Attributes:
        found: the differences.
        folded: how many differences have no meaning.
        reordered: one of those is a JSON text that says the same in another order or spacing.
    """

    def __init__(
        self, mask: Mask, one_sided: bool, forcing: tuple[Path, ...] = (), remembered: Remembered | None = None
    ) -> None:
        self.mask = mask
        self.one_sided = one_sided
        self.forcing = forcing
        self.forcing_names = {path[0] for path in forcing if path}
        self.remembered = Remembered() if remembered is None else remembered
        self.found: list[Difference] = []
        self.folded = 0
        self.reordered = False

    def resource(self, change: Change, noise: Noise) -> None:
        """Compare a resource's attributes; noise is only counted."""
        before, after = change.before or {}, change.after or {}
        unknown = change.unknown if change.action is not Action.DESTROY else False
        unknowns = unknown if isinstance(unknown, dict) else {}
        marks = tuple(filter(any_marked, (change.before_sensitive, change.after_sensitive)))
        # Most attributes of most resources are equal on both sides, so they are left out first.
        names = {
            name
            for name in {*before, *after, *_names(unknown)}
            if before.get(name) != after.get(name) or unknown is True or unknowns.get(name)
        }
        for name in sorted(names):
            old, new, pending = before.get(name), after.get(name), unknown is True or unknowns.get(name)
            if name not in self.forcing_names and self._is_noise(change, noise, name, pending):
                self.folded += 1
                continue
            if name == "tags_all" and pending is not True and _are(dict, old, new, {}):
                old, new = self._without_tags(old, new, before.get("tags"), after.get("tags"))
            self.compare((name,), old, new, pending, _inner(marks, name))

    def _is_noise(self, change: Change, noise: Noise, name: str, pending: Any) -> bool:
        if pending is True and (name == "tags_all" or noise.unknown(change, name)):
            return True
        return noise.mirror(change, name)

    def _without_tags(self, old: Any, new: Any, tags_old: Any, tags_new: Any) -> tuple[Any, Any]:
        """The differences in `tags_all` that are not also in `tags`: the provider's default tags."""
        keys = {*(old or ()), *(new or ())}
        mirrored = {
            key for key in keys if (part(old, key), part(new, key)) == (part(tags_old, key), part(tags_new, key))
        }
        self.folded += sum(part(old, key) != part(new, key) for key in mirrored)
        kept = [{key: each[key] for key in each or () if key not in mirrored} for each in (old, new)]
        return kept[0], kept[1]

    def compare(
        self, path: Path, before: Any, after: Any, unknown: Any, marks: tuple[Any, ...], name: str = ""
    ) -> None:
        """Collect the differences between two values.

        Args:
            path: the path to the values.
            before: the value before.
            after: the value after.
            unknown: the structure of marks for unknown values in `after`.
            marks: structures of sensitive marks; a value that one of them marks is masked.
            name: the value's name if its path does not contain it.
        """
        if _is_simple(before) and (unknown is True or (not unknown and _is_simple(after))):
            self._simple(path, before, _PENDING if unknown is True else after, marks, name)
            return
        if unknown is True:
            after = _PENDING
        elif before == after and not any_marked(unknown):
            return
        old, new = _opened(before), _opened(after)
        if marks and True in marks:
            self._masked(path, before, after)
        elif empty(before) and empty(after) and not any_marked(unknown):
            self.folded += not self.one_sided
        elif old == new and not any_marked(unknown):
            self.folded += 1
            self.reordered = True
        elif _are(dict, old, new, unknown):
            self._objects(path, old or {}, new or {}, unknown, marks)
        elif _are(list, old, new, unknown):
            self._lists(path, old or [], new or [], unknown, marks, name)
        else:
            self._values(path, before, after, name)

    def _simple(self, path: Path, before: Any, after: Any, marks: tuple[Any, ...], name: str) -> None:
        """Compare two texts, numbers or booleans, which most attributes are; one may be missing, or not known yet."""
        if before == after:
            return
        if marks and True in marks:
            self._masked(path, before, after)
        elif empty(before) and empty(after):
            self.folded += not self.one_sided
        elif path[0] in self.forcing_names:
            self._values(path, before, after, name)
        else:
            key = (path, name, type(before), before, type(after), after)  # 1 equals True
            known = self.remembered.get(key)
            if known is None:
                start = len(self.found)
                self._values(path, before, after, name)
                self.remembered[key] = tuple(self.found[start:])
            else:
                self.found += known

    def _values(self, path: Path, before: Any, after: Any, name: str) -> None:
        """Note two values that differ: texts of several lines by line."""
        lines = text_lines.changed(self.mask, before, after, name or name_of(path))
        if lines is None:
            self._note(path, self._text(before, path, name), self._text(after, path, name))
        for place, old, new in lines or ():
            self._note(path, old, new, place)

    def _objects(
        self, path: Path, before: Mapping[str, Any], after: Mapping[str, Any], unknown: Any, marks: tuple[Any, ...]
    ) -> None:
        named = pair_name(after) or pair_name(before)
        for key in sorted({*before, *after, *_names(unknown)}):
            self.compare(
                (*path, key),
                before.get(key),
                after.get(key),
                part(unknown, key),
                _inner(marks, key),
                named if key in PAIR_VALUES else "",
            )

    def _lists(
        self, path: Path, before: list[Any], after: list[Any], unknown: Any, marks: tuple[Any, ...], name: str
    ) -> None:
        """Compare element by element; as a whole if one side is empty, or if only the order differs."""
        pending = unknown if isinstance(unknown, list) else []
        after = [*after, *([None] * (len(pending) - len(after)))]  # unknown blocks may be missing in `after`
        scalars = not any(isinstance(each, dict | list) for each in (*before, *after, *pending))
        noted = len(self.found), self.folded
        if (before and after) or not scalars:
            known = [UNKNOWN if part(unknown, at) is True else each for at, each in enumerate(after)]
            for old, new in lists.pairs(before, known):
                places = [at for at in (new, old) if at is not None]
                inner = tuple(each for at in places for each in _inner(marks, at))
                one, other = part(before, _at(old)), part(after, _at(new))
                self.compare((*path, places[0]), one, other, part(unknown, _at(new)), inner, name)
        if noted == (len(self.found), self.folded):
            old_text = self.mask.text(without_marked(before, marks), name or name_of(path)) if before else None
            new_text = self.mask.text(_pending(without_marked(after, marks), unknown), name or name_of(path))
            self._note(path, old_text, new_text if after else None)

    def _masked(self, path: Path, before: Any, after: Any) -> None:
        old, new = (UNKNOWN if each is _PENDING else None if each is None else MASKED for each in (before, after))
        self._note(path, old, new)

    def _text(self, value: Any, path: Path, name: str) -> Shown | None:
        if value is _PENDING:
            return UNKNOWN
        return None if empty(value) else self.mask.text(value, name or name_of(path))

    def _note(self, path: Path, before: Shown | None, after: Shown | None, place: Shown = NOTHING) -> None:
        forces = path[0] in self.forcing_names and any(path[: len(each)] == each[: len(path)] for each in self.forcing)
        name = self.mask.path(path)
        self.found.append(Difference(said("{} {}", name, place) if place else name, before, after, forces))


def _is_simple(value: Any) -> bool:
    """Whether a value is a number, a boolean, None, or a text without JSON."""
    kind = type(value)
    return kind in _SIMPLE or (kind is str and value[:1] not in _MAY_OPEN_JSON)


def _names(unknown: Any) -> Iterable[str]:
    """The names in a structure of unknown marks with something unknown in them."""
    return [name for name, each in unknown.items() if any_marked(each)] if isinstance(unknown, dict) else ()


def _inner(marks: tuple[Any, ...], step: str | int) -> tuple[Any, ...]:
    """The part of structures of marks below a step; a single True marks everything below it."""
    return tuple(inner for each in marks if (inner := each is True or part(each, step))) if marks else ()


def _at(place: int | None) -> int:
    """An index in a list; for None, an index beyond its end."""
    return sys.maxsize if place is None else place


def _opened(value: Any) -> Any:
    """The parsed JSON of a text; any other value as it is."""
    document = parsed(value) if isinstance(value, str) else None
    return value if document is None else document


def _are(kind: type, before: Any, after: Any, unknown: Any) -> bool:
    """Whether to compare two sides as objects, or as lists: each side is one, or empty."""
    old, new = isinstance(before, kind), isinstance(after, kind)
    return (old or new or isinstance(unknown, kind)) and (old or empty(before)) and (new or empty(after))


def _pending(value: Any, unknown: Any) -> Any:
    """A structure with UNKNOWN in place of each unknown value."""
    if unknown is True:
        return UNKNOWN
    if isinstance(value, list):
        return [_pending(each, part(unknown, at)) for at, each in enumerate(value)]
    return value
