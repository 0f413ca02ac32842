"""`make train`: runs a training job and downloads its model."""

import os
from typing import Annotated

from scripts.core import console, verb
from scripts.core.arguments import Application, Option
from scripts.core.printable import json_text

APP = Application("Run a training job: check, upload its data, send, follow, and download its model.")


@APP.command()
def main(
    job: Annotated[str, Option("The job file's name in jobs/, without .toml.", "JOB_TEXT")] = "",
    env: Annotated[str, Option("The environment of terraform/environments/.", "ENV_TEXT")] = "dev",
    hp: Annotated[list[str] | None, Option("A hyperparameter, name=value; may be repeated.")] = None,
    image: Annotated[str, Option("The image's URI; default: the trainer's own.", "IMAGE_TEXT")] = "",
    instances: Annotated[str, Option("The number of instances; default: that of the job file.", "INSTANCES_TEXT")] = "",
    dry_run: Annotated[bool, Option("Only print the request.", "DRY_RUN_TEXT")] = False,
    yes: Annotated[bool, Option("Confirm deletions beforehand.", "YES_TEXT")] = False,
) -> None:
    """Run jobs/JOB.toml. The variable HP_TEXT may contain more hyperparameters, split into words as by a shell."""
    from scripts import jobfile, training

    # With DRY_RUN=1 only the request goes to stdout.
    say = console.warn if dry_run else console.say
    spec = jobfile.with_instances(jobfile.read_job(job), instances)
    typed = jobfile.read_assignments(os.environ.get("HP_TEXT", ""), hp or ())
    prepared = training.prepare(job, spec, typed, env, say, image)
    if dry_run:
        console.say(json_text(prepared.request, indent=2))
        return
    training.upload(prepared, yes)
    if not training.run(prepared.request):
        raise SystemExit(1)


if __name__ == "__main__":
    verb.run(APP)
