"""`make resume`: resumes an earlier training job from its checkpoint, in a new job."""

import os
from typing import TYPE_CHECKING, Any

import click

from scripts.core import console, verb
from scripts.core.printable import json_text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


@click.command()
@verb.option("--run", envvar="RUN_TEXT", default="", help="The job's name, or a unique beginning of it.")
@verb.option("--env", envvar="ENV_TEXT", default="dev", help="The environment of terraform/environments/.")
@verb.option("--hp", multiple=True, help="A hyperparameter, name=value; may be repeated.")
@verb.option("--dry-run", is_flag=True, envvar="DRY_RUN_TEXT", help="Only check and print the request.")
def main(run: str, env: str, hp: tuple[str, ...], dry_run: bool) -> None:
    """Resume a stopped or failed training job from its checkpoint, in a new job; download its model.

    Resume RUN with the same image, data and settings. The variable HP_TEXT may contain more hyperparameters.
    """
    from scripts import jobfile, runs, training
    from scripts.core import aws
    from scripts.training import resume_request

    # With DRY_RUN=1 only the request goes to stdout.
    say = console.warn if dry_run else console.say
    sagemaker = aws.client("sagemaker")
    earlier = resume_request.apart(runs.describe(sagemaker, runs.find(run, sagemaker)))
    request = _prepare(sagemaker, earlier, jobfile.read_assignments(os.environ.get("HP_TEXT", ""), hp), env, say)
    if dry_run:
        console.say(json_text(request, indent=2))
        return
    runs.check_can_keep(request)
    checkpoints = request["CheckpointConfig"]["S3Uri"]
    console.say(f"{request['TrainingJobName']} resumes {earlier['TrainingJobName']} from {checkpoints}")
    if not training.run(request):
        raise SystemExit(1)


def _prepare(
    sagemaker: Any, earlier: "Mapping[str, Any]", typed: dict[str, str], env: str, say: "Callable[[str], None]"
) -> dict[str, Any]:
    """Do all checks that need no new resource, and build the request."""
    from scripts import costs, jobfile
    from scripts.stack import read_stack
    from scripts.training import caller_rights, preflight, resources, resume_checks, resume_request, verb_calls

    before = resume_request.values_before(earlier, typed)
    resume_request.check(earlier, jobfile.resolve_hyperparameters(before, typed, None))
    stack = read_stack(env)
    trainer = resume_checks.check_image(earlier, stack, say, describe=bool(typed))
    changes = jobfile.resolve_hyperparameters(before, typed, trainer)
    resume_request.check_changes(earlier, changes, trainer)
    tags = resume_checks.tags_of(sagemaker, earlier, say)
    members = sagemaker.meta.service_model.operation_model("CreateTrainingJob").input_shape.members
    request = resume_request.build(earlier, tags, changes, members)
    limit, stated = costs.cap_of(tags, earlier["TrainingJobName"]), costs.stated_by(tags, request)
    request = costs.with_tags(request, costs.check(request, limit, stated, say))
    caller_rights.check("make resume", verb_calls.of_resume(stack, request), say)
    resources.check(request, stack, say)
    preflight.check(request, (), say)
    costs.check_quotas(request, say)
    resume_checks.check(sagemaker, earlier, say)
    say(costs.chain_line(request, resume_checks.spent_before(sagemaker, earlier, tags)))
    return request


if __name__ == "__main__":
    verb.run(main)
