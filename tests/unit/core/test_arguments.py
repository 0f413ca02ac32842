"""What a command gets from its arguments, and from the variables that make sets; what is said of wrong ones."""

from collections.abc import Iterator
from contextlib import contextmanager

import click
import pytest

from scripts.core import program


@click.group()
def app() -> None:
    """Two commands."""


@app.command()
@click.option("--job", envvar="JOB_TEXT", default="digits")
@click.option("--kills", envvar="KILLS_TEXT", type=click.IntRange(min=1, max=4), default=3)
@click.option("--yes", is_flag=True, envvar="YES_TEXT")
def show(job: str, kills: int, yes: bool) -> None:
    """Print what it got."""
    print(job, kills, yes)


@app.command()
def interrupted() -> None:
    """End as Ctrl-C ends it."""
    raise KeyboardInterrupt("The job runs on.")


@contextmanager
def _nothing() -> Iterator[None]:
    yield


def _run(typed: str, monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr("sys.argv", ["program", *typed.split()])
    with pytest.raises(SystemExit) as ended:
        program.run(app, _nothing, "Interrupted.")
    assert isinstance(ended.value.code, int)
    return ended.value.code


@pytest.mark.parametrize(
    ("typed", "variables", "printed"),
    [
        ("show", {}, "digits 3 False"),
        ("show", {"JOB_TEXT": "", "KILLS_TEXT": "", "YES_TEXT": ""}, "digits 3 False"),
        ("show", {"JOB_TEXT": "a b", "KILLS_TEXT": "4", "YES_TEXT": "1"}, "a b 4 True"),
        ("show --job x --kills 1", {"JOB_TEXT": "y", "KILLS_TEXT": "2"}, "x 1 False"),
        ("show --yes", {"YES_TEXT": "0"}, "digits 3 True"),
        ("show", {"YES_TEXT": "No"}, "digits 3 False"),
    ],
)
def test_a_command_gets_its_values(
    typed: str,
    variables: dict[str, str],
    printed: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for name, text in variables.items():
        monkeypatch.setenv(name, text)
    assert _run(typed, monkeypatch) == 0
    assert capsys.readouterr().out.strip() == printed


@pytest.mark.parametrize(
    ("typed", "variables", "problem", "fix"),
    [
        ("show", {"YES_TEXT": "maybe"}, "YES: 'maybe' is not a valid boolean", "Correct YES, or leave it out."),
        ("show", {"KILLS_TEXT": "0"}, "KILLS: 0 is not in the range 1<=x<=4.", "Correct KILLS, or leave it out."),
        ("show --kills x", {}, "Invalid value for '--kills': 'x' is not a valid integer", "show --help` lists"),
        ("show --jo x", {}, "No such option '--jo'", "show --help` lists"),
        ("shwo", {}, "No such command 'shwo'", "--help` lists"),
        ("show more", {}, "Got unexpected extra argument", "show --help` lists"),
    ],
)
def test_a_wrong_value_is_named_as_it_was_typed(
    typed: str,
    variables: dict[str, str],
    problem: str,
    fix: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for name, text in variables.items():
        monkeypatch.setenv(name, text)
    assert _run(typed, monkeypatch) == 2
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 2, lines
    assert problem in lines[0]
    assert fix in lines[1]


def test_an_interrupt_prints_its_own_line(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert _run("interrupted", monkeypatch) == 130
    assert capsys.readouterr().err.splitlines()[-1] == "The job runs on."
