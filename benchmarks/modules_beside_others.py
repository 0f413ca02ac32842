"""Compares the modules of terraform/ with those of terraform-aws-modules: how many of checkov's checks pass and fail.

    python -m benchmarks.modules_beside_others CHECKOV FOLDER

FOLDER holds clones of terraform-aws-s3-bucket, terraform-aws-ecr and terraform-aws-iam of
https://github.com/terraform-aws-modules. checkov reads each module alone, with the defaults of its variables and
without a network. Writes the table in docs/security.md.
"""

import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from benchmarks.table import table

PAGE = Path("docs/security.md")
START = "<!-- Written by `python -m benchmarks.modules_beside_others` -->\n"
END = "<!-- End of the written part -->\n"
MODULES = Path("terraform/modules")
PAIRS = (
    ("s3-bucket", (".",), ("buckets", "access_logs")),
    ("ecr", (".",), ("registry",)),
    ("iam", ("modules/iam-role", "modules/iam-policy"), ("training_role", "people")),
)
"""Of terraform-aws-modules, their folders, and ours that do the same."""
VERSION = re.compile(r"^## \[([0-9.]+)\]", re.MULTILINE)


@dataclass(frozen=True)
class Count:
    """What checkov counts in a module.

    Attributes:
        passed: checks that pass.
        failed: the ids of those that fail.
        skipped: checks that are skipped in the code.
        checkov: its version.
    """

    passed: int
    failed: tuple[str, ...]
    skipped: int
    checkov: str


def count(program: str, folders: Sequence[Path]) -> Count:
    """Run checkov on modules, each without the folders in it: examples, wrappers and other modules."""
    with tempfile.TemporaryDirectory() as copied:
        for number, folder in enumerate(folders):
            target = Path(copied) / f"{number}-{folder.resolve().name}"
            target.mkdir()
            for file in folder.glob("*.tf"):
                (target / file.name).write_bytes(file.read_bytes())
        command = [program, "-d", copied, "--framework", "terraform", "--skip-download", "--output", "json"]
        answer = subprocess.run(command, capture_output=True, text=True, check=False)
    if answer.returncode not in (0, 1):
        sys.exit(f"checkov ended with {answer.returncode}:\n{answer.stderr}")
    report: Any = json.loads(answer.stdout)
    summary = report["summary"]
    failed = tuple(sorted(check["check_id"] for check in report["results"]["failed_checks"]))
    return Count(summary["passed"], failed, summary["skipped"], summary["checkov_version"])


def version(folder: Path) -> str:
    """The newest version in a clone's CHANGELOG.md."""
    found = VERSION.search((folder / "CHANGELOG.md").read_text(encoding="utf-8"))
    return found[1] if found else "unknown"


def lines(program: str, clones: Path) -> Iterator[str]:
    """The written part of the page."""
    rows, checkov = [], ""
    for name, theirs, ours in PAIRS:
        clone = clones / f"terraform-aws-{name}"
        other = count(program, [clone / folder for folder in theirs])
        mine = count(program, [MODULES / folder for folder in ours])
        checkov = mine.checkov
        their_names = ", ".join(folder.removeprefix("modules/") for folder in theirs if folder != ".")
        shown = f"terraform-aws-{name} {version(clone)}" + (f": {their_names}" if their_names else "")
        for title, each in ((shown, other), (", ".join(f"`{folder}`" for folder in ours), mine)):
            rows.append((title, f"{each.passed}", f"{len(each.failed)}", f"{each.skipped}", ", ".join(each.failed)))
    yield f"Measured on {date.today()} with checkov {checkov}, each module with the defaults of its variables."
    yield ""
    yield from table(("Module", "Passed", "Failed", "Skipped", "What failed"), rows)


def main(program: str, clones: str) -> None:
    """Count, and write the table."""
    written = "".join(f"{line}\n" for line in lines(program, Path(clones)))
    before, rest = PAGE.read_text(encoding="utf-8").split(START)
    after = rest.split(END)[1]
    PAGE.write_text(f"{before}{START}\n{written}\n{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
