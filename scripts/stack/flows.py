"""`make plan`, `make infra` and `make destroy`: plan, review, ask for confirmation, and apply exactly that plan."""

from pathlib import Path

from scripts.core import console
from scripts.core.errors import UserError
from scripts.core.verb import on_interrupt
from scripts.stack import approval, binding, environments, given, locks, planning, removal, state, unlocking
from scripts.stack.target import (
    Target,
    check_outputs,
    create_state_bucket,
    failure,
    get_providers,
    init,
    prepare,
    variables_of,
)

STALE = ("Saved plan is stale", "Saved plan does not match the given state")
"""Terraform's messages for a plan that does not fit the state any more."""

APPLY_INTERRUPTED = (
    "Terraform's state holds what was created so far: `make infra` continues, `make destroy` removes it."
)
DESTROY_INTERRUPTED = (
    "Terraform's state holds what is left: `make destroy` continues, `make infra` builds the stack again."
)


def plan(environment: str, yes: bool) -> None:
    """Plan what `make infra` would change, and review it. At most, this creates a missing state bucket.

    Args:
        environment: a name in terraform/environments/.
        yes: whether a missing state bucket may be created without asking.

    Raises:
        UserError: Terraform failed (its own message is printed), or there is no terminal to ask at.
        Interrupted: with a message about what exists now.
    """
    target = prepare("make plan", environment)
    folder = environments.plan_folder(environment)
    bucket, changed = target.backend.bucket, "Nothing was changed"
    missing = not state.bucket_exists(bucket)
    if missing:
        question = f"There is no state bucket {bucket} yet, and planning needs one. Create it?"
        if not console.confirm(question, yes, "Confirm beforehand: `make plan YES=1`."):
            console.say("Nothing was changed.")
            return
        changed += f" except the state bucket {bucket}"
    with on_interrupt(f"{changed}; `make plan` starts again."):
        get_providers(target)
        if missing:
            create_state_bucket(target)
        init(target)
        unlocking.check_free(target)
        with environments.private_folder(environment) as private:
            reviewed = planning.make(target, folder, private, keep=True)
    console.say(_next_step(reviewed))


def apply(environment: str, yes: bool, approve: str) -> None:
    """Apply the plan that `make plan` has saved; without one, plan and apply after you confirm.

    Args:
        environment: a name in terraform/environments/.
        yes: whether to apply without asking.
        approve: the digest of the approved change; empty if nobody approved one.

    Raises:
        UserError: Terraform failed (its own message is printed), there is no terminal to ask at, the saved plan is
            not the reviewed one, or it needs an approval.
        Interrupted: with a message about what exists now.
    """
    target = prepare("make infra", environment)
    folder = environments.plan_folder(environment)
    with environments.private_folder(environment) as private:
        reviewed = _read_saved(target, folder, private, approve)
        reviewed = reviewed or _plan_and_confirm(target, folder, private, yes, approve)
        if reviewed is None:
            return
        _apply(target, reviewed, folder, APPLY_INTERRUPTED)
    for line in given.notes(check_outputs(target).existing_buckets):
        console.say(line)
    console.say(f"The stack of `{environment}` is applied.")


def destroy(environment: str, confirmation: str) -> None:
    """Remove the stack after you type the environment's name. The state bucket is kept.

    Args:
        environment: a name in terraform/environments/.
        confirmation: the name, to confirm beforehand; if empty, the command asks for it.

    Raises:
        UserError: Terraform failed, the name is wrong, there is no terminal to ask at, the stack is protected, or a
            protected bucket or repository is not empty.
        Interrupted: with a message about what exists now.
    """
    target = prepare("make destroy", environment)
    if not state.bucket_exists(target.backend.bucket):
        console.say(f"Nothing to remove: there is no state bucket {target.backend.bucket}.")
        return
    if variables_of(target)["protect"]:
        raise removal.protection(environment, target.command)
    folder = environments.plan_folder(environment, "destroy")
    with environments.private_folder(environment) as private:
        with on_interrupt("Nothing was removed."):
            init(target)
            unlocking.check_free(target)
            reviewed = planning.make(target, folder, private, "-destroy")
            if reviewed.plan.applyable:
                removal.check(reviewed.plan, environment, target.command)
                approval.check_complete(reviewed.review)
                removal.ask_for_name(environment, confirmation)
        if reviewed.plan.applyable:
            _apply(target, reviewed, folder, DESTROY_INTERRUPTED)
            console.say(f"The stack of `{environment}` is removed.")
        else:
            console.say(f"Nothing to remove: the stack of `{environment}` is not applied.")
    console.say(f"The state bucket {target.backend.bucket} is kept: other environments may use it. To delete it too:")
    for command in state.removal_commands(target.backend.bucket):
        console.say(f"  {command}")


