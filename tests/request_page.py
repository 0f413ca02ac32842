"""Writes docs/request.md, the table of all members of CreateTrainingJob: ``python -m tests.request_page``.

The members are those of botocore's service model, so a newer botocore changes the page.
"""

import re
from collections.abc import Iterator

from botocore.model import ListShape, Shape, StructureShape

from scripts.jobfile.members import owner_of, request_shape
from scripts.localcloud.sagemaker.support import OPERATIONS, SupportStatus
from tests.conftest import ROOT

PAGE = ROOT / "docs/request.md"
TABLE = re.compile(r"<!-- members -->\n.*?<!-- end -->", re.DOTALL)
LOCALLY = {
    SupportStatus.SUPPORTED: "yes",
    SupportStatus.NO_EFFECT: "no effect",
    SupportStatus.REFUSED: "refused",
}
REQUEST = "`[request]`"


def members(shape: Shape, path: str = "") -> Iterator[str]:
    """Yield the paths of all members that are no structures themselves."""
    if isinstance(shape, ListShape):
        shape = shape.member
    if not isinstance(shape, StructureShape):
        yield path
        return
    for name, member in shape.members.items():
        yield from members(member, f"{path}.{name}" if path else name)


def origin(path: str) -> str:
    """Where a member comes from."""
    owner = owner_of(path)
    if owner is None:
        return REQUEST
    return f"`{owner.key}`" if owner.key else f"none: {owner.reason}"


def locally(path: str) -> str:
    """What the local cloud does with a member."""
    lines = OPERATIONS["CreateTrainingJob"]
    found = lines[max((line for line in lines if f"{path}.".startswith(f"{line}.")), key=len)]
    return f"{LOCALLY[found.status]}{f': {found.note}' if found.note else ''}".removesuffix(".")


def with_table(page: str) -> str:
    """A page with its table made again."""
    rows = [f"| {path} | {origin(path)} | {locally(path)} |" for path in members(request_shape())]
    table = "\n".join(["| Member | In the job file | In the local cloud |", "|---|---|---|", *rows])
    return TABLE.sub(lambda _: f"<!-- members -->\n{table}\n<!-- end -->", page)


if __name__ == "__main__":
    PAGE.write_text(with_table(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
