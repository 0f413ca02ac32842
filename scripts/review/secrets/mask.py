"""Masks the values of a plan for display.

A value is masked as a whole if
- its place is marked sensitive, before or after, whatever its type;
- its text contains, in clear or encoded, a text that is marked sensitive anywhere in the plan;
- its name says that it is a secret, although nobody marked it.

Of other texts only the part that looks like a secret is masked, and of a script only the lines with one, so that you
can read the rest. Base64 is decoded first.

Names of attributes, resources and modules come from the configuration and are shown. Keys of instances and maps are
values, and are masked like values.
"""

import json
import re
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from ..canonical import parsed
from ..model import Change, Path, Plan, Shown
from .encoded import decoded, expanded
from .names import Secrecy, secrecy
from .paths import PAIR_VALUES, at_path, marked, name_of, pair_name, part
from .search import SecretSearch
from .shown import said
from .spans import named_spans, secret_spans
from .values import MASKED as _MASKED
from .values import SUSPECT, holds_secret

__all__ = ["MASKED", "SUSPECT", "UNKNOWN", "Mask", "without_marked"]

MASKED = Shown(_MASKED)
UNKNOWN = said("(known after apply)")

_ENCODER = json.JSONEncoder(ensure_ascii=False)
_KEY = re.compile(r'\["((?:[^"\\]|\\.)*)"\]')
_NAME = re.compile(r"[A-Za-z_][\w-]*")


