"""Makes a saved plan and its review in one folder, shows the review, and reads the plan again before the apply.

    terraform plan ──▶ plan.tfplan ──terraform show──▶ Plan ──review──▶ review.md, review.html, review.json

The plan's JSON holds every secret in clear, so it is never written to disk.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from scripts.core import console
from scripts.core.errors import UserError
from scripts.review import pages, reading, render, settings
from scripts.review.model import Plan, Review
from scripts.review.review import review
from scripts.stack import binding
from scripts.stack.target import Target, init_again, show_failure
from scripts.stack.terraform import CommandResult

NO_CHANGES, CHANGES = 0, 2  # terraform plan -detailed-exitcode
PLAN, PAGE, RECORD = "plan.tfplan", "review.html", "review.json"


@dataclass(frozen=True)
class ReviewedPlan:
    """A saved plan and its review.

    Attributes:
        file: the saved plan.
        plan: its content, secrets included.
        review: its review.
    """

    file: Path
    plan: Plan
    review: Review

    @property
    def page(self) -> Path:
        """The file where the review can be read."""
        return self.file.with_name(PAGE)


def make(target: Target, folder: Path, *flags: str) -> ReviewedPlan:
    """Plan, review, write the pages and show the summary.

    Args:
        target: the environment; its Terraform is initialised.
        folder: for the plan and the pages; those of an earlier plan are deleted.
        flags: more flags for `terraform plan`.

    Raises:
        UserError: Terraform failed and its errors were shown. If it saved a part of the plan, that was reviewed.
    """
    clear(folder)
    console.say(f"Planning `{target.environment}` in {target.place} …")
    start = time.monotonic()
    file = folder / PLAN
    try:
        result = _terraform_plan(target, file, flags)
        if not file.exists():
            raise show_failure(target, "plan", result)
        file.chmod(0o600)
        console.note(f"Planned in {console.duration(time.monotonic() - start)}.")
        reviewed = _review(target, file, lambda result: show_failure(target, "show", result))
        written = pages.write(
            folder, [reviewed.review], {binding.MEMBER: binding.bind(target, file).model_dump(mode="json")}
        )
    except BaseException:
        clear(folder)
        raise
    for line in ("", *render.terminal(reviewed.review, written)):
        console.say(line)
    if result.code not in (NO_CHANGES, CHANGES):
        raise show_failure(target, "plan", result)
    return reviewed


def check_saved(target: Target, folder: Path) -> binding.Binding | None:
    """Check that a saved plan is the reviewed one, for this target and the present files.

    Returns:
        Its binding; None if no plan is saved.

    Raises:
        UserError: the plan is another one, is for another target, or files have changed since.
    """
    file = folder / PLAN
    if not file.exists():
        return None
    recorded = binding.read(folder / RECORD)
    refusal = binding.refusal(recorded, binding.bind(target, file), file)
    if refusal:
        raise refusal
    return recorded


def read_saved(target: Target, folder: Path) -> ReviewedPlan:
    """Read a saved plan and review it again, because the plan itself decides, not the page about it.

    Raises:
        UserError: Terraform cannot read it.
    """
    file = folder / PLAN
    return _review(
        target,
        file,
        lambda result: UserError(f"Terraform cannot read {file}: {result.first_error()}", binding.PLAN_AGAIN),
    )


def clear(folder: Path) -> None:
    """Delete a plan and its pages."""
    for name in (PLAN, "review.md", PAGE, RECORD):
        (folder / name).unlink(missing_ok=True)


def _terraform_plan(target: Target, file: Path, flags: tuple[str, ...]) -> CommandResult:
    # -var: a copied file may still name its original environment, and two environments must never share resources.
    variables = (f"-var-file={target.variables_file}", f"-var=environment={target.environment}")
    command = ("plan", "-input=false", "-detailed-exitcode", f"-out={file.absolute()}", *variables, *flags)
    result = target.runner.capture(*command)
    if result.code not in (NO_CHANGES, CHANGES) and "terraform init" in " ".join(result.err.split()):
        init_again(target)  # a module, a provider's version or the backend block has changed since the last init
        result = target.runner.capture(*command)
    # Warnings come last in the output. The plan before them is not printed, because the review shows it.
    _, warning, rest = result.out.partition("\nWarning: ")
    if warning:
        console.warn(warning + rest.rstrip())
    return result


def _review(target: Target, file: Path, explain: Callable[[CommandResult], UserError]) -> ReviewedPlan:
    """Read a saved plan and review it; ``explain`` makes the error if Terraform cannot read it."""
    result = target.runner.capture("show", "-json", str(file.absolute()))
    if result.code != 0:
        raise explain(result)
    plan = reading.read(result.out, target.environment)
    return ReviewedPlan(file, plan, review(plan, settings.read(binding.SETTINGS)))
