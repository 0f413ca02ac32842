"""The table of commands and the IAM actions that they need, made from the calls that they were seen to make.

``tests/faults/record.py`` records the calls on the local cloud. ``python -m tests.rights_table`` writes the table into
docs/platform-team.md, between the marks ``<!-- rights -->`` and ``<!-- end -->``.
"""

import re
from collections.abc import Iterable

from scripts.core.permissions import Place, required_permissions
from tests.conftest import ROOT
from tests.faults import record

PAGE = ROOT / "docs/platform-team.md"
TABLE = re.compile(r"<!-- rights -->\n.*?<!-- end -->", re.DOTALL)
RECORDED = record.load()
RECORDED["sweep"].append("sagemaker:StopTrainingJob")  # where it is recorded, no job of its stack runs
GROUPS = {
    "train": ("data", "train", "tune", "tunings", "resume", "logs", "stop", "jobs", "model", "prices", "sweep"),
    "build": ("plan", "infra", "destroy"),
}
"""The policy of terraform/modules/people for each command."""
TAGGED = {"Tags": [{"Key": "Project", "Value": "trainyard"}]}


def actions(operations: Iterable[str]) -> set[str]:
    """The actions that these operations need, such as ``s3:GetObject`` for ``s3:HeadObject``."""
    pairs = (operation.split(":") for operation in operations)
    needed = (required_permissions(service, name, TAGGED, Place()) for service, name in pairs)
    return {permission.action for permissions in needed for permission in permissions}


def with_table(page: str) -> str:
    """A page with its table made again."""
    rows = [
        f"| `make {command}` | {', '.join(sorted(actions(RECORDED[command])))} |"
        for commands in GROUPS.values()
        for command in commands
    ]
    table = "\n".join(["| Command | Actions |", "|---|---|", *rows])
    return TABLE.sub(lambda _: f"<!-- rights -->\n{table}\n<!-- end -->", page)


if __name__ == "__main__":
    PAGE.write_text(with_table(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