class Mask:
    """Masks a plan's values for display.

    Args:
        plan: the plan with the secrets.
    """

    def __init__(self, plan: Plan) -> None:
        self._secrets = SecretSearch(plan.secrets)
        self._texts: dict[tuple[str, str], Shown] = {}
        self._numbers: dict[tuple[type, Any], Shown] = {}
        self._paths: dict[Path, Shown] = {}
        self._addresses: dict[str, Shown] = {}
        self._sentences: dict[str, Shown] = {}

    def hides(self, text: str) -> bool:
        """Whether a text contains a secret that is marked somewhere in the plan."""
        return self._secrets.found_in(text)

    def text(self, value: Any, name: str = "") -> Shown:
        """A value, masked by its content and its name.

        Args:
            value: any value of a plan: a string is shown as it is, anything else as JSON.
            name: the name of the attribute, variable or key; empty if there is none.
        """
        if isinstance(value, str):
            return self._string(value, name)
        if isinstance(value, dict | list):
            return Shown(self._as_json(self._mask_leaves(value, name)))
        shown = self._numbers.get((type(value), value))
        if shown is None:
            text = json.dumps(value)
            hidden = not isinstance(value, bool | None) and self.hides(text)
            shown = self._numbers[type(value), value] = MASKED if hidden else Shown(text)
        return shown

    def address(self, address: str) -> Shown:
        """An address with keys masked that are secrets; names are shown."""
        if '["' not in address:
            return Shown(address)
        text = self._addresses.get(address)
        if text is None:
            text = self._addresses[address] = Shown(_KEY.sub(self._key, address))
        return text

    def path(self, path: Path) -> Shown:
        """A path, masked: `rule[0].tags["a b"]`. Its first name comes from the schema, later ones may be keys."""
        text = self._paths.get(path)
        if text is None:
            text = self._paths[path] = Shown("".join(self._step(step, at == 0) for at, step in enumerate(path)))
        return text

    def value(self, change: Change, side: str, path: Path) -> Shown:
        """A value of a change, masked by its place, its name and its content.

        Args:
            change: the change.
            side: `before` or `after`.
            path: the path to the value; a missing value is shown as `null`.
        """
        if marked(change.before_sensitive, path) or marked(change.after_sensitive, path):
            return MASKED
        if side == "after" and marked(change.unknown, path):
            return UNKNOWN
        value: Any = change.before if side == "before" else change.after
        for step in path:
            value = part(value, step)
        if isinstance(value, dict | list):
            marks = [at_path(each, path) for each in (change.before_sensitive, change.after_sensitive)]
            value = without_marked(value, marks)
        return self.text(value, name_of(path))

    def sentence(self, text: str) -> Shown:
        """A finished sentence of the review, with words masked that contain a secret."""
        shown = self._sentences.get(text)
        if shown is None:
            shown = self._sentences[text] = Shown(self._without_secrets(text))
        return shown

    def _without_secrets(self, text: str) -> str:
        if not self.hides(text):
            return text
        words = " ".join(MASKED if self.hides(word) else word for word in text.split(" "))
        return MASKED if self.hides(words) else words

    def _string(self, text: str, name: str) -> Shown:
        shown = self._texts.get((text, name))
        if shown is None:
            shown = self._texts[text, name] = Shown(self._masked_text(text, name))
        return shown

    def lines(self, text: str, name: str = "") -> list[tuple[str, Shown]] | None:
        """The lines of a text that is shown line by line: a script, a configuration file, or such a text in base64.

        Args:
            text: the text.
            name: the name of its attribute.

        Returns:
            Each line as it is, decoded, and as it is shown. None if it is not such a text or masked as a whole.
        """
        return None if holds_secret(name, text) else self._lines(_plain(text), name)

    def _lines(self, plain: str, name: str) -> list[tuple[str, Shown]] | None:
        if "\n" not in plain or parsed(plain) is not None:
            return None
        whole = expanded(plain, named_spans)
        raw, shown = whole.split("\n"), _covered(whole, name)
        if self._secrets.found_in_lines(shown):
            shown = [MASKED if self.hides(line) else line for line in shown]
            if self.hides("\n".join(shown)):  # a secret may span several lines
                return None
        return list(zip(raw, map(Shown, shown), strict=True))

    def _masked_text(self, text: str, name: str) -> str:
        if text in (MASKED, UNKNOWN):
            return text
        if holds_secret(name, text):
            return MASKED if self.hides(text) else SUSPECT
        plain = _plain(text)
        lines = self._lines(plain, name)
        shown = self._masked_line(plain, name) if lines is None else "\n".join(line for _, line in lines)
        # Files and terminals cannot encode a lone surrogate.
        return shown if shown.isascii() else shown.encode("utf-8", "replace").decode()

    def _masked_line(self, text: str, name: str) -> str:
        """A text on one line, or JSON."""
        if self.hides(text):
            return MASKED
        document = parsed(text)
        if document is not None:
            inside = self._mask_leaves(document, name)
            return text if inside == document else self._as_json(inside)
        whole = expanded(text, named_spans)
        shown = "\n".join(_covered(whole, name))
        return MASKED if shown != text and self.hides(shown) else shown

    def _as_json(self, value: Any) -> str:
        """A structure as JSON; masked as a whole if a secret spans several leaves."""
        text = _ENCODER.encode(value).encode("utf-8", "replace").decode()
        return MASKED if self.hides(text) else text

    def _mask_leaves(self, value: Any, name: str) -> Any:
        """A structure with each leaf masked by its own name and content."""
        if isinstance(value, dict):
            named = pair_name(value)
            return {
                self._string(key, ""): self._mask_leaves(each, named if named and key in PAIR_VALUES else key)
                for key, each in value.items()
            }
        if isinstance(value, list):
            return [self._mask_leaves(each, name) for each in value]
        if isinstance(value, str):
            return self._string(value, name)
        if isinstance(value, bool | None):
            return value
        if secrecy(name) is Secrecy.SURE and holds_secret(name, json.dumps(value)):
            return SUSPECT
        return MASKED if self.hides(json.dumps(value)) else value

    def _key(self, found: re.Match[str]) -> str:
        plain = found[1]
        if "\\" in plain:
            with suppress(ValueError):
                plain = json.loads(f'"{plain}"')
        plain = plain.replace("$${", "${").replace("%%{", "%{")
        shown = self._string(plain, "")
        return found[0] if shown == plain else f'["{shown}"]'

    def _step(self, step: str | int, first: bool) -> str:
        if isinstance(step, int):
            return f"[{step}]"
        shown = step if first and _NAME.fullmatch(step) else self._string(step, "")
        if shown != step or not _NAME.fullmatch(shown):
            return f"[{json.dumps(shown, ensure_ascii=False)}]"
        return shown if first else f".{shown}"


def _plain(text: str) -> str:
    """What a text in base64 stands for; any other text as it is."""
    plain = decoded(text)
    return text if plain is None else plain


def without_marked(value: Any, marks: Sequence[Any]) -> Any:
    """A structure with MASKED in place of each value that one of the structures of marks marks."""
    if not marks:
        return value
    if any(each is True for each in marks):
        return MASKED
    if isinstance(value, dict):
        return {key: without_marked(each, [part(mark, key) for mark in marks]) for key, each in value.items()}
    if isinstance(value, list):
        return [without_marked(each, [part(mark, index) for mark in marks]) for index, each in enumerate(value)]
    return value


def _covered(text: str, name: str) -> list[str]:
    """The lines of a text with SUSPECT in place of each part that looks like a secret."""
    lines, spans = text.split("\n"), secret_spans(text, name)
    if not spans:
        return lines
    covered, offset, first = [], 0, 0
    for line in lines:
        parts, at = [], 0
        while first < len(spans) and spans[first][1] <= offset:
            first += 1
        for start, end in spans[first:]:
            if start >= offset + len(line):
                break
            parts += [line[at : max(start - offset, 0)], SUSPECT]
            at = min(end - offset, len(line))
        covered.append("".join([*parts, line[at:]]))
        offset += len(line) + 1
    return covered
