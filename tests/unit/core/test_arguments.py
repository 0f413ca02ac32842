"""What a command gets from its arguments, and from the variables that make sets."""

from pathlib import Path
from typing import Annotated, Any

import pytest

from scripts.core.arguments import Application, Option, Words
from scripts.core.errors import UserError

GIVEN: dict[str, Any] = {}
ONE = Application("One command.")
TWO = Application("Two commands.")


@ONE.command()
def _all(
    job: Annotated[str, Option("A job.", "JOB_TEXT")] = "digits",
    kills: Annotated[int, Option("Kills.", "KILLS_TEXT", least=1, most=4)] = 3,
    seed: Annotated[int | None, Option("A seed.", "SEED_TEXT")] = None,
    hp: Annotated[list[str] | None, Option("Values.")] = None,
    show: Annotated[bool, Option("Only list.", "LIST_TEXT", name="--list")] = False,
    out: Annotated[Path | None, Option("A folder.")] = None,
) -> None:
    """Take one of each."""
    GIVEN.clear()
    GIVEN.update(locals())


@TWO.command()
def show(files: Annotated[list[str], Words("Files.")], env: Annotated[str, Option("One.", "ENV_TEXT")] = "dev") -> None:
    """Show files."""
    GIVEN.clear()
    GIVEN.update(locals())


@TWO.command("exec")
def _exec(command: Annotated[list[str], Words("A command.", rest=True)]) -> None:
    """Run a command."""
    GIVEN.clear()
    GIVEN.update(locals())


DEFAULTS = {"job": "digits", "kills": 3, "seed": None, "hp": None, "show": False, "out": None}


@pytest.mark.parametrize(
    ("typed", "variables", "changed"),
    [
        ("", {}, {}),
        ("", {"JOB_TEXT": "", "KILLS_TEXT": "", "LIST_TEXT": ""}, {}),
        ("", {"JOB_TEXT": "a b", "KILLS_TEXT": "4", "SEED_TEXT": "-7"}, {"job": "a b", "kills": 4, "seed": -7}),
        ("--job x --kills 1", {"JOB_TEXT": "y", "KILLS_TEXT": "2"}, {"job": "x", "kills": 1}),
        ("--job=", {"JOB_TEXT": "y"}, {"job": ""}),
        ("--list", {"LIST_TEXT": "0"}, {"show": True}),
        ("", {"LIST_TEXT": "1"}, {"show": True}),
        ("", {"LIST_TEXT": "No"}, {"show": False}),
        ("--hp a=1 --hp b=2", {}, {"hp": ["a=1", "b=2"]}),
        ("--out here", {}, {"out": Path("here")}),
    ],
)
def test_a_command_gets_its_values(
    typed: str, variables: dict[str, str], changed: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, text in variables.items():
        monkeypatch.setenv(name, text)
    ONE(typed.split())
    assert {**DEFAULTS, **changed} == GIVEN


@pytest.mark.parametrize(
    ("typed", "variables", "problem"),
    [
        ("", {"LIST_TEXT": "maybe"}, "LIST=maybe is neither yes nor no."),
        ("", {"KILLS_TEXT": "0"}, "KILLS=0 is not a whole number from 1 to 4."),
        ("--kills 5", {}, "--kills=5 is not a whole number from 1 to 4."),
        ("", {"SEED_TEXT": "x"}, "SEED=x is not a whole number."),
    ],
)
def test_a_wrong_value_is_named_as_it_was_typed(
    typed: str, variables: dict[str, str], problem: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, text in variables.items():
        monkeypatch.setenv(name, text)
    with pytest.raises(UserError) as raised:
        ONE(typed.split())
    assert raised.value.problem == problem


@pytest.mark.parametrize("typed", ["--jo x", "x", "--job"])
def test_wrong_arguments_exit_with_2(typed: str) -> None:
    with pytest.raises(SystemExit) as raised:
        ONE(typed.split())
    assert raised.value.code == 2


@pytest.mark.parametrize(
    ("typed", "given"),
    [
        ("show a - --env x", {"files": ["a", "-"], "env": "x"}),
        ("show -- --env", {"files": ["--env"], "env": "dev"}),
        ("exec -- make --version -- x", {"command": ["make", "--version", "--", "x"]}),
        ("exec make -x", {"command": ["make", "-x"]}),
    ],
)
def test_one_of_several_commands_runs(typed: str, given: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ENV_TEXT", raising=False)
    TWO(typed.split())
    assert given == GIVEN
