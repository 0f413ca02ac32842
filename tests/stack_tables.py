"""The tables of variables and outputs in the pages about terraform/, made from its files.

``python -m tests.stack_tables`` writes them between the marks ``<!-- variables: FOLDER -->`` and ``<!-- end -->``.
"""

import re
from pathlib import Path

from tests.conftest import ROOT

PAGES = (ROOT / "docs/infrastructure.md", *sorted((ROOT / "terraform/modules").glob("*/README.md")))
TABLE = re.compile(r"<!-- (variables|outputs): (\S+) -->\n.*?<!-- end -->", re.DOTALL)
BLOCK = re.compile(r'^(variable|output) "(\w+)" \{\n(.*?)^\}', re.DOTALL | re.MULTILINE)
DESCRIPTION = re.compile(r'^  description = "(.*)"$', re.MULTILINE)
DEFAULT = re.compile(r"^  default     = (.*)$", re.MULTILINE)
HEADS = {"variables": "| Variable | Meaning | Default |\n|---|---|---|", "outputs": "| Output | Meaning |\n|---|---|"}


def table(kind: str, folder: Path) -> str:
    """The table of all ``kind`` in a folder's files, in their order."""
    blocks = [
        found
        for file in sorted(folder.glob(f"{kind}*.tf"))
        for found in BLOCK.findall(file.read_text(encoding="utf-8"))
    ]
    return "\n".join([HEADS[kind], *(_row(*block) for block in blocks)])


def _row(kind: str, name: str, body: str) -> str:
    description = DESCRIPTION.search(body)
    assert description, f"{name} has no description"
    meaning = description[1].removesuffix(".").replace('\\"', '"').replace("|", "\\|")
    if kind == "output":
        return f"| `{name}` | {meaning} |"
    default = DEFAULT.search(body)
    shown = "required" if default is None else "none" if default[1] in ("null", '""', "[]", "{}") else f"`{default[1]}`"
    return f"| `{name}` | {meaning} | {shown} |"


def with_tables(page: str) -> str:
    """A page with its tables made again."""
    return TABLE.sub(
        lambda found: f"<!-- {found[1]}: {found[2]} -->\n{table(found[1], ROOT / found[2])}\n<!-- end -->", page
    )


if __name__ == "__main__":
    for path in PAGES:
        path.write_text(with_tables(path.read_text(encoding="utf-8")), encoding="utf-8")
