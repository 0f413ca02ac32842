"""Draws a confusion matrix as a PNG: a row for each label, a column for each prediction."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy.typing as npt

CONFUSION = "confusion_matrix.png"
CELL, SMALL_CELL, MARGIN, TITLE = 34, 6, 14, 40
MOST_NAMED = 40
"""More labels than this get small cells without names and numbers."""
MOST_LETTERS = 24
DARK, WHITE, INK, LINES = (17, 77, 137), (255, 255, 255), (28, 33, 40), (225, 228, 232)
NO_PILLOW = "confusion_matrix.png is not drawn: this base image has no Pillow"


def draw_confusion(labels: Sequence[str], matrix: npt.NDArray[Any], file: Path) -> None:
    """Draw the matrix: the darker a cell, the larger its share of the row.

    Args:
        labels: names of the labels.
        matrix: number of images by label (rows) and prediction (columns), [labels, labels].
        file: the PNG. In a base image without Pillow it is not drawn, and a line says so.
    """
    try:
        from PIL import Image, ImageDraw, ImageFont
    except ImportError:
        print(NO_PILLOW, flush=True)
        return
    font, named = ImageFont.load_default(13), len(labels) <= MOST_NAMED
    cell = CELL if named else SMALL_CELL
    names = [name_in_drawing(number, label, font) for number, label in enumerate(labels)] if named else []
    left = MARGIN + int(max((font.getlength(name) for name in names), default=0)) + 8
    top = TITLE + left
    image = Image.new("RGB", (max(left + cell * len(labels) + MARGIN, 330), top + cell * len(labels) + MARGIN), WHITE)
    canvas = ImageDraw.Draw(image)
    canvas.text((MARGIN, MARGIN), "Rows: the label. Columns: the prediction.", INK, font)
    for row, counts in enumerate(matrix):
        for column, count in enumerate(counts):
            place = (left + column * cell, top + row * cell)
            _cell(canvas, place, cell, int(count), count / max(counts.sum(), 1), font if named else None)
    for number, name in enumerate(names):
        middle = number * cell + cell // 2
        canvas.text((left - 8, top + middle), name, INK, font, anchor="rm")
        heading = Image.new("RGB", (left, 20), WHITE)
        ImageDraw.Draw(heading).text((0, 10), name, INK, font, anchor="lm")
        image.paste(heading.rotate(90, expand=True), (left + middle - 10, top - left - 8))
    image.save(file, optimize=True)


def _cell(canvas: Any, place: tuple[int, int], size: int, count: int, share: float, font: Any) -> None:
    left, top = place
    colour = tuple(round(white + (dark - white) * share) for white, dark in zip(WHITE, DARK, strict=True))
    canvas.rectangle((left, top, left + size - 1, top + size - 1), colour, LINES if font else None)
    if font and count:
        canvas.text((left + size / 2, top + size / 2), str(count), WHITE if share > 0.5 else INK, font, anchor="mm")


def name_in_drawing(number: int, label: str, font: Any) -> str:
    """Return the text for a label in the drawing.

    Args:
        number: of the label.
        label: its name.
        font: Pillow's, which has the letters of ASCII only.

    Returns:
        The name, cut if it is long, or "no. 3" if the font lacks one of its letters.
    """
    shown, lacking = label.encode(errors="replace").decode(), bytes(font.getmask("\uffff"))
    if any(bytes(font.getmask(letter)) == lacking for letter in set(shown)):
        return f"no. {number}"
    return shown if len(shown) <= MOST_LETTERS else shown[: MOST_LETTERS - 1] + "…"
