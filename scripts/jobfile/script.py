"""Finds in a training script what a job file says about it, without running it."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scripts.core.errors import UserError

CHANNEL = re.compile(r"SM_CHANNEL_([A-Z0-9_]+)")
MODEL_FOLDERS = ("SM_MODEL_DIR", "/opt/ml/model")
Scalar = str | int | float | bool


@dataclass(frozen=True)
class Argument:
    """An argument of the script's argparse parser.

    Args:
        name: its name, without dashes.
        default: its default; None if it has none, or one that only running the script would tell.
        flag: whether it takes no value.
    """

    name: str
    default: Scalar | None = None
    flag: bool = False


@dataclass(frozen=True)
class Script:
    """What a script says about its job.

    Args:
        arguments: its arguments, without those whose defaults are SageMaker's variables.
        channels: the channels that it reads, by SM_CHANNEL_*.
        metrics: the metrics that Keras prints for it; empty if it does not call `fit`.
        saves: whether it names the folder that becomes the model.
    """

    arguments: tuple[Argument, ...]
    channels: tuple[str, ...]
    metrics: tuple[str, ...]
    saves: bool


def read_script(path: Path) -> Script:
    """Read a script.

    Raises:
        UserError: it is not Python.
    """
    try:
        tree = ast.parse(path.read_bytes())
    except (SyntaxError, ValueError) as error:
        line = f", line {error.lineno}" if isinstance(error, SyntaxError) and error.lineno else ""
        raise UserError(
            f"{path}{line} is not Python: {error.args[0]}.", "Correct it, or name another program."
        ) from None
    texts = [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)]
    channels = dict.fromkeys(found.lower() for text in texts for found in CHANNEL.findall(text))
    return Script(
        arguments=tuple(dict.fromkeys(_arguments(tree))),
        channels=tuple(channels),
        metrics=tuple(dict.fromkeys(_metrics(tree))),
        saves=any(folder in text for text in texts for folder in MODEL_FOLDERS),
    )


def _calls(tree: ast.AST, method: str) -> Iterator[ast.Call]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == method:
            yield node


def _arguments(tree: ast.AST) -> Iterator[Argument]:
    for call in _calls(tree, "add_argument"):
        options = [each for each in map(_constant, call.args) if isinstance(each, str) and each.startswith("-")]
        given = {keyword.arg: keyword.value for keyword in call.keywords}
        if not options or "SM_" in ast.dump(given.get("default", ast.Constant(None))):
            continue
        name = next((each for each in options if each.startswith("--")), options[0]).lstrip("-")
        flag = str(_constant(given.get("action"))) in ("store_true", "store_false", "store_const", "count")
        default = _constant(given.get("default"))
        yield Argument(name, default if _is_scalar(default) else None, flag)


def _is_scalar(value: Any) -> bool:
    """Whether a job file can hold a value; TOML has no lone surrogates."""
    return isinstance(value, Scalar) and str(value) == str(value).encode("utf-8", "replace").decode()


def _metrics(tree: ast.AST) -> Iterator[str]:
    """The names in the lines that Keras prints for each epoch."""
    fits = list(_calls(tree, "fit"))
    if not fits:
        return
    given = [keyword for call in _calls(tree, "compile") for keyword in call.keywords if keyword.arg == "metrics"]
    names = [each.value for keyword in given for each in ast.walk(keyword) if isinstance(each, ast.Constant)]
    found = ["loss", *(name for name in names if isinstance(name, str))]
    yield from found
    if any(keyword.arg in ("validation_data", "validation_split") for call in fits for keyword in call.keywords):
        yield from (f"val_{name}" for name in found)


def _constant(node: ast.AST | None) -> Any:
    """The value of an expression of constants; None for any other."""
    try:
        return None if node is None else ast.literal_eval(node)
    except (ValueError, TypeError, MemoryError, RecursionError):
        return None
