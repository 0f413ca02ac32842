"""The environment, account and region that a command works on, and Terraform, ready to work there."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from scripts.core import aws, console
from scripts.core.errors import UserError
from scripts.stack import environments, processes, read, state, variables
from scripts.stack.outputs import Stack
from scripts.stack.terraform import CommandResult, Terraform, report_mirror, terraform


@dataclass(frozen=True)
class Target:
    """One environment in one account and region.

    Attributes:
        command: the command that the user typed, such as `make infra`.
        environment: a name in terraform/environments/.
        variables_file: the absolute path of its variables.
        runner: Terraform, configured for the account and region.
        account_id: the account.
        endpoint: the address of S3, which holds the state; it differs between AWS and a local cloud.
        backend: where the state is.
    """

    command: str
    environment: str
    variables_file: Path
    runner: Terraform
    account_id: str
    endpoint: str
    backend: state.Backend

    @property
    def place(self) -> str:
        """The account and region, for messages."""
        return self.backend.place


def prepare(command: str, environment: str) -> Target:
    """Find the environment, the account and region, and Terraform.

    Raises:
        UserError: no such environment, no Terraform, no credentials, or another account than the stack's.
    """
    file = environments.variables_file(environment)
    data_dir = environments.data_dir(environment)
    runner = terraform(data_dir)
    account_id, region = aws.account_id(), aws.region()
    # Without AWS_REGION, the provider would look up the profile's region itself and might find another one. Without the
    # credentials, it would ask AWS, or the user, for a second session.
    runner = replace(runner, variables={**runner.variables, "AWS_REGION": region}, credentials=aws.credential_variables)
    report_mirror(runner)
    processes.end_orphans(data_dir)
    backend = state.backend(account_id, region, environment)
    state.check_place(backend, data_dir)
    return Target(command, environment, file, runner, account_id, aws.client("s3").meta.endpoint_url, backend)


def get_providers(target: Target) -> None:
    """Install the providers, once in a clone and before anything is created in the account.

    Raises:
        UserError: Terraform cannot get them.
    """
    if (environments.data_dir(target.environment) / "providers").is_dir():
        return
    if target.runner.stream("init", "-backend=false", "-input=false", "-lockfile=readonly") != 0:
        raise UserError(
            "Terraform could not get its provider: its own message is above.",
            "Check the connection to registry.terraform.io, or name a mirror of it: "
            "TRAINYARD_PROVIDER_MIRROR=FOLDER (docs/infrastructure.md).",
        )


def init(target: Target) -> None:
    """Connect Terraform to the state, if it is not connected already.

    Raises:
        UserError: Terraform failed; its own message has been shown.
    """
    if not target.backend.is_recorded_in(environments.data_dir(target.environment)):
        init_again(target)


def init_again(target: Target) -> None:
    """Connect Terraform to the state, and install its modules and providers.

    Raises:
        UserError: Terraform failed; its own message has been shown.
    """
    result = target.runner.capture("init", *read.init_flags(target.environment, target.backend))
    if result.code != 0:
        raise show_failure(target, "init", result)


def check_outputs(target: Target) -> Stack:
    """The applied stack, which must have every output that the commands read. They find the outputs kept then.

    Raises:
        UserError: an output is missing or wrong, or Terraform failed.
    """
    return read.read_stack(target.environment)


def variables_of(target: Target) -> dict[str, Any]:
    """The values of the environment's variables.

    Raises:
        UserError: Terraform refuses a value.
    """
    return variables.read(target.runner, target.environment)


def show_failure(target: Target, command: str, result: CommandResult) -> UserError:
    """Print the captured errors of Terraform; returns the two-line error that follows them."""
    console.warn(result.err.rstrip())
    return failure(target, command, "its own message is above.")


def failure(target: Target, command: str, message: str) -> UserError:
    """The two-line error for a Terraform command that failed."""
    return UserError(
        f"`terraform {command}` failed: {message}",
        f"Correct what it names, then run `{target.command}` again (usual causes: docs/infrastructure.md).",
    )


def create_state_bucket(target: Target) -> None:
    """Create the state bucket if it is missing, or complete one that was created only partly.

    Raises:
        UserError: another account owns a bucket of this name, you lack the right to create it, or Terraform refuses
            the environment's variables.
    """
    if state.ensure_bucket(target.backend, lambda: state.bucket_options(variables_of(target))):
        console.say(f"Created the state bucket {target.backend.bucket}: versioned, encrypted, not public.")
