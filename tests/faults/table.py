"""The rows of the table: they follow from the recorded operations. Pure functions."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

FAULTS = ("cut-before", "cut-after", "truncated", "503", "throttled", "expired", "silence=90s")
OF_A_READER = 2
READING = ("Describe", "Get", "Head", "List", "Search", "Simulate")
# What these verbs call otherwise is called by Terraform, in a process of its own.
OURS_OF_THE_STACK = frozenset(
    {
        "s3:CreateBucket",
        "s3:GetBucketPolicy",
        "s3:HeadBucket",
        "s3:PutBucketEncryption",
        "s3:PutBucketPolicy",
        "s3:PutBucketVersioning",
        "s3:PutPublicAccessBlock",
        "sts:GetCallerIdentity",
    }
)
OF_TERRAFORM = ("plan", "infra", "destroy")
READ_THE_STACK = ("data", "train", "tune", "resume", "image", "sweep")
"""The verbs that let Terraform read the outputs of the stack from its state."""


@dataclass(frozen=True)
class Row:
    """A verb, an operation that it calls, and the fault that this call gets."""

    verb: str
    operation: str
    fault: str

    def __str__(self) -> str:
        return f"{self.verb} {self.operation} {self.fault}"


def rows(recorded: Mapping[str, Sequence[str]]) -> list[Row]:
    """All rows: every operation of a verb, with every fault; of those that only read, two that the name draws.

    Args:
        recorded: the operations of each verb, such as ``s3:PutObject``.
    """
    found = []
    for verb, operations in sorted(recorded.items()):
        for operation in operations:
            faults = FAULTS if changes_something(operation) else _drawn(verb, operation)
            found += [Row(verb, operation, fault) for fault in faults]
    return found


def changes_something(operation: str) -> bool:
    """Whether an operation changes something."""
    return not operation.partition(":")[2].startswith(READING)


def is_ours(row: Row) -> bool:
    """Whether our own code makes the call; otherwise Terraform or Docker makes it, and the benchmark has the row."""
    if row.verb in OF_TERRAFORM:
        return row.operation in OURS_OF_THE_STACK
    of_terraform = row.verb in READ_THE_STACK and row.operation == "s3:GetObject"
    return not of_terraform and not row.operation.startswith("registry:")


def same_room(row: Row) -> Row:
    """The row whose test holds this one too, because both verbs make the call in the same room."""
    if row.verb in OF_TERRAFORM:
        return replace(row, verb="plan")
    if row.verb == "tune" and "HyperParameterTuningJob" not in row.operation:
        return same_room(replace(row, verb="train"))
    if row.verb == "train" and row.operation.startswith("s3:") and changes_something(row.operation):
        return replace(row, verb="data")
    return row


def _drawn(verb: str, operation: str) -> list[str]:
    verb = "train" if verb == "tune" else verb  # most of its calls are made in the same rooms
    draw = random.Random(operation if verb in OF_TERRAFORM else f"{verb} {operation}")  # noqa: S311 - it protects nothing
    return sorted(draw.sample(FAULTS, OF_A_READER), key=FAULTS.index)
