"""The one place where Terraform is started: a wrapper on python-terraform's `cmd()`.

Of python-terraform only `cmd()` is used, with flags as plain strings: its conveniences add flags that Terraform no
longer knows, hide errors, or write variables to temporary files.
"""

import json
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stderr
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

from scripts.core import console
from scripts.core.errors import UserError
from scripts.stack import mirror

FOLDER = Path("terraform")
OLDEST = (1, 11)
INSTALL_FIX = "Install Terraform 1.11 or newer: https://developer.hashicorp.com/terraform/install"


@dataclass(frozen=True)
class Answer:
    """How a command ended: exit code, and what it printed where that was captured."""

    code: int
    out: str = ""
    err: str = ""

    def first_error(self) -> str:
        """The first error in what Terraform printed, in one line."""
        lines = [line.strip(" │╷╵\t") for line in self.err.splitlines()]
        texts = [line for line in lines if line]
        start = next((index for index, line in enumerate(texts) if line.startswith("Error: ")), 0)
        return " ".join(texts[start : start + 3]).removeprefix("Error: ") or f"exit code {self.code}"


@dataclass(frozen=True)
class Terraform:
    """Terraform in a folder.

    Args:
        binary: the program.
        variables: what its environment has beyond ours; None takes one away.
        mirror: where its providers come from, where that is not the registry.
        folder: where it works.
    """

    binary: str
    variables: Mapping[str, str | None] = field(default_factory=dict)
    mirror: Path | None = None
    folder: Path = FOLDER

    def stream(self, command: str, *flags: str) -> int:
        """Run a command whose output goes where ours goes; returns its exit code."""
        return self._run(command, self._plain(flags), capture=False).code

    def capture(self, command: str, *flags: str) -> Answer:
        """Run a command and hold its output."""
        return self._run(command, ("-no-color", *flags), capture=True)

    def relay(self, command: str, *flags: str) -> Answer:
        """Run a command whose output goes where ours goes; its errors are shown when it has ended, and held too."""
        with tempfile.TemporaryFile("w+", encoding="utf-8") as errors:
            try:
                code = self._run(command, self._plain(flags), capture=False, errors=errors).code
            finally:
                errors.seek(0)
                text = errors.read()
                print(text, end="", file=sys.stderr, flush=True)
        return Answer(code, "", text)

    def _plain(self, flags: tuple[str, ...]) -> tuple[str, ...]:
        return flags if sys.stdout.isatty() else ("-no-color", *flags)

    def _run(self, command: str, flags: tuple[str, ...], capture: bool, errors: TextIO | None = None) -> Answer:
        from python_terraform import Terraform as PythonTerraform

        runner = PythonTerraform(working_dir=str(self.folder), terraform_bin_path=self.binary)
        sys.stdout.flush()
        with _environment(self.variables), interrupts_held_back(), redirect_stderr(errors or sys.stderr):
            code, out, err = runner.cmd(command, *flags, capture_output=capture)
        return Answer(code, out or "", err or "")


def terraform(data_dir: Path, variables: Mapping[str, str | None] | None = None) -> Terraform:
    """Terraform on PATH, ready for this project.

    Args:
        data_dir: its TF_DATA_DIR. What it needs besides is written into the folder above.
        variables: more for its environment; None takes a variable away.

    Raises:
        UserError: there is no Terraform, one too old, or the provider mirror that the user names is not whole.
    """
    binary = program()
    # Terraform would ask an address of its maker for newer versions, and end with hints that do not fit make.
    own: dict[str, str | None] = {"CHECKPOINT_DISABLE": "1", "TF_IN_AUTOMATION": "1"}
    platform = _checked_platform(binary, own)
    own |= {"TF_DATA_DIR": str(data_dir.absolute()), **(variables or {})}
    found = mirror.find_mirror(_locked(), platform, os.environ, Path.home())
    if found:
        config = data_dir.absolute().parent / "terraform.rc"
        config.parent.mkdir(parents=True, exist_ok=True)
        config.write_text(mirror.config_text(found), encoding="utf-8")
        own["TF_CLI_CONFIG_FILE"] = str(config)
    return Terraform(binary, own, found)


def program() -> str:
    """The path of Terraform.

    Raises:
        UserError: there is none on PATH.
    """
    binary = shutil.which("terraform")
    if binary is None:
        raise UserError("Terraform is not installed: there is no `terraform` on PATH.", INSTALL_FIX)
    return binary


def _locked() -> dict[str, str]:
    return mirror.locked_providers((FOLDER / ".terraform.lock.hcl").read_text(encoding="utf-8"))


def _checked_platform(binary: str, variables: Mapping[str, str | None]) -> str:
    answer = Terraform(binary, variables).capture("version", "-json")
    if answer.code != 0:
        raise UserError(f"`{binary} version` fails: {answer.err.strip() or answer.out.strip()}", INSTALL_FIX)
    found = json.loads(answer.out)
    version = str(found["terraform_version"])
    if tuple(int(part) for part in version.split("-")[0].split(".")[:2]) < OLDEST:
        raise UserError(f"Terraform {version} ({binary}) is too old for this project.", INSTALL_FIX)
    return str(found["platform"])


@contextmanager
def _environment(variables: Mapping[str, str | None]) -> Iterator[None]:
    # python-terraform hands on os.environ and takes no other: so it is changed for the time of the call.
    before = dict(os.environ)
    for name, value in variables.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


@contextmanager
def interrupts_held_back() -> Iterator[None]:
    """Keep SIGINT and SIGTERM until the block has ended, then let them do what they would have done.

    At a terminal, Terraform gets Ctrl-C too: it ends what it has begun, writes the state and frees its lock. If we
    went first, the caller would clean up under it. A SIGTERM to us alone waits for Terraform's ordinary end.
    """
    held: list[int] = []
    shown = sys.stderr
    said = "Waiting for Terraform to end what it has begun, so that state and lock stay in order …"

    def hold(number: int, _frame: object) -> None:
        if not held:
            print(said, file=shown, flush=True)
        held.append(number)

    # What is ignored (as in a background process of a shell) stays ignored.
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    ours = [number for number, handler in before.items() if handler is not signal.SIG_IGN]
    for number in ours:
        signal.signal(number, hold)
    try:
        yield
    finally:
        for number in ours:
            signal.signal(number, before[number])
    if held:
        signal.raise_signal(held[0])


def say_mirror(used: Terraform) -> None:
    """Say where providers come from, where that is not Terraform's registry."""
    if used.mirror:
        console.note(f"Terraform's providers come from the mirror {used.mirror}.")
