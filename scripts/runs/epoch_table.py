"""The epochs of a followed job as a table: one row for each epoch line of the trainer, its values as printed."""

import re

from scripts.runs.logs import Epoch

WIDTH = 100
"""The widest row. A wider one would wrap at a usual terminal, so that line is shown as the log has it."""

ROWS_PER_HEADER = 20
HEADINGS = {"images_per_second": "images/s"}
ROW = re.compile(r"(?:\S+: )? *(?P<epoch>\d+)/(?P<epochs>\d+)  ")
HEADER = re.compile(r"(?:\S+: )? *epoch  ")


class EpochTable:
    """Formats epochs. Repeats the header every 20 rows, and if the metrics or the host change."""

    def __init__(self) -> None:
        self._header = ""
        self._rows = 0

    def lines(self, epoch: Epoch, prefix: str = "") -> list[str]:
        """Format one epoch.

        Args:
            epoch: the values.
            prefix: text before each line, such as the host's name.

        Returns:
            The row, after a header if one is due. Empty if there are no metrics, or if the row is wider than `WIDTH`.
        """
        if not epoch.values:
            return []
        names = [HEADINGS.get(name, name) for name in epoch.values]
        widths = [max(len(name), 9 if "loss" in name else 8) for name in names]
        first = max(len("epoch"), 2 * len(str(epoch.epochs)) + 1)
        header = prefix + _aligned(["epoch", *names], [first, *widths])
        row = prefix + _aligned([f"{epoch.epoch}/{epoch.epochs}", *epoch.values.values()], [first, *widths])
        if max(len(header), len(row)) > WIDTH:
            return []
        due = header != self._header or self._rows % ROWS_PER_HEADER == 0
        self._rows = 1 if header != self._header else self._rows + 1
        self._header = header
        return [header, row] if due else [row]


def is_header(line: str) -> bool:
    """Whether a line is a header that `EpochTable` made."""
    return bool(HEADER.match(line))


def epoch_of_row(line: str) -> tuple[int, int] | None:
    """The epoch and the number of epochs of a row that `EpochTable` made; None for any other line."""
    found = ROW.match(line)
    return (int(found["epoch"]), int(found["epochs"])) if found else None


def _aligned(words: list[str], widths: list[int]) -> str:
    return "  ".join(f"{word:>{width}}" for word, width in zip(words, widths, strict=True))
