"""Pick from a command's output what the demo shows. Nothing here reads, prints or waits.

Each function takes the output so far. The more output there is, the more lines it gives, and those it gave for less
output stay the first ones. So a caller prints only the lines that are new.
"""

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from scripts.runs.epoch_table import epoch_of_row, is_header

ROWS = 5
"""About how many epochs the demo shows; the log has all of them."""

STARTED = re.compile(r"(?P<address>\S.*): (?:Creating|Modifying|Destroying)\.\.\.")
FINISHED = re.compile(r"(?P<address>\S.*): (?:Creation|Modifications|Destruction) complete after")
RESOURCE_TYPE = re.compile(r"(?:^|\.)(aws_\w+)\.")
COUNTS = re.compile(r"  \d[\d,]* \w+(?:, \d[\d,]* \w+)*")
TERRAFORM_STEPS = {"create": 1, "update": 1, "destroy": 1, "replace": 2}  # a replacement destroys and creates
UPLOADED = re.compile(r"Uploading: (?P<files>\d+) of (?P=files) files, (?P<size>.+) of ")
NETWORK = re.compile(r"(?:\S+: )?[\d,]+ training images [^;]*; (?P<network>.+)")
TRIAL_ENDED = re.compile(r"\d\d:\d\d:\d\d \S+ (?:Completed|Failed|Stopped)\b")
WIDTH = 94
"""Characters of a line, so that it fits 100 columns with its indent."""
DIGEST = re.compile(r"(?<!@)(sha256:[0-9a-f]{12})[0-9a-f]{52}")


@dataclass(frozen=True)
class Summary:
    """What the demo shows of a command.

    Attributes:
        lines: lines that stay.
        status: what the command does now; empty if unknown.
    """

    lines: tuple[str, ...] = ()
    status: str = ""


Condense = Callable[[Sequence[str], bool], Summary]
"""Takes the lines of output so far, and whether the command has ended."""


def last_line(output: Sequence[str], ended: bool) -> Summary:
    """Condense to the last line."""
    newest = _newest(output)
    return Summary((newest,) if ended and newest else (), newest)


def image(output: Sequence[str], ended: bool) -> Summary:
    """Condense the build and the push: what is built on what, and what was pushed."""
    building = [line for line in output if line.startswith("Building ")][:1]
    last = last_line(output, ended)
    return Summary(tuple(map(_shortened, (*building, *last.lines))), _shortened(last.status))


def nothing(_output: Sequence[str], _ended: bool) -> Summary:
    """Show no line: the result is in the demo's last lines."""
    return Summary(status="Reading the images and the model")


def parse_scores(output: Sequence[str]) -> dict[str, Any] | None:
    """The JSON object that ``python -m trainer evaluate`` prints; None if there is none. Warnings may surround it."""
    try:
        start = output.index("{")
        found: dict[str, Any] = json.loads("\n".join(output[start : output.index("}", start) + 1]))
    except ValueError:
        return None
    return found


def infrastructure(output: Sequence[str], ended: bool) -> Summary:
    """Condense a plan, its review and its apply: the verdict, the page, and how many resources are done."""
    plan, total = _plan(output)
    started = [found["address"] for line in output if (found := STARTED.match(line))]
    finished = [found["address"] for line in output if (found := FINISHED.match(line))]
    if not started:
        return Summary(tuple(plan), "Starting to apply" if plan else "Planning")
    progress = f"Applied: {len(finished)} of {max(total, len(started))} resources"
    waiting = [address for address in started if address not in finished]
    kind = RESOURCE_TYPE.search(waiting[0]) if waiting else None
    if ended or any(line.startswith("Apply complete!") for line in output):
        return Summary((*plan, progress))
    return Summary(tuple(plan), f"{progress}; waiting for {kind[1]}" if kind else progress)


def training(output: Sequence[str], ended: bool) -> Summary:
    """Condense a training job: the upload, the model, and some of the epochs."""
    lines: list[str] = []
    rows: list[str] = []
    for line in output:
        uploaded = UPLOADED.match(line)
        epoch = epoch_of_row(line)
        if uploaded:
            lines.append(f"Uploaded to S3: {uploaded['files']} files, {uploaded['size']}")
        elif network := NETWORK.match(line):
            lines.append(f"Network: {network['network']}")
        elif is_header(line) and not rows:
            lines.append(line)
        elif epoch:
            rows.append(line)
            if is_shown(*epoch):
                lines.append(line)
    if ended and rows and rows[-1] not in lines:
        lines.append(rows[-1])
    return Summary(tuple(lines), _newest(output))


def result(output: Sequence[str], ended: bool) -> Summary:
    """Condense a training job to its metrics at the end."""
    lines = [line.strip() for line in output if line.startswith("  metrics")]
    return Summary(tuple(_cut(line) for line in lines[-1:]) if ended else (), _newest(output))


def search(output: Sequence[str], ended: bool) -> Summary:
    """Condense a search: what it searches, each new best value, its evaluation, and where its report is."""
    shown = ("Search: ", "Best so far: ", "Evaluation: ", *(("The report is ",) if ended else ()))
    lines = tuple(_cut(line) for line in output if line.startswith(shown))
    trials = sum(TRIAL_ENDED.match(line) is not None for line in output)
    return Summary(lines, f"{trials} trials ended" if trials else _newest(output))


def _cut(line: str) -> str:
    return line if len(line) <= WIDTH else f"{line[: WIDTH - 1]}…"


def is_shown(epoch: int, epochs: int) -> bool:
    """Whether the demo shows an epoch: the first, the last, and about every fifth part of the way."""
    return epoch in (1, epochs) or epoch % -(-epochs // ROWS) == 0


def _plan(output: Sequence[str]) -> tuple[list[str], int]:
    """The lines about the plan, and how many resources it creates, changes or destroys."""
    start = next((index for index, line in enumerate(output) if line.startswith("Plan of ")), len(output))
    page = next((line.strip() for line in output[start:] if line.endswith("review.html")), "")
    if not page:  # the review is not whole yet
        return [], 0
    verdict, total, findings = [], 0, ""
    for line in output[start + 1 :]:
        if line.startswith("Findings: "):
            findings = line
            break
        if COUNTS.fullmatch(line):
            pairs = re.findall(r"(\d[\d,]*) (\w+)", line)
            total = sum(int(count.replace(",", "")) * TERRAFORM_STEPS.get(name, 0) for count, name in pairs)
        elif line and not line.startswith("  "):
            verdict.append(line)
    return [f"Plan: {' '.join(verdict)} {findings}.", f"Review, to read before you apply: {page}"], total


def _newest(output: Sequence[str]) -> str:
    return next((line.strip() for line in reversed(output) if line.strip()), "")


def _shortened(line: str) -> str:
    """Without the digest in an image's name, and with the beginning of any other digest."""
    return re.sub(r"@sha256:[0-9a-f]{64}", "", DIGEST.sub(r"\1…", line))
