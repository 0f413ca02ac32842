"""The table of AWS's containers: `make base LIST=1`."""

from collections.abc import Collection, Sequence
from datetime import date

from scripts.container.catalogue import Release
from scripts.core import console

HEADINGS = ("TENSORFLOW", "PYTHON", "CUDA", "SYSTEM", "PATCHED UNTIL", "FOR", "TAG", "")


def base_table(releases: Sequence[Release], today: date, chosen: str, local: Collection[str]) -> list[str]:
    """The containers as aligned lines under their headings, two lines for each release.

    Args:
        releases: the newest first.
        today: the current date, to mark releases that AWS no longer patches.
        chosen: the tag of the current base; empty if it is not one of these.
        local: the tags that are on this machine.
    """
    cells = [HEADINGS]
    for one in releases:
        until = f"{one.patched_until}, over" if one.is_unpatched(today) else str(one.patched_until)
        notes = [", ".join(_notes(tag, chosen, local)) for tag in (one.gpu, one.cpu)]
        cells.append((one.tensorflow, one.python, one.cuda, one.os, until, "GPU", one.gpu, notes[0]))
        cells.append(("", "", "", "", "", "CPU", one.cpu, notes[1]))
    return console.columns(cells)


def _notes(tag: str, chosen: str, local: Collection[str]) -> list[str]:
    return ["chosen"] * (tag == chosen) + ["on this machine"] * (tag in local)
