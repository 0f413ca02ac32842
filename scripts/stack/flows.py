"""What `make infra` and `make destroy` do: initialise, plan, ask, and apply that very plan."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from scripts.core import console
from scripts.core.errors import UserError
from scripts.core.verb import Interrupted
from scripts.stack import environments, read, state
from scripts.stack.outputs import Stack, parse_outputs
from scripts.stack.terraform import Terraform, say_mirror, terraform

NO_CHANGES, CHANGES = 0, 2  # terraform plan -detailed-exitcode


@dataclass(frozen=True)
class _Work:
    """One environment, with what it takes to work on it."""

    environment: str
    variables_file: Path
    runner: Terraform
    settings: state.Backend


def apply(environment: str, yes: bool) -> Stack | None:
    """Make the stack what terraform/ says.

    Args:
        environment: a name in terraform/environments/.
        yes: the plan was agreed to beforehand.

    Returns:
        The stack as it stands now; None where the answer was no.

    Raises:
        UserError: Terraform failed (its own message is printed), or there was nobody to ask.
        Interrupted: with what exists then.
    """
    work = _prepare(environment)
    with _interrupted(f"`make infra` goes on; nothing was changed but the state bucket {work.settings.bucket}."):
        if state.ensure_bucket(work.settings):
            console.say(f"Made the state bucket {work.settings.bucket}: versioned, encrypted, not public.")
        _init(work)
        plan = _plan(work)
        if plan is None:
            console.say(f"Nothing to change: the stack of `{environment}` is what terraform/ says.")
            return _outputs(work)
        question = f"Apply this plan to account {_account(work)} in {work.settings.region}?"
        if not console.confirm(question, yes, "Say so beforehand: `make infra YES=1`."):
            console.say("Nothing was changed.")
            plan.unlink()
            return None
    with _interrupted("What Terraform has made is in its state: `make infra` goes on, `make destroy` removes it."):
        _apply(work, plan, "make infra")
    stack = _outputs(work)
    console.say(f"The stack of `{environment}` stands.")
    return stack


def destroy(environment: str, confirmation: str) -> None:
    """Remove the stack, after the environment's name was typed; the state bucket stays.

    Args:
        environment: a name in terraform/environments/.
        confirmation: the name, given beforehand; empty to be asked for it.

    Raises:
        UserError: Terraform failed, the name was another, or there was nobody to ask.
        Interrupted: with what exists then.
    """
    work = _prepare(environment)
    if not state.bucket_exists(work.settings.bucket):
        console.say(f"Nothing to remove: there is no state bucket {work.settings.bucket}.")
        return
    with _interrupted("Nothing was removed."):
        _init(work)
        plan = _plan(work, "-destroy")
        if plan is None:
            console.say(f"Nothing to remove: the stack of `{environment}` is not applied.")
        elif not _named(environment, confirmation):
            plan.unlink()
            raise UserError(
                f"That is not the environment's name: nothing was removed of `{environment}`.",
                f"Type {environment}, or give it beforehand: `make destroy CONFIRM={environment}`.",
            )
    if plan is not None:
        with _interrupted("What is left is in Terraform's state: `make destroy` goes on, `make infra` makes it whole."):
            _apply(work, plan, "make destroy")
        console.say(f"The stack of `{environment}` is removed.")
    _say_what_stays(work.settings)


def _prepare(environment: str) -> _Work:
    file = environments.variables_file(environment)
    runner = terraform(environments.data_dir(environment))
    settings = state.current_backend(environment)
    # Terraform would take a profile's region by itself; this way both are sure to mean the same.
    region = {"AWS_REGION": settings.region}
    say_mirror(runner)
    return _Work(environment, file, Terraform(runner.binary, {**runner.variables, **region}, runner.mirror), settings)


def _init(work: _Work) -> None:
    _ended_well(work.runner.stream("init", *read.init_flags(work.environment, work.settings)), "init", "make infra")


def _plan(work: _Work, *flags: str) -> Path | None:
    """Write a plan; None where it is empty."""
    file = environments.plan_folder(work.environment) / "plan.tfplan"
    file.unlink(missing_ok=True)
    # The file's name decides, whatever a copied file says inside: two environments never share resources.
    chosen = (f"-var-file={work.variables_file}", f"-var=environment={work.environment}")
    code = work.runner.stream("plan", "-input=false", "-detailed-exitcode", f"-out={file}", *chosen, *flags)
    if code not in {NO_CHANGES, CHANGES}:
        file.unlink(missing_ok=True)  # a plan that ended in an error can still have been written
        _ended_well(code, "plan", "make infra")
    if code == NO_CHANGES:
        file.unlink(missing_ok=True)
        return None
    return file


def _apply(work: _Work, plan: Path, command: str) -> None:
    try:
        _ended_well(work.runner.stream("apply", "-input=false", str(plan)), "apply", command)
    finally:
        plan.unlink(missing_ok=True)


def _ended_well(code: int, step: str, command: str) -> None:
    if code != 0:
        raise UserError(
            f"`terraform {step}` failed with exit code {code}; its own message is above.",
            f"Mend what it names, then `{command}` goes on from there (docs/infrastructure.md has the usual causes).",
        )


def _outputs(work: _Work) -> Stack:
    answer = work.runner.capture("output", "-json")
    if answer.code != 0:
        raise UserError(f"Terraform cannot read its outputs: {read.first_error(answer)}", "Try `make infra` again.")
    return parse_outputs(answer.out, work.environment)


def _named(environment: str, confirmation: str) -> bool:
    if confirmation:
        return confirmation == environment
    if not sys.stdin.isatty():
        raise UserError(
            f"Removing `{environment}` needs its name typed, and there is no terminal to ask at.",
            f"Give it beforehand: `make destroy CONFIRM={environment}`.",
        )
    return input(f"All of the above is removed for good. Type {environment} to go on: ").strip() == environment


def _say_what_stays(settings: state.Backend) -> None:
    console.say(f"The state bucket {settings.bucket} stays: it may hold other environments. To remove it for good:")
    for command in state.removal_commands(settings.bucket):
        console.say(f"  {command}")


def _account(work: _Work) -> str:
    return work.settings.bucket.removesuffix(f"-{work.settings.region}").rpartition("-")[2]


@contextmanager
def _interrupted(words: str) -> Iterator[None]:
    try:
        yield
    except KeyboardInterrupt as error:
        raise Interrupted(words) from error
