"""Escapes texts from a plan for Markdown, so that they are only displayed.

GitHub interprets plain text: as emphasis, HTML, a table cell, a link, an image, a mention that sends mail, a reference
to an issue or a commit, an emoji, a formula. It interprets nothing in a code span or a code block.

https://github.github.com/gfm/#code-spans
https://docs.github.com/en/get-started/writing-on-github/working-with-advanced-formatting/autolinked-references-and-urls
"""

import re

from ...core.printable import visible
from . import words

# Words and short numbers with punctuation. Anything else may have a meaning for GitHub.
_WORD = re.compile(
    r"""[("']*
        (?: [^\W\d_]+ (?:['/-][^\W\d_]+)* | \d{1,6} (?:[.,]\d{1,6})* %? | → )
        [)"'.,;:!?…]*""",
    re.VERBOSE,
)
# Rules write code between backticks, which may contain spaces.
_CODE = re.compile(r"""([("']*)`([^`]+)`([)"'.,;:!?…]*)(?!\S)""")
_TOKEN = re.compile(rf"(?<!\S){_CODE.pattern}|\S+")
# Punctuation at the end of a sentence and brackets around code stay outside of the code span.
_BRACKETS = re.compile(r"(\(?)([^()]*[^().,;:!?])(\)?[.,;:!?]*)")
_END = re.compile(r"()(.*?[^.,;:!?])([.,;:!?]*)", re.DOTALL)
_BACKTICKS = re.compile("`+")
_URL = re.compile(r"https://[A-Za-z0-9.-]+(?:/[A-Za-z0-9._~/%#?=&-]*)?")


def prose(text: str, length: int) -> str:
    """A sentence with its plain words as they are and everything else as code.

    Args:
        text: any text; it becomes one line.
        length: the maximum length.
    """
    return " ".join(_token(found[0]) for found in _TOKEN.finditer(words.shortened(visible(text), length)))


def code(text: str, length: int) -> str:
    """A name or a value as a code span; an empty one becomes ``""``."""
    return _span(line(text, length) or '""')


def line(text: str, length: int) -> str:
    """A text for a line in a code block."""
    return words.shortened(visible(text), length)


def link(url: str) -> str:
    """The URL of a rule's page as a link; as code if it is not a plain https URL."""
    return f"<{url}>" if is_page(url) else code(url, 300)


def is_page(url: str) -> bool:
    """Whether this is the URL of a page and nothing else."""
    return _URL.fullmatch(url) is not None


def _token(token: str) -> str:
    if _WORD.fullmatch(token):
        return token
    parts = _CODE.fullmatch(token) or _BRACKETS.fullmatch(token) or _END.fullmatch(token)
    return f"{parts[1]}{_span(parts[2])}{parts[3]}" if parts else _span(token)


def _span(text: str) -> str:
    """A code span, with a run of backticks whose length does not occur in the text."""
    lengths = {len(run) for run in _BACKTICKS.findall(text)}
    fence = "`" * next(length for length in range(1, len(text) + 2) if length not in lengths)
    blank = text.startswith(" ") and text.endswith(" ")  # Markdown would strip one space on each side
    space = " " if blank or text.startswith("`") or text.endswith("`") else ""
    return f"{fence}{space}{text}{space}{fence}"
