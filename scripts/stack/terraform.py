"""The only place that starts Terraform: a wrapper around python-terraform's `cmd()`.

We use only `cmd()` of python-terraform, with flags as plain strings. Its other functions add flags that Terraform no
longer knows, hide errors, or write variables to temporary files.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from scripts.core import console, interrupts
from scripts.core.errors import UserError
from scripts.stack import live_output, mirror, overrides

FOLDER = Path("terraform")
OLDEST = (1, 11)
INSTALL_FIX = "Install Terraform 1.11 or newer: https://developer.hashicorp.com/terraform/install"


@dataclass(frozen=True)
class CommandResult:
    """The exit code of a Terraform command, and its output if that was captured."""

    code: int
    out: str = ""
    err: str = ""

    def first_error(self) -> str:
        """The first error that Terraform printed, in one line."""
        lines = [line.strip(" │╷╵\t") for line in self.err.splitlines()]
        texts = [line for line in lines if line]
        start = next((index for index, line in enumerate(texts) if line.startswith("Error: ")), 0)
        return " ".join(texts[start : start + 3]).removeprefix("Error: ") or f"exit code {self.code}"


@dataclass(frozen=True)
class Terraform:
    """Terraform, run in one folder.

    Args:
        binary: the path of the program.
        variables: environment variables on top of ours; None removes a variable.
        mirror: the provider mirror that it uses; None for Terraform's registry.
        folder: the working folder.
        credentials: gives variables with the newest credentials, for each command; None if it needs none.
    """

    binary: str
    variables: Mapping[str, str | None] = field(default_factory=dict)
    mirror: Path | None = None
    folder: Path = FOLDER
    credentials: Callable[[], Mapping[str, str | None]] | None = None

    def stream(self, command: str, *flags: str) -> int:
        """Run a command that prints to our own output; returns its exit code."""
        flags = self._plain(flags)
        with live_output.printed("stdout"), live_output.printed("stderr"):
            return self._run(command, flags)

    def capture(self, command: str, *flags: str, limit: float | None = None) -> CommandResult:
        """Run a command and return its output without printing it.

        Terraform writes into files: if this process is killed, it can finish its work. A pipe would break and end it.

        Args:
            command: such as `plan`.
            flags: its flags.
            limit: the seconds that it may take; only for a command that changes nothing, because it is killed then.

        Raises:
            TimeoutError: it took longer.
        """
        with _text_file() as out, _text_file() as errors:
            code = self._run(command, ("-no-color", *flags), out, errors, limit)
            return CommandResult(code, _content(out), _content(errors))

    def relay(self, command: str, *flags: str) -> CommandResult:
        """Run a command that prints to our own output; its errors are printed when it has ended, and returned too."""
        flags = self._plain(flags)
        with _text_file() as errors:
            try:
                with live_output.printed("stdout"):
                    code = self._run(command, flags, errors=errors)
            finally:
                text = _content(errors)
                if text:
                    console.warn(text.removesuffix("\n"))
        return CommandResult(code, "", text)

    def _plain(self, flags: tuple[str, ...]) -> tuple[str, ...]:
        return flags if sys.stdout.isatty() else ("-no-color", *flags)

    def _run(
        self,
        command: str,
        flags: tuple[str, ...],
        out: IO[str] | None = None,
        errors: IO[str] | None = None,
        limit: float | None = None,
    ) -> int:
        from python_terraform import Terraform as PythonTerraform

        runner = PythonTerraform(working_dir=str(self.folder), terraform_bin_path=self.binary)
        variables = {**self.variables, **(self.credentials() if self.credentials else {})}
        sys.stdout.flush()
        with (
            _environment(variables),
            delay_interrupts(),
            redirect_stdout(out or sys.stdout),
            redirect_stderr(errors or sys.stderr),
        ):
            # An empty list means "do not wait", as False does, but False would also become a flag of Terraform.
            process, _, _ = runner.cmd(command, *flags, capture_output=False, synchronous=[])
            try:
                return int(process.wait(limit))
            except subprocess.TimeoutExpired:
                process.kill()  # not an interrupt: Terraform would write the state once more
                process.wait()
                raise TimeoutError(f"terraform {command} took over {limit} s") from None


def _text_file() -> IO[str]:
    return tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace")


def _content(file: IO[str]) -> str:
    file.seek(0)
    return file.read()


def terraform(data_dir: Path, variables: Mapping[str, str | None] | None = None) -> Terraform:
    """Find Terraform on PATH and configure it for this project.

    Args:
        data_dir: its TF_DATA_DIR. Its configuration file goes into the parent folder.
        variables: more environment variables; None removes a variable.

    Raises:
        UserError: a variable such as TF_WORKSPACE would change what Terraform does, Terraform is missing or too old, or
            the provider mirror that the user named lacks a provider.
    """
    check_variables()
    binary = find_program()
    # Without the first two, Terraform looks for newer versions of itself online, and prints hints that do not fit
    # `make`. The last one: somebody may have selected another workspace in the data folder, by hand.
    own: dict[str, str | None] = {"CHECKPOINT_DISABLE": "1", "TF_IN_AUTOMATION": "1", "TF_WORKSPACE": "default"}
    platform = _check_version(binary, own)
    own |= {"TF_DATA_DIR": str(data_dir.absolute()), **(variables or {})}
    found = mirror.find_mirror(_locked(), platform, os.environ, Path.home())
    if found:
        config = data_dir.absolute().parent / "terraform.rc"
        config.parent.mkdir(parents=True, exist_ok=True)
        config.write_text(mirror.config_text(found), encoding="utf-8")
        own["TF_CLI_CONFIG_FILE"] = str(config)
    return Terraform(binary, own, found)


def check_variables() -> None:
    """Check that no variable of the caller changes what Terraform does.

    Raises:
        UserError: there is one, such as TF_WORKSPACE or TF_VAR_project.
    """
    refusal = overrides.refusal(os.environ, Path.cwd())
    if refusal:
        raise refusal


def find_program() -> str:
    """The path of Terraform.

    Raises:
        UserError: it is not on PATH.
    """
    binary = shutil.which("terraform")
    if binary is None and shutil.which("tofu"):
        raise UserError(
            "There is only `tofu` on PATH, and this command needs Terraform.",
            f"{INSTALL_FIX}. A plan of OpenTofu can be reviewed: `tofu show -json PLANFILE > plan.json`, then "
            "`python -m scripts.plan review plan.json`.",
        )
    if binary is None:
        raise UserError("Terraform is not installed: there is no `terraform` on PATH.", INSTALL_FIX)
    return binary


def _locked() -> dict[str, str]:
    return mirror.locked_providers((FOLDER / ".terraform.lock.hcl").read_text(encoding="utf-8"))


def _check_version(binary: str, variables: Mapping[str, str | None]) -> str:
    """Check that Terraform is new enough; returns its name for this platform."""
    result = Terraform(binary, variables).capture("version", "-json")
    if result.code != 0:
        raise UserError(f"`{binary} version` fails: {result.err.strip() or result.out.strip()}", INSTALL_FIX)
    try:
        found = json.loads(result.out)
        version, platform = str(found["terraform_version"]), str(found["platform"])
        is_too_old = tuple(int(part) for part in version.split("-")[0].split(".")[:2]) < OLDEST
    except (ValueError, KeyError, TypeError):
        shown = " ".join(result.out.split())[:80]
        raise UserError(f"`{binary} version -json` prints no version: {shown!r}.", INSTALL_FIX) from None
    if is_too_old:
        raise UserError(f"Terraform {version} ({binary}) is too old for this project.", INSTALL_FIX)
    return platform


@contextmanager
def _environment(variables: Mapping[str, str | None]) -> Iterator[None]:
    # python-terraform always passes os.environ on, so we change it for the time of the call.
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
def delay_interrupts() -> Iterator[None]:
    """Hold SIGINT and SIGTERM back until the block has ended, then deliver the first one.

    At a terminal, Terraform gets Ctrl-C too: it finishes its current operations, writes the state and frees its lock.
    If we stopped first, the caller would clean up while Terraform still works. If only we get a SIGTERM, we wait until
    Terraform ends as usual.
    """
    stderr = sys.stderr  # the caller redirects sys.stderr within the block
    message = "Waiting for Terraform to finish what it has begun, so that its state and lock stay in order …"
    with interrupts.delayed(lambda: console.write(message, stderr)):
        yield


def report_mirror(runner: Terraform) -> None:
    """Print which mirror the providers come from, unless they come from Terraform's registry."""
    if runner.mirror:
        console.note(f"Terraform's providers come from the mirror {runner.mirror}.")
