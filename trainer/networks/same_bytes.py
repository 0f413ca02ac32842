"""Gives a saved Keras model the same bytes whenever and wherever the same run saves it.

Keras writes the time of saving into metadata.json, the addresses of objects in memory into config.json as
``shared_object_id`` (it only compares them), and the time of its temporary file into the ZIP archive:
https://github.com/keras-team/keras/blob/v3.15.1/keras/src/saving/saving_lib.py.
"""

import json
import zipfile
from pathlib import Path
from typing import Any

EARLIEST = (1980, 1, 1, 0, 0, 0)
"""The first time that a ZIP archive can name."""
SAVED = "1980-01-01@00:00:00"


def rewrite(file: Path) -> None:
    """Replace what differs from time to time in a .keras file.

    Raises:
        OSError: it cannot be written.
    """
    changed = file.with_name(f".{file.name}")
    with zipfile.ZipFile(file) as before, zipfile.ZipFile(changed, "w") as after:
        for name in sorted(before.namelist()):
            content = before.read(name)
            if name == "metadata.json":
                content = json.dumps({**json.loads(content), "date_saved": SAVED}).encode()
            elif name == "config.json":
                content = json.dumps(_renumbered(json.loads(content), {})).encode()
            after.writestr(zipfile.ZipInfo(name, EARLIEST), content)
    changed.replace(file)


def _renumbered(value: Any, numbers: dict[int, int]) -> Any:
    """Return the same JSON with the shared objects numbered in the order of their appearance."""
    if isinstance(value, list):
        return [_renumbered(each, numbers) for each in value]
    if not isinstance(value, dict):
        return value
    return {
        key: numbers.setdefault(each, len(numbers)) if key == "shared_object_id" else _renumbered(each, numbers)
        for key, each in value.items()
    }
