"""Texts from a plan, put into Markdown so that they are read there and do nothing else.

On GitHub a text can become more than itself: emphasis, HTML, a table's next cell, a link, an image, a mention that
sends mail, a reference to an issue or a commit, an emoji, a formula. In a code span or a code block nothing does.

https://github.github.com/gfm/#code-spans
https://docs.github.com/en/get-started/writing-on-github/working-with-advanced-formatting/autolinked-references-and-urls
"""

import re

from scripts.review.render import words

# Words and short numbers, with the marks of a sentence around them. Whatever else there is may mean something.
_WORD = re.compile(
    r"""[("']*
        (?: [^\W\d_]+ (?:['/-][^\W\d_]+)* | \d{1,6} (?:[.,]\d{1,6})* %? | → )
        [)"'.,;:!?…]*""",
    re.VERBOSE,
)
# Rules write code between backticks, blanks within it and all.
_CODE = re.compile(r"""([("']*)`([^`]+)`([)"'.,;:!?…]*)(?!\S)""")
_TOKEN = re.compile(rf"(?<!\S){_CODE.pattern}|\S+")
# What ends a sentence stands outside of the code before it, and so do brackets, but for those within the code.
_BRACKETS = re.compile(r"(\(?)([^()]*[^().,;:!?])(\)?[.,;:!?]*)")
_END = re.compile(r"()(.*?[^.,;:!?])([.,;:!?]*)", re.DOTALL)
_BACKTICKS = re.compile("`+")
_URL = re.compile(r"https://[A-Za-z0-9.-]+(?:/[A-Za-z0-9._~/%#?=&-]*)?")


def prose(text: str, length: int) -> str:
    """A sentence: its plain words as they are, whatever else is in it as code.

    Args:
        text: any text; it becomes one line.
        length: where to cut it.
    """
    return " ".join(_token(found[0]) for found in _TOKEN.finditer(words.shortened(words.visible(text), length)))


def code(text: str, length: int) -> str:
    """A name or a value as a code span; ``""`` stands for an empty one."""
    return _span(line(text, length) or '""')


def line(text: str, length: int) -> str:
    """A text as a part of a line in a code block."""
    return words.shortened(words.visible(text), length)


def link(url: str) -> str:
    """The address of a page that a rule names, as a link; as code where it is no plain https address."""
    return f"<{url}>" if is_page(url) else code(url, 300)


def is_page(url: str) -> bool:
    """Whether this is the address of a page, and nothing else."""
    return _URL.fullmatch(url) is not None


def _token(token: str) -> str:
    if _WORD.fullmatch(token):
        return token
    parts = _CODE.fullmatch(token) or _BRACKETS.fullmatch(token) or _END.fullmatch(token)
    return f"{parts[1]}{_span(parts[2])}{parts[3]}" if parts else _span(token)


def _span(text: str) -> str:
    """Code between runs of backticks of a length that the text does not have."""
    lengths = {len(run) for run in _BACKTICKS.findall(text)}
    fence = "`" * next(length for length in range(1, len(text) + 2) if length not in lengths)
    blank = text.startswith(" ") and text.endswith(" ")  # of which Markdown would take away one on each side
    space = " " if blank or text.startswith("`") or text.endswith("`") else ""
    return f"{fence}{space}{text}{space}{fence}"
