"""Removes a lock that nobody uses any more: by itself if it is our own, otherwise when you name it (`make unlock`)."""

import os
from dataclasses import replace
from pathlib import Path

from scripts.core import console
from scripts.core.errors import UserError
from scripts.core.verb import on_interrupt
from scripts.stack import environments, locks, processes
from scripts.stack.target import Target, init, prepare
from scripts.stack.terraform import CommandResult


def check_free(target: Target) -> None:
    """Check that nobody applies to the state now; remove a lock that a killed apply of this folder left.

    Raises:
        UserError: the state is locked.
    """
    lock = locks.read(target.backend)
    if lock and not _remove_abandoned(target, lock):
        raise locks.refusal(lock, target.environment)


def apply(target: Target, plan: Path) -> CommandResult:
    """Run `terraform apply` on a plan, and log the ID of its lock.

    If S3 made the lock and its answer was lost, Terraform finds its own lock and refuses to start: then it is removed,
    and Terraform starts again.
    """
    folder = environments.build_folder(target.environment)
    variables = {**target.runner.variables, **locks.journal_variables(folder, os.environ)}
    runner = replace(target.runner, variables=variables)
    command = ("apply", "-input=false", str(plan.absolute()))
    result = runner.relay(*command)
    if locks.LOCKED in result.err:
        lock = locks.read(target.backend)
        if lock and _remove_abandoned(target, lock):
            result = runner.relay(*command)
    if result.code == 0:
        locks.forget(folder)
    return result


def unlock(environment: str, identity: str) -> None:
    """Remove the lock on an environment's state.

    Args:
        environment: a name in terraform/environments/.
        identity: the lock's ID.

    Raises:
        UserError: the state is not locked, by another lock, or by a command of this folder that still runs.
    """
    target = prepare("make unlock", environment)
    lock = locks.read(target.backend)
    locks.check_unlockable(lock, identity, environment)
    folder = environments.build_folder(environment)
    if identity in locks.own_identities(folder) and processes.running(folder, processes.listed()):
        raise UserError(
            f"Terraform still works on the state of `{environment}`: nothing was unlocked.",
            "Wait until it has ended: it frees its lock itself.",
        )
    with on_interrupt("The lock may be removed already; run the same command again to see."):
        init(target)
        _force(target, identity)
    console.say(f"The state of `{environment}` is unlocked. `make infra` continues, `make destroy` removes the stack.")


def _remove_abandoned(target: Target, lock: locks.Lock) -> bool:
    """Remove a lock if it is our own and no Terraform of this folder runs; whether it was removed."""
    folder = environments.build_folder(target.environment)
    is_running = processes.running(folder, processes.listed())
    if not locks.is_abandoned(lock, locks.own_identities(folder), locks.host(), is_running):
        return False
    console.say("The lock on the state is one of this folder's, and no Terraform uses it: it is removed.")
    _force(target, lock.identity)
    return True


def _force(target: Target, identity: str) -> None:
    result = target.runner.capture("force-unlock", "-force", identity)
    if result.code != 0:
        raise UserError(
            f"Terraform cannot remove the lock {identity}: {result.first_error()}",
            "Run the same command again: the lock may be free by now.",
        )
