"""Modules that a test file uses without importing them while pytest collects: TensorFlow takes 4 s of CPU."""

import importlib
from typing import Any


class Late:
    """Stands for a module, which is imported when the first of its names is used.

    Args:
        name: the module's full name.
    """

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, attribute: str) -> Any:
        if attribute.startswith("_"):  # pytest asks each object of a file for some such names while it collects
            raise AttributeError(attribute)
        return getattr(importlib.import_module(self._name), attribute)
