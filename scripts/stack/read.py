"""Reads an applied stack, even in a fresh clone where Terraform was never initialised.

Terraform takes longer to print the outputs than all other checks of a job together. So they are kept with the version
of the state that they are from, and Terraform is asked only after the state has changed.
"""

import contextlib
import json
from dataclasses import replace
from pathlib import Path

from scripts.core import aws, console, scratch
from scripts.core.errors import AGAIN, UserError
from scripts.stack import environments, state
from scripts.stack.outputs import Stack, not_applied, parse_outputs
from scripts.stack.terraform import CommandResult, Terraform, check_variables, terraform

ATTEMPTS = 5
CUT_SHORT = "unexpected EOF"
LOST_ANSWERS = (CUT_SHORT, "request send failed", "StatusCode: 5")
"""What Terraform's message has if an answer was cut short, if there was none, or if AWS had an error of its own."""


def read_stack(environment: str) -> Stack:
    """The stack that `make infra` has applied.

    Prints nothing to stdout, because a command may print its result there.

    Args:
        environment: a name in terraform/environments/.

    Raises:
        UserError: no such environment, no Terraform, no credentials, or the stack is not or only partly applied.
    """
    environments.variables_file(environment)
    check_variables()
    settings = state.current_backend(environment)
    version = state.version(settings)
    file = environments.build_folder(environment) / "outputs.json"
    outputs = version and _kept(file, version)
    if not outputs:
        outputs = _ask_terraform(environment, settings)
        if version:
            _keep(file, version, outputs)
    return parse_outputs(outputs, environment)


def _kept(file: Path, version: dict[str, str]) -> str | None:
    """The outputs that Terraform printed before; None if the state has changed since."""
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
        return str(content["outputs"]) if content["state"] == version else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _keep(file: Path, version: dict[str, str], outputs: str) -> None:
    """Write the outputs completely or not at all. Without them, only the next command takes longer."""
    with contextlib.suppress(OSError), scratch.temporary_folder(file.parent, ".outputs-") as folder:
        new = folder / file.name
        new.write_text(json.dumps({"state": version, "outputs": outputs}), encoding="utf-8")
        new.replace(file)


def _ask_terraform(environment: str, settings: state.Backend) -> str:
    """Terraform's outputs of an applied stack, as JSON."""
    runner = replace(terraform(environments.data_dir(environment)), credentials=aws.credential_variables)
    state.check_place(settings, environments.data_dir(environment))
    if not state.bucket_exists(settings.bucket):
        raise not_applied(environment, settings.place)
    if not settings.is_recorded_in(environments.data_dir(environment)):
        _initialise_quietly(runner, environment, settings)
    result = _outputs(runner)
    if result.code != 0 and "terraform init" in result.err:
        # The backend block in terraform/ has changed since the last init.
        _initialise_quietly(runner, environment, settings)
        result = _outputs(runner)
    if result.code != 0:
        fix = AGAIN if is_lost_answer(result.err) else "`make infra` shows Terraform's whole message"
        raise UserError(
            f"Terraform cannot read the outputs of `{environment}`: {result.first_error()}",
            f"The state is s3://{settings.bucket}/{settings.key}; {fix}.",
        )
    return result.out


def is_lost_answer(message: str) -> bool:
    """Whether Terraform's message says that an answer of AWS was lost or cut short, so that another try may do."""
    return any(part in message for part in LOST_ANSWERS)


def _outputs(runner: Terraform) -> CommandResult:
    """Terraform's outputs. It does not repeat a call whose answer was cut short, so this does."""
    for _ in range(ATTEMPTS - 1):
        result = runner.capture("output", "-json")
        if result.code == 0 or CUT_SHORT not in result.err:
            return result
    return runner.capture("output", "-json")


def init_flags(environment: str, settings: state.Backend) -> tuple[str, ...]:
    """Write the backend's settings to a file; returns the flags for `terraform init` to use it."""
    file = environments.build_folder(environment) / "backend.hcl"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(settings.text(), encoding="utf-8")
    return "-input=false", "-reconfigure", "-lockfile=readonly", f"-backend-config={file}"


def _initialise_quietly(runner: Terraform, environment: str, settings: state.Backend) -> None:
    console.warn(f"Initialising Terraform for `{environment}` (once in a clone) …")
    result = runner.capture("init", *init_flags(environment, settings))
    if result.code != 0:
        raise UserError(
            f"Terraform cannot be initialised for `{environment}`: {result.first_error()}",
            "`make infra` shows Terraform's whole message. If its registry is not reachable: docs/infrastructure.md.",
        )
