"""The table of AWS's containers: `make base LIST=1`."""

from collections.abc import Collection, Sequence
from datetime import date

from scripts.container.catalogue import Release

HEADINGS = ("TENSORFLOW", "PYTHON", "CUDA", "SYSTEM", "PATCHED UNTIL", "FOR", "TAG", "")


def base_table(releases: Sequence[Release], today: date, chosen: str, here: Collection[str]) -> list[str]:
    """The containers as aligned lines under their headings, two for each release.

    Args:
        releases: the newest first.
        today: the day, for what is patched no more.
        chosen: the tag that is built on; empty where it is none of these.
        here: the tags that are on this machine.
    """
    cells = [HEADINGS]
    for one in releases:
        until = f"{one.patched_until}, over" if one.is_over(today) else str(one.patched_until)
        notes = [", ".join(_notes(tag, chosen, here)) for tag in (one.gpu, one.cpu)]
        cells.append((one.tensorflow, one.python, one.cuda, one.os, until, "GPU", one.gpu, notes[0]))
        cells.append(("", "", "", "", "", "CPU", one.cpu, notes[1]))
    widths = [max(len(row[column]) for row in cells) for column in range(len(HEADINGS))]
    return ["  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip() for row in cells]


def _notes(tag: str, chosen: str, here: Collection[str]) -> list[str]:
    return ["chosen"] * (tag == chosen) + ["on this machine"] * (tag in here)
