"""Makes docs/errors.md from the table: ``python -m tests.errors.page > docs/errors.md``."""

import re
from itertools import groupby

from tests.errors.interrupts import INTERRUPTS
from tests.errors.table import CASES

HEAD = """\
# Mistakes, and what is said about them

Every mistake that can be foreseen is answered in two lines: what is wrong, with its value and place, and what to do.
The exit code is 2, nothing has been created and nothing lost. In the tables `…` stands for what differs from case to
case. (They are made from the tests' own table by `python -m tests.errors.page > docs/errors.md`.)

What is not a mistake of yours, but one of Trainyard's, shows its traceback and a line that says so; its exit code is 1.
After Ctrl-C one line says what exists now, and which command goes on or removes it; the exit code is 130.
"""


def page() -> str:
    """The whole page."""
    parts = [HEAD]
    for group, cases in groupby(CASES, key=lambda case: case.group):
        rows = [f"| {case.mistake} | {_cell(case.problem)}<br>{_cell(case.fix)} |" for case in cases]
        parts.append("\n".join([f"\n## {group}\n", "| What happened | What is said |", "|---|---|", *rows, ""]))
    rows = [f"| `{_cell(one.typed)}` | {one.moment} | {_cell(one.said)} |" for one in INTERRUPTS]
    parts.append("\n".join(["\n## Ctrl-C\n", "| Command | While | What is said |", "|---|---|---|", *rows, ""]))
    return "".join(parts)


def _cell(text: str) -> str:
    named = re.sub(r"\{\w+\}", "<job>", text)  # a run that the suite has made
    return named.replace("|", "\\|").replace("<", "&lt;").replace(">", "&gt;")


if __name__ == "__main__":
    print(page(), end="")
