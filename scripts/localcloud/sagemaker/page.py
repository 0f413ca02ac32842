"""Puts the table of what is supported into docs/local-cloud.md: ``python -m scripts.localcloud.sagemaker.page``."""

from pathlib import Path

from scripts.localcloud.sagemaker.support import OPERATIONS, Fate

PAGE = Path("docs/local-cloud.md")
START = "<!-- Made by `python -m scripts.localcloud.sagemaker.page` -->\n"
END = "<!-- End of what is made -->\n"


def table() -> str:
    """One row for each member of each operation, in Markdown."""
    rows = ["| Operation | Member | Supported | Notes |", "|---|---|---|---|"]
    for operation, members in OPERATIONS.items():
        shown = operation
        for path, member in members.items():
            note = member.note
            if member.fate is Fate.REFUSED:
                note = note.removesuffix(".")
            rows.append(f"| {shown} | {path} | {member.fate.value} | {note} |")
            shown = ""
    return "\n".join(rows) + "\n"


def filled(page: str) -> str:
    """A page with the table between its two marks."""
    before, _, rest = page.partition(START)
    _, _, after = rest.partition(END)
    return before + START + table() + END + after


if __name__ == "__main__":
    PAGE.write_text(filled(PAGE.read_text()))
