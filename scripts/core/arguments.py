"""Reads a program's arguments by argparse, or from the variables that make sets, by the annotations of a function.

``job: Annotated[str, Option("The job file's name.", "JOB_TEXT")] = ""`` is the option ``--job``; without it, the
variable JOB_TEXT has the value. An annotation without ``Annotated`` is no argument.

argparse, because every program starts with it: typer's and click's imports took a tenth of the time of `make jobs`.
"""

import argparse
import inspect
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from types import UnionType
from typing import Any, TypeVar, get_args, get_origin

from .errors import UserError

TRUE, FALSE = {"1", "true", "t", "yes", "y", "on"}, {"0", "false", "f", "no", "n", "off"}

Command = TypeVar("Command", bound=Callable[..., object])


@dataclass(frozen=True)
class Option:
    """An option of a command.

    Args:
        help: what it is.
        variable: the environment variable that has its value if the command line has not; empty counts as unset.
        name: its name; default: that of the parameter.
        least: the least value of a whole number.
        most: its greatest value.
        hidden: whether the help leaves it out.
    """

    help: str
    variable: str = ""
    name: str = ""
    least: int | None = None
    most: int | None = None
    hidden: bool = False


@dataclass(frozen=True)
class Words:
    """All arguments that are no options, at least one.

    Args:
        help: what they are.
        rest: whether everything from the first one on belongs to them, options too; a `--` before them is left out.
    """

    help: str
    rest: bool = False


class Application:
    """A program of one command, or of several with a name each. Call it to run the command that was typed."""

    def __init__(self, about: str) -> None:
        self._about = about
        self._commands: dict[str, Callable[..., object]] = {}

    def command(self, name: str = "") -> Callable[[Command], Command]:
        """Decorates a command; its docstring is its help."""

        def add(function: Command) -> Command:
            self._commands[name or function.__name__] = function
            return function

        return add

    def __call__(self, typed: Sequence[str] | None = None) -> None:
        """Run a command.

        Args:
            typed: the arguments; default: those of the process.

        Raises:
            SystemExit: the arguments are wrong (2), or help was asked for (0).
            UserError: a value is wrong.
        """
        parser = _Parser(description=f"{self._about}\n\n", prog=_program())
        if len(self._commands) == 1:
            (function,) = self._commands.values()
            parser.description = f"{parser.description}{_help(function)}"
            _declare(parser, function)
            given = parser.parse_args(typed)
        else:
            names = parser.add_subparsers(dest="COMMAND", required=True, parser_class=_Parser)
            for name, each in self._commands.items():
                _declare(names.add_parser(name, help=_help(each).partition("\n")[0], description=_help(each)), each)
            given = parser.parse_args(typed)
            function = self._commands[given.COMMAND]
        function(**{one.name: one.value(getattr(given, one.name)) for one in _parameters(function)})


@dataclass(frozen=True)
class _Parameter:
    """A parameter of a command's function: its name, its type without None, what it is, and its default."""

    name: str
    type: type
    about: Option | Words
    default: Any

    def value(self, typed: Any) -> Any:
        """The value for the function; ``typed`` is that of the command line, None without one."""
        if isinstance(self.about, Words):
            return typed[1:] if self.about.rest and typed[:1] == ["--"] else typed
        if typed is not None and not isinstance(typed, str):  # a flag, or a list of texts
            return typed
        named = self.about.variable.removesuffix("_TEXT") if typed is None else self.flag
        text = os.environ.get(self.about.variable, "") if typed is None else typed
        if typed is None and not text:
            return self.default
        return _read(text, self.type, named, self.about)

    @property
    def flag(self) -> str:
        """What is typed before its value."""
        name = self.about.name if isinstance(self.about, Option) else ""
        return name or f"--{self.name.replace('_', '-')}"


class _Parser(argparse.ArgumentParser):
    """A parser for which no beginning of an option is the option, and whose help keeps its lines."""

    def __init__(self, **more: Any) -> None:
        super().__init__(formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False, **more)


def _program() -> str | None:
    """The program's name in its help; None: argparse takes that of the file."""
    module = getattr(sys.modules["__main__"], "__spec__", None)
    return f"python -m {module.name}" if module else None


def _help(function: Callable[..., object]) -> str:
    return inspect.cleandoc(function.__doc__ or "").replace("%", "%%")


def _parameters(function: Callable[..., object]) -> Iterator[_Parameter]:
    for each in inspect.signature(function).parameters.values():
        whole = each.annotation.__origin__
        kind = get_args(whole)[0] if isinstance(whole, UnionType) else whole
        yield _Parameter(each.name, get_origin(kind) or kind, each.annotation.__metadata__[0], each.default)


def _declare(parser: argparse.ArgumentParser, function: Callable[..., object]) -> None:
    for one in _parameters(function):
        about = one.about
        if isinstance(about, Words):
            parser.add_argument(one.name, nargs=argparse.REMAINDER if about.rest else "+", help=about.help)
            continue
        help_text = f"{about.help} Variable: {about.variable}." if about.variable else about.help
        how: dict[str, Any] = {"metavar": about.name.strip("-").upper() or one.name.upper()}
        if one.type is bool:
            how = {"action": "store_true", "default": None}
        elif one.type is list:
            how["action"] = "append"
        shown = argparse.SUPPRESS if about.hidden else help_text.replace("%", "%%")
        parser.add_argument(one.flag, dest=one.name, help=shown, **how)


def _read(text: str, kind: type, name: str, about: Option) -> Any:
    """A text as a value of a type; ``name`` is what the message calls it."""
    if kind is bool:
        if text.lower() not in TRUE | FALSE:
            raise UserError(f"{name}={text} is neither yes nor no.", f"Set {name}=1, or leave it out.")
        return text.lower() in TRUE
    if kind is not int:
        return kind(text)
    try:
        number = int(text)
    except ValueError:
        number = None
    least, most = about.least, about.most
    if number is None or (least is not None and number < least) or (most is not None and number > most):
        between = f" from {least} to {most}" if most is not None else "" if least is None else f" of at least {least}"
        raise UserError(f"{name}={text} is not a whole number{between}.", f"Set such a number, or leave {name} out.")
    return number
