"""The wrapper around Terraform, tested with fake programs: missing, old and broken ones."""

import io
import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from scripts.core.errors import UserError
from scripts.stack import checks
from scripts.stack import terraform as wrapper
from tests.conftest import ROOT, processes_of


@pytest.fixture(autouse=True)
def _in_a_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "terraform").mkdir()
    (tmp_path / "terraform/.terraform.lock.hcl").write_text(
        'provider "example.com/acme/none" {\n  version = "1.0.0"\n}\n', encoding="utf-8"
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")


def program(tmp_path: Path, script: str) -> None:
    file = tmp_path / "bin/terraform"
    file.parent.mkdir(exist_ok=True)
    file.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    file.chmod(file.stat().st_mode | stat.S_IXUSR)


def of_version(version: str) -> str:
    """The part of a fake program that answers `terraform version -json`."""
    answer = f'{{"terraform_version": "{version}", "platform": "linux_amd64"}}'
    return f"if [ \"$1\" = version ]; then echo '{answer}'; exit; fi"


def test_the_error_about_a_missing_terraform_says_where_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path / "empty"))
    with pytest.raises(UserError, match="no `terraform` on PATH") as caught:
        wrapper.terraform(tmp_path / "data")
    assert "1.11" in caught.value.fix


@pytest.mark.parametrize("version", ["1.10.5", "0.15.0", "1.9.8-dev"])
def test_an_old_terraform_is_refused(tmp_path: Path, version: str) -> None:
    program(tmp_path, of_version(version))
    with pytest.raises(UserError, match=f"Terraform {version} .*too old"):
        wrapper.terraform(tmp_path / "data")


def test_the_error_about_a_terraform_that_does_not_start_has_its_own_message(tmp_path: Path) -> None:
    program(tmp_path, "echo 'cannot execute' >&2; exit 126")
    with pytest.raises(UserError, match="cannot execute"):
        wrapper.terraform(tmp_path / "data")


@pytest.mark.parametrize("version", ["1.11.0", "1.14.2", "2.0.0-rc1"])
def test_terraform_runs_in_its_folder_with_its_own_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "somebody")
    program(tmp_path, of_version(version) + '\npwd; echo "$TF_DATA_DIR"; echo "[$AWS_PROFILE]"; echo "$@"')
    runner = wrapper.terraform(Path("build/x/terraform"), {"AWS_PROFILE": None})
    before = dict(os.environ)
    answer = runner.capture("output", "-json", "-state=a b $c")
    assert answer.out.splitlines() == [
        str(tmp_path / "terraform"),
        str(tmp_path / "build/x/terraform"),
        "[]",
        "output -no-color -json -state=a b $c",
    ]
    assert dict(os.environ) == before


def test_exit_code_and_output_are_returned(tmp_path: Path) -> None:
    program(tmp_path, of_version("1.11.4") + "\necho out; echo err >&2; exit 3")
    runner = wrapper.terraform(tmp_path / "data")
    assert runner.capture("output") == wrapper.CommandResult(3, "out\n", "err\n")
    assert runner.stream("plan") == 3


KILLED = """
import os, signal
from pathlib import Path
from scripts.stack.terraform import Terraform
Terraform(str(Path("bin/terraform").absolute())).capture("plan")
"""


def test_a_killed_command_does_not_end_its_terraform(tmp_path: Path) -> None:
    # A broken pipe would end it at its next line: it would leave its lock and its provider.
    loud = "i=0; while [ $i -lt 9 ]; do echo line; echo line >&2; i=$((i+1)); done"
    program(tmp_path, f"kill -9 $PPID\n{loud}\necho > {tmp_path}/ended")
    ended = subprocess.run(
        [sys.executable, "-c", KILLED], cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(ROOT)}, check=False
    )
    assert ended.returncode == -signal.SIGKILL
    deadline = time.monotonic() + 60
    while not (tmp_path / "ended").exists():
        assert time.monotonic() < deadline, "the program was ended"
        time.sleep(0.01)


def test_each_command_gets_the_newest_credentials(tmp_path: Path) -> None:
    program(tmp_path, 'echo "$AWS_ACCESS_KEY_ID ${AWS_SESSION_TOKEN-none}"')
    keys = iter(["first", "second"])
    runner = wrapper.Terraform(
        str(tmp_path / "bin/terraform"),
        credentials=lambda: {"AWS_ACCESS_KEY_ID": next(keys), "AWS_SESSION_TOKEN": None},
    )
    assert [runner.capture("apply").out for _ in range(2)] == ["first none\n", "second none\n"]