def _next_step(reviewed: planning.ReviewedPlan) -> str:
    """The last line of `make plan`."""
    review = reviewed.review
    if not review.complete:
        return "`make infra` does not apply an incomplete plan."
    if not review.applyable:
        return _nothing_to_change(review.source)
    if approval.findings_to_approve(review):
        return f"This plan needs an approval. Read the review, then: `make infra APPROVE={review.digest}`."
    return "`make infra` applies exactly this plan."


def _nothing_to_change(environment: str) -> str:
    return f"Nothing to change: the stack of `{environment}` matches terraform/ already."


def _read_saved(target: Target, folder: Path, private: Path, approve: str) -> planning.ReviewedPlan | None:
    """Read and check the saved plan; None if there is none, or if it changes nothing: `make infra` then plans anew."""
    copy = planning.copy_saved(folder, private)
    if copy is None:
        return None
    saved = planning.check_saved(target, folder, copy)
    with on_interrupt("Nothing was changed; the saved plan is kept, and `make infra` applies it."):
        if not state.bucket_exists(target.backend.bucket):
            raise UserError(
                f"The state bucket {target.backend.bucket} was deleted after the plan of `{target.environment}` was "
                "made.",
                binding.PLAN_AGAIN,
            )
        get_providers(target)
        init(target)
        reviewed = planning.read_saved(target, folder, copy)
        approval.check_complete(reviewed.review)
        if not reviewed.plan.applyable:
            return None
        _check(target, reviewed, approve)
        when = saved.planned_at.strftime("%Y-%m-%d %H:%M UTC")
        console.say(f"Applying the plan of {when} to {target.place}: {reviewed.review.verdict}")
        console.say(f"Digest of the change: {reviewed.review.digest}; its review: {reviewed.page}")
    return reviewed


def _plan_and_confirm(
    target: Target, folder: Path, private: Path, yes: bool, approve: str
) -> planning.ReviewedPlan | None:
    """Plan and ask for confirmation; None if there is nothing to change or the answer is no."""
    question = f"Apply this plan to account {target.account_id} in {target.backend.region}?"
    fix = "Confirm beforehand: `make infra YES=1`."
    confirmed = yes or bool(approve)  # a person who names the digest has read the plan
    with on_interrupt(f"Nothing was changed except the state bucket {target.backend.bucket}; `make infra` continues."):
        get_providers(target)
        if not state.bucket_exists(target.backend.bucket):  # so there will be a plan to confirm
            console.check_can_ask(question, confirmed, fix)
        create_state_bucket(target)
        init(target)
        unlocking.check_free(target)
        reviewed = planning.make(target, folder, private)
        if not reviewed.plan.applyable:
            check_outputs(target)
            console.say(_nothing_to_change(target.environment))
            return None
        _check(target, reviewed, approve)
        if not console.confirm(question, confirmed, fix):
            console.say("Nothing was changed.")
            return None
    return reviewed


def _check(target: Target, reviewed: planning.ReviewedPlan, approve: str) -> None:
    approval.check_complete(reviewed.review)
    approval.check_approved(reviewed.review, approve, reviewed.page)
    removal.check(reviewed.plan, target.environment, target.command)


def _apply(target: Target, reviewed: planning.ReviewedPlan, folder: Path, interrupted: str) -> None:
    """Apply a plan, then delete the saved one. It is kept if Terraform refused to start."""
    has_started = True
    try:
        with on_interrupt(interrupted):
            result = unlocking.apply(target, reviewed.file)
        if result.code == 0:
            return
        if any(words in result.err for words in STALE):
            has_started = False
            raise UserError(
                f"The state of `{target.environment}` has changed since the plan was made: the plan is stale.",
                binding.PLAN_AGAIN,
            )
        has_started = locks.LOCKED not in result.err
        lock = None if has_started else locks.read(target.backend)
        raise locks.refusal(lock, target.environment) if lock else failure(target, "apply", "its own message is above.")
    finally:
        if has_started:
            planning.forget_saved(folder, reviewed.file)
