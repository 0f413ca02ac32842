"""One environment, with what it takes to work on it: prepared, initialised, its failures explained."""

import sys
from dataclasses import dataclass
from pathlib import Path

from scripts.core import aws, console
from scripts.core.errors import UserError
from scripts.stack import environments, locks, read, state
from scripts.stack.outputs import parse_outputs
from scripts.stack.terraform import Answer, Terraform, say_mirror, terraform


@dataclass(frozen=True)
class Work:
    """One environment in one place.

    Attributes:
        command: what the user typed, such as `make infra`.
        environment: a name in terraform/environments/.
        variables_file: its variables, absolute.
        runner: Terraform, set to the place.
        account_id: whose account it is.
        endpoint: where S3 answers, which holds the state: it tells one cloud from another.
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
        """The account and region, in words."""
        return self.backend.place


def prepare(command: str, environment: str) -> Work:
    """Find out where an environment is, and that Terraform is there to work on it.

    Raises:
        UserError: no such environment, no Terraform, no credentials, or another account than the stack's.
    """
    file = environments.variables_file(environment)
    runner = terraform(environments.data_dir(environment))
    account_id, region = aws.account_id(), aws.region()
    # The provider would find a profile's region by itself; this way it cannot find another than we did.
    runner = Terraform(runner.binary, {**runner.variables, "AWS_REGION": region}, runner.mirror)
    say_mirror(runner)
    backend = state.backend(account_id, region, environment)
    state.check_place(backend, environments.data_dir(environment))
    return Work(command, environment, file, runner, account_id, aws.client("s3").meta.endpoint_url, backend)


def get_providers(work: Work) -> None:
    """Once in a clone, and before anything is made in the account: without its providers nothing can go on.

    Raises:
        UserError: Terraform cannot have them.
    """
    if (environments.data_dir(work.environment) / "providers").is_dir():
        return
    if work.runner.stream("init", "-backend=false", "-input=false", "-lockfile=readonly") != 0:
        raise UserError(
            "Terraform could not get its provider: its own message is above.",
            "Check the way to registry.terraform.io, or name a mirror of it: "
            "TRAINYARD_PROVIDER_MIRROR=FOLDER (docs/infrastructure.md).",
        )


def init(work: Work) -> None:
    """Connect Terraform to the state, where it is not connected already.

    Raises:
        UserError: Terraform failed; its own message has been shown.
    """
    if not work.backend.is_recorded_in(environments.data_dir(work.environment)):
        init_again(work)


def init_again(work: Work) -> None:
    """Connect Terraform to the state, and see that it has its modules and providers.

    Raises:
        UserError: Terraform failed; its own message has been shown.
    """
    answer = work.runner.capture("init", *read.init_flags(work.environment, work.backend))
    if answer.code != 0:
        raise shown_failure(work, "init", answer)


def check_outputs(work: Work) -> None:
    """See that the stack gives what the verbs read of it.

    Raises:
        UserError: it does not, or Terraform failed.
    """
    answer = work.runner.capture("output", "-json")
    if answer.code != 0:
        raise failure(work, "output", answer.first_error())
    parse_outputs(answer.out, work.environment)


def shown_failure(work: Work, command: str, answer: Answer) -> UserError:
    """Show the errors of a Terraform whose output was held; give the two lines that follow them."""
    print(answer.err.rstrip(), file=sys.stderr, flush=True)
    return failure(work, command, "its own message is above.")


def failure(work: Work, command: str, message: str) -> UserError:
    """The two lines about a Terraform that failed."""
    lock = locks.read(work.backend) if command in {"plan", "apply"} else None
    if lock is not None:
        return locks.refusal(lock, work.environment, environments.data_dir(work.environment))
    return UserError(
        f"`terraform {command}` failed: {message}",
        f"Mend what it names, then `{work.command}` goes on from there (usual causes: docs/infrastructure.md).",
    )


def make_state_bucket(work: Work) -> None:
    """Make the state bucket where it is missing, or not wholly made.

    Raises:
        UserError: another account owns a bucket of its name, or there is no right to make it.
    """
    if state.ensure_bucket(work.backend):
        console.say(f"Made the state bucket {work.backend.bucket}: versioned, encrypted, not public.")
