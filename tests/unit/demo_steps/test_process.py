"""Run a step: what is on the screen, what is in the log, and how it ends."""

import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from scripts.demo_steps import Step, indented, run
from tests.conftest import ROOT

SEVERAL = "import sys; print('one', flush=True); print('two', file=sys.stderr, flush=True); print('three')"


def step(folder: Path, program: str) -> Step:
    (folder / "a_step.py").write_text(program)
    return Step("Test step", "make this", "to see it", ("a_step",))


def environment(folder: Path) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(folder)}


def test_a_step_shows_its_summary_and_names_its_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(step(tmp_path, SEVERAL), environment(tmp_path), "") == ["one", "two", "three"]
    first, shown, last = capfd.readouterr().out.splitlines()
    assert first == "==> Test step (make this): to see it"
    assert shown == "    three"
    assert last.startswith("<== Test step: done in ")
    assert last.endswith(" (log: build/demo/test.log)")
    assert Path("build/demo/test.log").read_text().split() == ["one", "two", "three"]


def test_a_failed_step_prints_the_end_of_its_log_and_exits_with_its_code(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    program = "import sys; [print('line', n) for n in range(100)]; sys.stdout.flush(); sys.exit('Error: why')"
    with pytest.raises(SystemExit) as ended:
        run(step(tmp_path, program), environment(tmp_path), "")
    assert ended.value.code == 1
    printed = capfd.readouterr()
    assert "… the last 60 of 101 lines:\nline 41\n" in printed.err
    assert printed.err.endswith("line 99\nError: why\n")
    assert "line" not in printed.out
    assert "<== Test step: not finished" in printed.out


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_waits_for_the_step_to_clean_up(tmp_path: Path, number: signal.Signals) -> None:
    step(
        tmp_path,
        textwrap.dedent("""
            import os, signal, sys, time
            def clean_up(number, frame):
                deadline = time.monotonic() + 60
                while not os.path.exists("announced") and time.monotonic() < deadline:
                    time.sleep(0.02)
                print("cleaned up", flush=True)
                sys.exit(0)
            signal.signal(signal.SIGTERM, clean_up)
            signal.signal(signal.SIGINT, clean_up)
            print("ready", flush=True)
            time.sleep(60)
        """),
    )
    program = (
        "from scripts.core import verb; from scripts.demo_steps import Step, run; import click, os;"
        "step = Step('Test', 'make', 'x', ('a_step',));"
        "verb.run(click.command()(lambda: run(step, os.environ, 'It was interrupted.')))"
    )
    log = tmp_path / "build/demo/test.log"
    with subprocess.Popen(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        while not log.exists() or "ready" not in log.read_text():
            time.sleep(0.05)
        if number == signal.SIGINT:
            os.killpg(process.pid, number)  # as a terminal does
        else:
            process.send_signal(number)
        assert process.stdout is not None
        out = ""
        for line in process.stdout:
            out += line
            if "Interrupted. Waiting until this step has cleaned up" in line:
                (tmp_path / "announced").touch()
        _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert (tmp_path / "announced").exists(), out
    assert log.read_text() == "ready\ncleaned up\n"
    assert "It was interrupted." in err
    assert "Traceback" not in out + err


def test_long_lines_are_wrapped_and_tables_are_not_changed() -> None:
    assert indented("a  b   c") == ["    a  b   c"]
    first, second = indented("word " * 30)
    assert len(first) <= 100
    assert second.startswith("        word")
