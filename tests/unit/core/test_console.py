"""How the console prints sizes, durations and steps."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scripts.core import console
from scripts.core.errors import UserError, nearest
from scripts.core.progress import ERASE, StatusLine


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0.0 s"), (9.94, "9.9 s"), (9.96, "10 s"), (59.4, "59 s"), (59.6, "1 min 0 s"), (3599, "59 min 59 s"),
     (3600, "1 h 0 min"), (7500, "2 h 5 min")],
)  # fmt: skip
def test_duration(seconds: float, text: str) -> None:
    assert console.duration(seconds) == text


@pytest.mark.parametrize(
    ("count", "text"),
    [(0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (999_949, "999.9 kB"), (999_960, "1.0 MB"), (5e12, "5000.0 GB")],
)  # fmt: skip
def test_size(count: float, text: str) -> None:
    assert console.size(count) == text


@given(st.floats(0, 1e7))
def test_duration_never_contains_sixty_units(seconds: float) -> None:
    assert re.search(r"\b60 (s|min)$", console.duration(seconds)) is None


def test_step_prints_its_start_end_and_failure(capsys: pytest.CaptureFixture[str]) -> None:
    with console.step("one"):
        console.say("inside")
    with pytest.raises(ValueError, match="no"), console.step("two"):
        raise ValueError("no")
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "==> one"
    assert lines[2].startswith("<== one: done in ")
    assert lines[4].startswith("<== two: not finished, ")


def test_confirm_without_a_terminal_prints_the_fix() -> None:
    assert console.confirm("Sure?", yes=True, fix="YES=1")
    with pytest.raises(UserError) as caught:
        console.confirm("Sure?", yes=False, fix="Say YES=1.")
    assert caught.value.fix == "Say YES=1."


def test_nearest() -> None:
    assert nearest("epoch", ["epochs", "batch_size"]) == "epochs"
    assert nearest("zzz", ["epochs"]) is None


def test_step_prints_its_purpose_and_its_log(capsys: pytest.CaptureFixture[str]) -> None:
    with console.step("one", about=" (make one): the first", log="build/one.log"):
        pass
    first, last = capsys.readouterr().out.splitlines()
    assert first == "==> one (make one): the first"
    assert last.startswith("<== one: done in ")
    assert last.endswith(" (log: build/one.log)")


def test_a_status_is_one_line_at_a_terminal(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "20")
    status = StatusLine()
    status.show("a status that is wider than the terminal")
    status.line("a line")
    status.clear()
    assert capsys.readouterr().out == f"{ERASE}\x1b[2ma status that is wi\x1b[0m{ERASE}a line\n{ERASE}"


def test_a_status_elsewhere_is_a_line_now_and_then(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    status = StatusLine()
    status.show("too early")
    monkeypatch.setattr("scripts.core.progress.SECONDS_BETWEEN_STATUSES", 0)
    status.show("a status")
    status.clear()
    assert capsys.readouterr().out == "a status\n"
