"""Reads an applied stack, also in a fresh clone where Terraform was never initialised."""

import sys

from scripts.core.errors import UserError
from scripts.stack import environments, state
from scripts.stack.outputs import Stack, not_applied, parse_outputs
from scripts.stack.terraform import Terraform, terraform


def read_stack(environment: str) -> Stack:
    """The stack that `make infra` has applied.

    Prints nothing to stdout: a verb's result may go there.

    Args:
        environment: a name in terraform/environments/.

    Raises:
        UserError: no such environment, no Terraform, no credentials, or the stack is not (wholly) applied.
    """
    environments.variables_file(environment)
    runner = terraform(environments.data_dir(environment))
    settings = state.current_backend(environment)
    state.check_place(settings, environments.data_dir(environment))
    if not state.bucket_exists(settings.bucket):
        raise not_applied(environment, settings.place)
    if not settings.is_recorded_in(environments.data_dir(environment)):
        _initialise_quietly(runner, environment, settings)
    answer = runner.capture("output", "-json")
    if answer.code != 0 and "terraform init" in answer.err:
        # The backend's block in terraform/ has changed since.
        _initialise_quietly(runner, environment, settings)
        answer = runner.capture("output", "-json")
    if answer.code != 0:
        raise UserError(
            f"Terraform cannot read the outputs of `{environment}`: {answer.first_error()}",
            f"The state is s3://{settings.bucket}/{settings.key}; `make infra` shows Terraform's whole message.",
        )
    return parse_outputs(answer.out, environment)


def init_flags(environment: str, settings: state.Backend) -> tuple[str, ...]:
    """Write the backend's settings to a file, and give the flags of `terraform init` that use it."""
    file = environments.build_folder(environment) / "backend.hcl"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(settings.text(), encoding="utf-8")
    return "-input=false", "-reconfigure", "-lockfile=readonly", f"-backend-config={file}"


def _initialise_quietly(runner: Terraform, environment: str, settings: state.Backend) -> None:
    print(f"Initialising Terraform for `{environment}` (once in a clone) …", file=sys.stderr, flush=True)
    answer = runner.capture("init", *init_flags(environment, settings))
    if answer.code != 0:
        raise UserError(
            f"Terraform cannot be initialised for `{environment}`: {answer.first_error()}",
            "`make infra` shows Terraform's whole message. Without a way to its registry: docs/infrastructure.md.",
        )
