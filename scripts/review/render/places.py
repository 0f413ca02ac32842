"""Finds the line of a `.tf` file that declares a resource, for code scanning.

A plan does not say it. But Terraform reads all `.tf` files of a folder, and the plan usually lies in that folder. The
`source` of a local module's block is its folder.
https://developer.hashicorp.com/terraform/language/files
https://developer.hashicorp.com/terraform/language/modules/sources#local-paths
"""

import re
from pathlib import Path
from typing import NamedTuple

_BLOCK = re.compile(r'^[ \t]*(resource|data|module)[ \t]+"([\w-]+)"(?:[ \t]+"([\w-]+)")?[ \t]*\{', re.MULTILINE)
_SOURCE = re.compile(r'^[ \t]*source[ \t]*=[ \t]*"(\.{1,2}/[^"$%]*)"', re.MULTILINE)
_KEY = re.compile(r'\["(?:[^"\\]|\\.)*"\]|\[\d+\]')
_LARGEST = 1_000_000  # bytes of a file that people write


class Place(NamedTuple):
    """A line of a file, relative to the working folder; the first line is 1."""

    file: Path
    line: int


class _Blocks(NamedTuple):
    """The blocks of a folder: where each resource is, and the source of each local module."""

    resources: dict[tuple[str, str, str], Place]
    modules: dict[str, str]


class Places:
    """Finds the blocks of resources in the files of a working folder, and reads each file once.

    Args:
        root: the working folder; no file outside of it is read.
    """

    def __init__(self, root: Path) -> None:
        self._root = root.resolve()
        self._read: dict[Path, _Blocks] = {}

    def of(self, address: str, folder: Path) -> Place | None:
        """The first line of a resource's block.

        Args:
            address: the resource's address.
            folder: the folder of the root module, resolved.

        Returns:
            None if no file there declares it, or if one of its modules is not local.
        """
        path = _KEY.sub("", address).split(".")
        mode = "data" if path[-3:-2] == ["data"] else "resource"
        here = folder
        for module in path[1:-2:2]:
            source = self._blocks(here).modules.get(module)
            if source is None:
                return None
            here = (here / source).resolve()
        return self._blocks(here).resources.get((mode, path[-2], path[-1])) if len(path) > 1 else None

    def _blocks(self, folder: Path) -> _Blocks:
        if folder not in self._read:
            files = sorted(folder.glob("*.tf")) if folder.is_relative_to(self._root) else ()
            self._read[folder] = found = _Blocks({}, {})
            for file in files:
                if file.is_file() and not file.is_symlink() and file.stat().st_size <= _LARGEST:
                    self._add(found, file)
        return self._read[folder]

    def _add(self, found: _Blocks, file: Path) -> None:
        text = file.read_text(encoding="utf-8", errors="replace")
        blocks = list(_BLOCK.finditer(text))
        ends = [*(each.start() for each in blocks[1:]), len(text)]
        for block, end in zip(blocks, ends, strict=False):
            kind, first, second = block.groups()
            source = _SOURCE.search(text, block.end(), end)
            if second:
                line = text.count("\n", 0, block.start(1)) + 1
                found.resources[kind, first, second] = Place(file.relative_to(self._root), line)
            elif source:
                found.modules[first] = source[1]
