"""Makes a saved plan and its review, shows the review, and reads the plan again before the apply.

    terraform plan ──▶ plan.tfplan ──terraform show──▶ Plan ──review──▶ review.md, review.html, review.json

Each call plans, or copies the saved plan, into a private folder. It reviews, shows and applies that file only, so no
other command can change it meanwhile. The plan's JSON holds every secret in clear, so it is never written to disk.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from scripts.core import console
from scripts.core.errors import UserError
from scripts.review import pages, reading, render, settings
from scripts.review.model import Plan, Review
from scripts.review.review import review
from scripts.stack import adoption, binding, environments, processes
from scripts.stack.target import Target, init_again, show_failure
from scripts.stack.terraform import CommandResult

NO_CHANGES, CHANGES = 0, 2  # terraform plan -detailed-exitcode
LONGEST_PLAN = 150.0
"""Seconds that `terraform plan` may take. It takes less than 20 for this stack. Its provider waits for each call that
gets no answer, one after the other, so without a limit an outage keeps `make plan` waiting for many minutes."""
PLAN, PAGE, RECORD = "plan.tfplan", "review.html", "review.json"


@dataclass(frozen=True)
class ReviewedPlan:
    """A saved plan and its review.

    Attributes:
        file: the plan in the private folder of this call.
        plan: its content, secrets included.
        review: its review.
        page: the file where the review can be read.
    """

    file: Path
    plan: Plan
    review: Review
    page: Path


def make(target: Target, folder: Path, private: Path, *flags: str, keep: bool = False) -> ReviewedPlan:
    """Plan, review, write the pages and show the summary.

    Args:
        target: the environment; its Terraform is initialised.
        folder: for the pages; those of an earlier plan are deleted, and that plan.
        private: the private folder of this call, for the plan.
        flags: more flags for `terraform plan`.
        keep: whether to move the plan to its pages, where `make infra` finds it.

    Raises:
        UserError: Terraform failed and its errors were shown. If it saved a part of the plan, that was reviewed. Or
            something of the stack's names exists without its tags.
    """
    clear(folder)
    console.say(f"Planning `{target.environment}` in {target.place} …")
    start = time.monotonic()
    try:
        result, reviewed = _plan(target, private, folder / PAGE, flags)
        found = adoption.leftovers(adoption.created(reviewed.plan))
        if found:
            names = console.listed([str(each) for each in found], most=len(found))
            console.say(f"An apply created this and could not record it, so this plan adopts it: {names}.")
            runner = replace(target.runner, folder=adoption.configuration(found, private))
            result, reviewed = _plan(replace(target, runner=runner), private, folder / PAGE, flags)
        console.note(f"Planned in {console.duration(time.monotonic() - start)}.")
        bound = binding.bind(target, reviewed.file).model_dump(mode="json")
        written = pages.write(folder, [reviewed.review], {binding.MEMBER: bound})
        if keep:  # the plan comes last: there is never one without its review
            reviewed.file.replace(folder / PLAN)
    except BaseException:
        clear(folder)
        raise
    for line in ("", *render.terminal(reviewed.review, written)):
        console.say(line)
    if result.code not in (NO_CHANGES, CHANGES):
        raise show_failure(target, "plan", result)
    return reviewed


def copy_saved(folder: Path, private: Path) -> Path | None:
    """Copy a saved plan into the private folder of this call, for the user only; None if no plan is saved."""
    try:
        content = (folder / PLAN).read_bytes()
    except FileNotFoundError:
        return None
    copy = private / PLAN
    copy.touch(mode=0o600)
    copy.write_bytes(content)
    return copy


def check_saved(target: Target, folder: Path, copy: Path) -> binding.Binding:
    """Check that the copy of a saved plan is the reviewed one, for this target and the present files.

    Returns:
        Its binding.

    Raises:
        UserError: the plan is another one, is for another target, or files have changed since.
    """
    recorded = binding.read(folder / RECORD)
    refusal = binding.refusal(recorded, binding.bind(target, copy), folder / PLAN)
    if refusal:
        raise refusal
    return recorded


def read_saved(target: Target, folder: Path, copy: Path) -> ReviewedPlan:
    """Read the copy of a saved plan and review it again, because the plan itself decides, not the page about it.

    Raises:
        UserError: Terraform cannot read it.
    """
    return _review(
        target,
        copy,
        folder / PAGE,
        lambda result: UserError(f"Terraform cannot read {folder / PLAN}: {result.first_error()}", binding.PLAN_AGAIN),
    )


def forget_saved(folder: Path, copy: Path) -> None:
    """Delete the saved plan, unless it is no longer the one that was copied."""
    saved = folder / PLAN
    if saved.exists() and saved.read_bytes() == copy.read_bytes():
        saved.unlink()


def clear(folder: Path) -> None:
    """Delete a plan and its pages."""
    for name in (PLAN, "review.md", PAGE, RECORD):
        (folder / name).unlink(missing_ok=True)


def _plan(target: Target, private: Path, page: Path, flags: tuple[str, ...]) -> tuple[CommandResult, ReviewedPlan]:
    """Plan into the private folder, and review the plan."""
    file = private / PLAN
    file.unlink(missing_ok=True)
    result = _terraform_plan(target, file, flags)
    if not file.exists():
        raise show_failure(target, "plan", result)
    file.chmod(0o600)
    return result, _review(target, file, page, lambda result: show_failure(target, "show", result))


def _terraform_plan(target: Target, file: Path, flags: tuple[str, ...]) -> CommandResult:
    # -var: a copied file may still name its original environment, and two environments must never share resources.
    # -lock=false: planning changes nothing, and Terraform refuses to apply a plan of an older state. So planning needs
    # no right to write, and a killed command leaves no lock.
    variables = (f"-var-file={target.variables_file}", f"-var=environment={target.environment}")
    saving = ("-lock=false", "-detailed-exitcode", f"-out={file.absolute()}")
    command = ("plan", "-input=false", *saving, *variables, *flags)
    result = _capture_plan(target, command)
    if result.code not in (NO_CHANGES, CHANGES) and "terraform init" in " ".join(result.err.split()):
        init_again(target)  # a module, a provider's version or the backend block has changed since the last init
        result = _capture_plan(target, command)
    # Warnings come last in the output. The plan before them is not printed, because the review shows it.
    _, warning, rest = result.out.partition("\nWarning: ")
    if warning:
        console.warn(warning + rest.rstrip())
    return result


def _capture_plan(target: Target, command: tuple[str, ...]) -> CommandResult:
    try:
        return target.runner.capture(*command, limit=LONGEST_PLAN)
    except TimeoutError:
        processes.end_orphans(environments.data_dir(target.environment))
        raise UserError(
            f"`terraform plan` had no end after {console.duration(LONGEST_PLAN)}: AWS, or the network to it, answers "
            "very slowly. Planning changed nothing.",
            f"Try `{target.command}` again later. https://health.aws.amazon.com/health/status shows AWS's outages.",
        ) from None


def _review(target: Target, file: Path, page: Path, explain: Callable[[CommandResult], UserError]) -> ReviewedPlan:
    """Read a saved plan and review it; ``explain`` makes the error if Terraform cannot read it."""
    result = target.runner.capture("show", "-json", str(file.absolute()))
    if result.code != 0:
        raise explain(result)
    plan = reading.read(result.out, target.environment, target.account_id)
    return ReviewedPlan(file, plan, review(plan, settings.read(binding.SETTINGS)), page)
