"""Writes docs/errors.md from the table: ``python -m tests.errors.page > docs/errors.md``."""

import re
from itertools import groupby

from tests.errors.interrupts import INTERRUPTS
from tests.errors.table import CASES

HEAD = """\
# Errors and their messages

Every known error prints two lines: what is wrong, with its value and place, and what to do about it. The exit code is
2; nothing was created and nothing was lost. In the tables, `…` stands for text that differs from case to case.
(`python -m tests.errors.page > docs/errors.md` writes this page from the table of the tests.)

A bug in Trainyard prints its traceback and a line that asks you to report it; the exit code is 1. After Ctrl-C, one
line says what exists now and which command continues or removes it; the exit code is 130.
"""


def page() -> str:
    """The whole page."""
    parts = [HEAD]
    for group, cases in groupby(CASES, key=lambda case: case.group):
        rows = [f"| {case.title} | {_cell(case.problem)}<br>{_cell(case.fix)} |" for case in cases]
        parts.append("\n".join([f"\n## {group}\n", "| Error | Message |", "|---|---|", *rows, ""]))
    rows = [f"| `{_cell(one.typed)}` | {one.moment} | {_cell(one.message)} |" for one in INTERRUPTS]
    parts.append("\n".join(["\n## Ctrl-C\n", "| Command | While | Message |", "|---|---|---|", *rows, ""]))
    return "".join(parts)


def _cell(text: str) -> str:
    named = re.sub(r"\{\w+\}", "<job>", text)  # a run of the test suite
    return named.replace("|", "\\|").replace("<", "&lt;").replace(">", "&gt;")


if __name__ == "__main__":
    print(page(), end="")
