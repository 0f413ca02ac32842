"""What `make plan`, `make infra` and `make destroy` do: plan, review, ask, and apply that very plan."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from scripts.core import console
from scripts.core.errors import UserError
from scripts.core.verb import on_interrupt
from scripts.stack import approval, binding, environments, locks, planning, removal, state
from scripts.stack.work import Work, check_outputs, failure, get_providers, init, make_state_bucket, prepare

STALE = ("Saved plan is stale", "Saved plan does not match the given state")
"""How Terraform refuses a plan whose state has moved on since."""

GOES_ON = "What Terraform has made is in its state: `make infra` goes on, `make destroy` removes it."
LEFT = "What is left is in Terraform's state: `make destroy` goes on, `make infra` mends it."


def plan(environment: str, yes: bool) -> None:
    """Plan what `make infra` would change, and review it. Changes nothing but a state bucket that is missing.

    Args:
        environment: a name in terraform/environments/.
        yes: a missing state bucket may be made.

    Raises:
        UserError: Terraform failed (its own message is printed), or there was nobody to ask.
        Interrupted: with what exists then.
    """
    work = prepare("make plan", environment)
    folder = environments.plan_folder(environment)
    bucket, changed = work.backend.bucket, "Nothing was changed"
    missing = not state.bucket_exists(bucket)
    if missing:
        question = f"There is no state bucket {bucket} yet, and no plan without one. Make it?"
        if not console.confirm(question, yes, "Say so beforehand: `make plan YES=1`."):
            console.say("Nothing was changed.")
            return
        changed += f" but the state bucket {bucket}"
    with on_interrupt(f"{changed}; `make plan` plans anew."):
        get_providers(work)
        if missing:
            make_state_bucket(work)
        init(work)
        planned = planning.make(work, folder)
    console.say(_what_next(planned))


def apply(environment: str, yes: bool, approve: str) -> None:
    """Make the stack what a plan says: the one that `make plan` has saved, else one that is shown and asked about.

    Args:
        environment: a name in terraform/environments/.
        yes: the plan was agreed to beforehand.
        approve: the digest of the change that somebody approved; empty where nobody did.

    Raises:
        UserError: Terraform failed (its own message is printed), there was nobody to ask, the saved plan is not what
            was reviewed, or it needs an approval.
        Interrupted: with what exists then.
    """
    work = prepare("make infra", environment)
    folder = environments.plan_folder(environment)
    saved = planning.check_saved(work, folder)
    if saved:
        _apply(work, _saved(work, folder, saved, approve), GOES_ON)
    else:
        with _for_this_call(folder):
            planned = _asked(work, folder, yes, approve)
            if planned is None:
                return
            _apply(work, planned, GOES_ON)
    check_outputs(work)
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
    work = prepare("make destroy", environment)
    if not state.bucket_exists(work.backend.bucket):
        console.say(f"Nothing to remove: there is no state bucket {work.backend.bucket}.")
        return
    with _for_this_call(environments.plan_folder(environment, "destroy")) as folder:
        with on_interrupt("Nothing was removed."):
            init(work)
            planned = planning.make(work, folder, "-destroy")
            if planned.plan.applyable:
                removal.check(planned.plan, environment, work.command)
                approval.check_fit(planned.review)
                _ask_for_name(environment, confirmation)
        if planned.plan.applyable:
            _apply(work, planned, LEFT)
            console.say(f"The stack of `{environment}` is removed.")
        else:
            console.say(f"Nothing to remove: the stack of `{environment}` is not applied.")
    console.say(f"The state bucket {work.backend.bucket} stays: other environments may use it. To remove it for good:")
    for command in state.removal_commands(work.backend.bucket):
        console.say(f"  {command}")


def _what_next(planned: planning.Planned) -> str:
    """The closing line of `make plan`."""
    said = planned.review
    if not said.complete:
        return "`make infra` does not apply an incomplete plan."
    if not said.applyable:
        return f"Nothing to change: the stack of `{said.source}` is what terraform/ says."
    if approval.heavy(said):
        return f"It needs an approval. Who has read it gives it: `make infra APPROVE={said.digest}`."
    return "`make infra` applies this very plan."


def _saved(work: Work, folder: Path, saved: binding.Binding, approve: str) -> planning.Planned:
    with on_interrupt("Nothing was changed; the saved plan is kept, and `make infra` goes on."):
        if not state.bucket_exists(work.backend.bucket):
            raise UserError(
                f"The state bucket {work.backend.bucket} has gone since the plan of `{work.environment}` was made.",
                binding.AGAIN,
            )
        get_providers(work)
        init(work)
        planned = planning.read_saved(work, folder)
        _check(work, planned, approve)
        when = saved.planned_at.strftime("%Y-%m-%d %H:%M UTC")
        console.say(f"Applying the plan of {when} to {work.place}: {planned.review.verdict}")
        console.say(f"Digest of the change: {planned.review.digest}; its review: {planned.page}")
    return planned


def _asked(work: Work, folder: Path, yes: bool, approve: str) -> planning.Planned | None:
    question = f"Apply this plan to account {work.account_id} in {work.backend.region}?"
    beforehand = "Say so beforehand: `make infra YES=1`."
    agreed = yes or bool(approve)  # whoever names the digest has read the plan
    with on_interrupt(f"Nothing was changed but the state bucket {work.backend.bucket}; `make infra` goes on."):
        get_providers(work)
        if not state.bucket_exists(work.backend.bucket):  # then there is something to ask about, so: can one?
            console.check_can_ask(question, agreed, beforehand)
        make_state_bucket(work)
        init(work)
        planned = planning.make(work, folder)
        if not planned.plan.applyable:
            check_outputs(work)
            console.say(f"Nothing to change: the stack of `{work.environment}` is what terraform/ says.")
            return None
        _check(work, planned, approve)
        if not console.confirm(question, agreed, beforehand):
            console.say("Nothing was changed.")
            return None
    return planned


def _check(work: Work, planned: planning.Planned, approve: str) -> None:
    approval.check_fit(planned.review)
    approval.check_approved(planned.review, approve, planned.page)
    removal.check(planned.plan, work.environment, work.command)


def _apply(work: Work, planned: planning.Planned, interrupted: str) -> None:
    """Apply a saved plan. It is gone afterwards, unless Terraform refused to begin."""
    begun = True
    try:
        with on_interrupt(interrupted):
            answer = work.runner.relay("apply", "-input=false", str(planned.file.absolute()))
        if answer.code == 0:
            return
        if any(words in answer.err for words in STALE):
            begun = False
            raise UserError(
                f"The state of `{work.environment}` has moved on since the plan was made, which Terraform calls stale.",
                binding.AGAIN,
            )
        begun = locks.read(work.backend) is None
        raise failure(work, "apply", "its own message is above.")
    finally:
        if begun:
            planned.file.unlink(missing_ok=True)


@contextmanager
def _for_this_call(folder: Path) -> Iterator[Path]:
    """A plan that nobody has asked to keep goes when the block ends; its pages stay, to be read."""
    try:
        yield folder
    finally:
        (folder / planning.PLAN).unlink(missing_ok=True)


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
