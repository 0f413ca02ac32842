"""What `make infra` and `make destroy` do: initialise, plan, ask, and apply that very plan."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from scripts.core import aws, console
from scripts.core.errors import UserError
from scripts.core.verb import Interrupted
from scripts.stack import environments, locks, read, removal, state
from scripts.stack.outputs import parse_outputs
from scripts.stack.terraform import Terraform, say_mirror, terraform

NO_CHANGES, CHANGES = 0, 2  # terraform plan -detailed-exitcode


@dataclass(frozen=True)
class _Work:
    """One environment, with what it takes to work on it; `command` is what the user typed."""

    command: str
    environment: str
    variables_file: Path
    runner: Terraform
    account_id: str
    backend: state.Backend


def apply(environment: str, yes: bool) -> None:
    """Make the stack what terraform/ says.

    Args:
        environment: a name in terraform/environments/.
        yes: the plan was agreed to beforehand.

    Raises:
        UserError: Terraform failed (its own message is printed), or there was nobody to ask.
        Interrupted: with what exists then.
    """
    work = _prepare("make infra", environment)
    question = f"Apply this plan to account {work.account_id} in {work.backend.region}?"
    beforehand = "Say so beforehand: `make infra YES=1`."
    with _plan_file(environment) as plan:
        with _interrupted(f"Nothing was changed but the state bucket {work.backend.bucket}; `make infra` goes on."):
            _get_providers(work)
            if not state.bucket_exists(work.backend.bucket):  # then there is something to ask about, so: can one?
                console.check_can_ask(question, yes, beforehand)
            if state.ensure_bucket(work.backend):
                console.say(f"Made the state bucket {work.backend.bucket}: versioned, encrypted, not public.")
            _init(work)
            if not _plan(work, plan):
                _check_outputs(work)
                console.say(f"Nothing to change: the stack of `{environment}` is what terraform/ says.")
                return
            if not console.confirm(question, yes, beforehand):
                console.say("Nothing was changed.")
                return
        with _interrupted("What Terraform has made is in its state: `make infra` goes on, `make destroy` removes it."):
            _terraform(work, "apply", "-input=false", str(plan))
    _check_outputs(work)
    console.say(f"The stack of `{environment}` stands.")


def destroy(environment: str, confirmation: str) -> None:
    """Remove the stack, after the environment's name was typed; the state bucket stays.

    Args:
        environment: a name in terraform/environments/.
        confirmation: the name, given beforehand; empty to be asked for it.

    Raises:
        UserError: Terraform failed, the name was another, there was nobody to ask, or a bucket or repository that
            the environment keeps is not empty.
        Interrupted: with what exists then.
    """
    work = _prepare("make destroy", environment)
    if not state.bucket_exists(work.backend.bucket):
        console.say(f"Nothing to remove: there is no state bucket {work.backend.bucket}.")
        return
    with _plan_file(environment) as plan:
        with _interrupted("Nothing was removed."):
            _init(work)
            planned = _plan(work, plan, "-destroy")
            if planned:
                removal.check(_read_plan(work, plan), environment)
                _ask_for_name(environment, confirmation)
        if planned:
            with _interrupted("What is left is in Terraform's state: `make destroy` goes on, `make infra` mends it."):
                _terraform(work, "apply", "-input=false", str(plan))
            console.say(f"The stack of `{environment}` is removed.")
        else:
            console.say(f"Nothing to remove: the stack of `{environment}` is not applied.")
    console.say(f"The state bucket {work.backend.bucket} stays: other environments may use it. To remove it for good:")
    for command in state.removal_commands(work.backend.bucket):
        console.say(f"  {command}")


def _prepare(command: str, environment: str) -> _Work:
    file = environments.variables_file(environment)
    runner = terraform(environments.data_dir(environment))
    account_id, region = aws.account_id(), aws.region()
    # The provider would find a profile's region by itself; this way it cannot find another than we did.
    runner = Terraform(runner.binary, {**runner.variables, "AWS_REGION": region}, runner.mirror)
    say_mirror(runner)
    backend = state.backend(account_id, region, environment)
    state.check_place(backend, environments.data_dir(environment))
    return _Work(command, environment, file, runner, account_id, backend)


@contextmanager
def _plan_file(environment: str) -> Iterator[Path]:
    """A place for a saved plan, which can hold secrets: nothing stays there, however the block ends."""
    file = environments.plan_folder(environment) / "plan.tfplan"
    file.unlink(missing_ok=True)
    try:
        yield file
    finally:
        file.unlink(missing_ok=True)


def _get_providers(work: _Work) -> None:
    """Once in a clone, and before anything is made in the account: without its providers nothing can go on."""
    if (environments.data_dir(work.environment) / "providers").is_dir():
        return
    if work.runner.stream("init", "-backend=false", "-input=false", "-lockfile=readonly") != 0:
        raise UserError(
            "Terraform could not get its provider: its own message is above.",
            "Check the way to registry.terraform.io, or name a mirror of it: "
            "TRAINYARD_PROVIDER_MIRROR=FOLDER (docs/infrastructure.md).",
        )


def _init(work: _Work) -> None:
    _terraform(work, "init", *read.init_flags(work.environment, work.backend))


def _plan(work: _Work, file: Path, *flags: str) -> bool:
    """Write a plan; returns whether it changes anything."""
    # The file's name decides, whatever a copied file says inside: two environments never share resources.
    chosen = (f"-var-file={work.variables_file}", f"-var=environment={work.environment}")
    allowed = (NO_CHANGES, CHANGES)
    code = _terraform(work, "plan", "-input=false", "-detailed-exitcode", f"-out={file}", *chosen, *flags, ok=allowed)
    return code == CHANGES


def _read_plan(work: _Work, file: Path) -> dict[str, object]:
    answer = work.runner.capture("show", "-json", str(file))
    if answer.code != 0:
        raise _failed(work, "show", answer.first_error())
    plan: dict[str, object] = json.loads(answer.out)
    return plan


def _check_outputs(work: _Work) -> None:
    answer = work.runner.capture("output", "-json")
    if answer.code != 0:
        raise _failed(work, "output", answer.first_error())
    parse_outputs(answer.out, work.environment)


def _terraform(work: _Work, command: str, *flags: str, ok: tuple[int, ...] = (0,)) -> int:
    code = work.runner.stream(command, *flags)
    if code not in ok:
        raise _failed(work, command, "its own message is above.")
    return code


def _failed(work: _Work, command: str, message: str) -> UserError:
    lock = locks.read(work.backend) if command in {"plan", "apply"} else None
    if lock is not None:
        return locks.refusal(lock, work.environment, environments.data_dir(work.environment))
    return UserError(
        f"`terraform {command}` failed: {message}",
        f"Mend what it names, then `{work.command}` goes on from there (usual causes: docs/infrastructure.md).",
    )


def _ask_for_name(environment: str, confirmation: str) -> None:
    beforehand = f"`make destroy CONFIRM={environment}`"
    if not confirmation:
        if not sys.stdin.isatty():
            raise UserError(
                f"Removing `{environment}` needs its name typed, and there is no terminal to ask at.",
                f"Give it beforehand: {beforehand}.",
            )
        confirmation = input(f"All of the above goes for good. Type {environment} to go on: ").strip()
    if confirmation != environment:
        raise UserError(
            f"That is not the environment's name: nothing was removed of `{environment}`.",
            f"Type {environment}, or give it beforehand: {beforehand}.",
        )


@contextmanager
def _interrupted(words: str) -> Iterator[None]:
    try:
        yield
    except KeyboardInterrupt as error:
        raise Interrupted(words) from error
