"""Go on with an earlier training job from its checkpoint, in a new job."""

import json
import os
import sys
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

import typer

from scripts.core import console, verb

if TYPE_CHECKING:
    from collections.abc import Callable

APP = verb.app("Go on with a stopped or failed training job from its checkpoint, in a new job; bring its model home.")


@APP.command()
def main(
    run: Annotated[str, typer.Option(envvar="RUN_TEXT", help="The job's name, or a beginning that only it has.")] = "",
    env: Annotated[str, typer.Option(envvar="ENV_TEXT", help="The environment of terraform/environments/.")] = "dev",
    hp: Annotated[list[str] | None, typer.Option(help="A hyperparameter, name=value; may be repeated.")] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", envvar="DRY_RUN_TEXT", help="Only check, and print the request.")
    ] = False,
) -> None:
    """Run RUN's job on: the same image, data and settings. HP_TEXT in the environment holds hyperparameters too."""
    from scripts import jobfile, runs, training
    from scripts.core import aws

    # The request alone goes to stdout.
    say = partial(print, file=sys.stderr, flush=True) if dry_run else console.say
    sagemaker = aws.client("sagemaker")
    earlier = runs.describe(sagemaker, runs.find(run, sagemaker))
    request = _prepare(sagemaker, earlier, jobfile.read_assignments(os.environ.get("HP_TEXT", ""), hp or ()), env, say)
    if dry_run:
        console.say(json.dumps(request, indent=2, ensure_ascii=False))
        return
    checkpoints = request["CheckpointConfig"]["S3Uri"]
    console.say(f"{request['TrainingJobName']} goes on with {earlier['TrainingJobName']} from {checkpoints}")
    if training.run(request).status != "Completed":
        raise typer.Exit(1)


def _prepare(
    sagemaker: Any, earlier: dict[str, Any], given: dict[str, str], env: str, say: "Callable[[str], None]"
) -> dict[str, Any]:
    """Everything that can be judged before anything is created, and the request."""
    from scripts import jobfile
    from scripts.stack import read_stack
    from scripts.training import preflight, resumable, resumption

    resumption.check(earlier, jobfile.resolve_hyperparameters({}, given, None))
    stack = read_stack(env)
    takes = resumable.check_image(earlier, stack, say, describe=bool(given))
    changes = jobfile.resolve_hyperparameters({}, given, takes)
    resumption.check_changes(earlier, changes, takes)
    tags = resumable.tags_of(sagemaker, earlier, say)
    members = sagemaker.meta.service_model.operation_model("CreateTrainingJob").input_shape.members
    request = resumption.build(earlier, tags, changes, members)
    preflight.check(request, (), say)
    resumable.check(sagemaker, earlier, say)
    return request


if __name__ == "__main__":
    verb.run(APP)