def test_relayed_errors_are_both_returned_and_printed(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    program(tmp_path, of_version("1.11.4") + "\necho out; echo 'Error: stale' >&2; exit 1")
    assert wrapper.terraform(tmp_path / "data").relay("apply") == wrapper.CommandResult(1, "", "Error: stale\n")
    shown = capfd.readouterr()
    assert (shown.out, shown.err) == ("out\n", "Error: stale\n")


def test_relayed_errors_are_printed_after_an_interrupt_too(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    program(tmp_path, of_version("1.11.4") + "\necho 'Error: half' >&2; kill -2 $PPID; sleep 0.3")
    with pytest.raises(KeyboardInterrupt):
        wrapper.terraform(tmp_path / "data").relay("apply")
    shown = capfd.readouterr().err
    assert shown.splitlines()[0].startswith("Waiting for Terraform")
    assert shown.endswith("Error: half\n")


def test_a_command_that_takes_too_long_is_killed_without_an_interrupt(tmp_path: Path) -> None:
    # At an interrupt, Terraform writes the state once more, even if it only plans.
    program(tmp_path, f"trap 'echo > {tmp_path}/asked' INT; while :; do :; done")
    with pytest.raises(TimeoutError):
        wrapper.Terraform(str(tmp_path / "bin/terraform")).capture("plan", limit=0.3)
    assert processes_of(tmp_path / "terraform") == []
    assert not (tmp_path / "asked").exists()


def test_what_terraform_prints_is_harmless_and_keeps_its_colours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = r"\033[1m\033[32maws_s3_bucket.data: Created [id=\033[2J\033]52;c;x\007]\033[0m\n"
    program(
        tmp_path, of_version("1.11.4") + f"\nprintf '{lines}'; printf 'no line break'; printf '{lines}' >&2; exit 2"
    )
    runner = wrapper.terraform(tmp_path / "data")
    for stream in (Terminal(), io.StringIO()):
        monkeypatch.setattr("sys.stdout", stream)
        monkeypatch.setattr("sys.stderr", stream)
        assert (runner.stream("validate"), runner.relay("apply").code) == (2, 2)
        harmless = r"aws_s3_bucket.data: Created [id=\u001b[2J\u001b]52;c;x\u0007]"
        if stream.isatty():
            harmless = f"\x1b[1m\x1b[32m{harmless}\x1b[0m"
        assert sorted(stream.getvalue().splitlines()) == sorted(2 * [harmless, "no line break", harmless])


def test_the_output_appears_while_terraform_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # The program ends only when the test has seen its first line.
    program(tmp_path, of_version("1.11.4") + f"\necho first; while [ ! -e {tmp_path}/seen ]; do sleep 0.05; done")

    class Seeing(io.StringIO):
        def write(self, text: str) -> int:
            (tmp_path / "seen").touch()
            return super().write(text)

    out = Seeing()
    monkeypatch.setattr("sys.stdout", out)
    assert wrapper.terraform(tmp_path / "data").stream("validate") == 0
    assert out.getvalue() == "first\n"


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_only_terraform_gets_the_mirror(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mirror = tmp_path / "mirror"
    (mirror / "example.com/acme/none/1.0.0/linux_amd64").mkdir(parents=True)
    monkeypatch.setenv("TRAINYARD_PROVIDER_MIRROR", str(mirror))
    program(tmp_path, of_version("1.11.4") + '\ncat "$TF_CLI_CONFIG_FILE"')
    runner = wrapper.terraform(tmp_path / "build/x/terraform")
    assert runner.mirror == mirror
    assert str(mirror) in runner.capture("init").out
    assert os.environ.get("TF_CLI_CONFIG_FILE") != str(tmp_path / "build/x/terraform.rc")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_is_delivered_when_terraform_has_ended(tmp_path: Path, number: int) -> None:
    program(tmp_path, of_version("1.11.4") + f"\nkill -{int(number)} $PPID; sleep 0.3; touch {tmp_path}/ended")
    runner = wrapper.terraform(tmp_path / "data")
    arrived = []
    before = signal.signal(number, lambda *_: arrived.append((tmp_path / "ended").exists()))
    try:
        runner.capture("apply")
    finally:
        signal.signal(number, before)
    assert arrived == [True]


def test_an_ignored_interrupt_stays_ignored(tmp_path: Path) -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with wrapper.delay_interrupts():
            signal.raise_signal(signal.SIGINT)
    finally:
        signal.signal(signal.SIGINT, before)


def test_terraforms_first_error_becomes_one_line() -> None:
    framed = "╷\n│ Error: Failed to load state\n│ \n│ no bucket\n│ named x\n╵\n"
    assert wrapper.CommandResult(1, "", framed).first_error() == "Failed to load state no bucket named x"
    assert wrapper.CommandResult(7).first_error() == "exit code 7"


@pytest.mark.parametrize(("command", "check"), [("validate", checks.validate), ("test", checks.run_tests)])
def test_a_terraform_error_fails_the_check(tmp_path: Path, command: str, check: Callable[[], None]) -> None:
    program(tmp_path, of_version("1.11.4") + f'\n[ "$1" != {command} ]')
    with pytest.raises(UserError, match=f"`terraform {command}` failed"):
        check()


def test_checks_do_not_see_the_callers_account(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "somebody")
    monkeypatch.setenv("TF_DATA_DIR", str(tmp_path / "build/local-local/terraform"))  # of `make cloud-env`
    program(tmp_path, of_version("1.11.4") + f'\necho "$1 $AWS_PROFILE $TF_DATA_DIR" >> {tmp_path}/seen')
    checks.validate()
    folder = tmp_path / "build/validate/terraform"
    assert (tmp_path / "seen").read_text(encoding="utf-8").splitlines() == [f"init  {folder}", f"validate  {folder}"]


def test_the_error_of_a_check_without_providers_names_the_mirror(tmp_path: Path) -> None:
    program(tmp_path, of_version("1.11.4") + "\necho 'no registry' >&2; exit 1")
    with pytest.raises(UserError, match="no registry") as caught:
        checks.validate()
    assert "provider mirror" in caught.value.fix
