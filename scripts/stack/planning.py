"""A saved plan and its review, beside each other in one folder: made, shown, and read again before the apply.

    terraform plan ──▶ plan.tfplan ──terraform show──▶ Plan ──review──▶ review.md, review.html, review.json

The plan's JSON, which holds every secret in clear, is never on the disk.
"""

import sys
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
from scripts.stack.terraform import Answer
from scripts.stack.work import Work, init_again, shown_failure

NO_CHANGES, CHANGES = 0, 2  # terraform plan -detailed-exitcode
PLAN, PAGE, RECORD = "plan.tfplan", "review.html", "review.json"


@dataclass(frozen=True)
class Planned:
    """A saved plan that was reviewed.

    Attributes:
        file: the saved plan.
        plan: what is in it, secrets included.
        review: what is said of it.
    """

    file: Path
    plan: Plan
    review: Review

    @property
    def page(self) -> Path:
        """Where the review can be read."""
        return self.file.with_name(PAGE)


def make(work: Work, folder: Path, *flags: str) -> Planned:
    """Plan, review, write the pages and show the summary.

    Args:
        work: the environment; its Terraform is initialised.
        folder: for the plan and the pages; what an earlier plan left there goes.
        flags: more for `terraform plan`.

    Raises:
        UserError: Terraform failed; its errors were shown. Where it has saved a part of the plan, that was reviewed.
    """
    clear(folder)
    console.say(f"Planning `{work.environment}` in {work.place} …")
    start = time.monotonic()
    file = folder / PLAN
    try:
        answer = _terraform_plan(work, file, flags)
        if not file.exists():
            raise shown_failure(work, "plan", answer)
        file.chmod(0o600)
        console.note(f"Planned in {console.duration(time.monotonic() - start)}.")
        planned = _reviewed(work, file, lambda said: shown_failure(work, "show", said))
        written = pages.write(
            folder, [planned.review], {binding.MEMBER: binding.of(work, file).model_dump(mode="json")}
        )
    except BaseException:
        clear(folder)
        raise
    for line in ("", *render.terminal(planned.review, written)):
        console.say(line)
    if answer.code not in (NO_CHANGES, CHANGES):
        raise shown_failure(work, "plan", answer)
    return planned


def check_saved(work: Work, folder: Path) -> binding.Binding | None:
    """See that a saved plan is the one that was reviewed, for this place and of these files.

    Returns:
        What it belongs to; None where no plan is saved.

    Raises:
        UserError: it is another, or for another place, or files were changed since.
    """
    file = folder / PLAN
    if not file.exists():
        return None
    recorded = binding.read(folder / RECORD)
    refused = binding.refusal(recorded, binding.of(work, file), file)
    if refused:
        raise refused
    return recorded


def read_saved(work: Work, folder: Path) -> Planned:
    """Read a saved plan and review it again: what decides is the plan itself, never a page about it.

    Raises:
        UserError: Terraform cannot read it.
    """
    file = folder / PLAN
    return _reviewed(
        work,
        file,
        lambda said: UserError(f"Terraform cannot read {file}: {said.first_error()}", binding.AGAIN),
    )


def clear(folder: Path) -> None:
    """Take a plan away with its pages."""
    for name in (PLAN, "review.md", PAGE, RECORD):
        (folder / name).unlink(missing_ok=True)


def _terraform_plan(work: Work, file: Path, flags: tuple[str, ...]) -> Answer:
    # The file's name decides, whatever a copied file says inside: two environments never share resources.
    chosen = (f"-var-file={work.variables_file}", f"-var=environment={work.environment}")
    command = ("plan", "-input=false", "-detailed-exitcode", f"-out={file.absolute()}", *chosen, *flags)
    answer = work.runner.capture(*command)
    if answer.code not in (NO_CHANGES, CHANGES) and "terraform init" in " ".join(answer.err.split()):
        init_again(work)  # a module, a provider's version or the backend's block has changed since
        answer = work.runner.capture(*command)
    _, warning, rest = answer.out.partition("\nWarning: ")  # they end the output; the plan before them is reviewed
    if warning:
        print(warning + rest.rstrip(), file=sys.stderr, flush=True)
    return answer


def _reviewed(work: Work, file: Path, failed: Callable[[Answer], UserError]) -> Planned:
    answer = work.runner.capture("show", "-json", str(file.absolute()))
    if answer.code != 0:
        raise failed(answer)
    plan = reading.read(answer.out, work.environment)
    return Planned(file, plan, review(plan, settings.read(binding.SETTINGS)))
