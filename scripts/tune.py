"""`make tune`: searches hyperparameters with many training jobs, and downloads the best model."""

import os
from typing import Annotated

from scripts.core import console, verb
from scripts.core.arguments import Application, Option
from scripts.core.printable import json_text

APP = Application("Tune a job's hyperparameters: check, upload its data, send, follow, and download the best model.")


@APP.command()
def main(
    job: Annotated[str, Option("The job file's name in jobs/, without .toml.", "JOB_TEXT")] = "",
    env: Annotated[str, Option("The environment of terraform/environments/.", "ENV_TEXT")] = "dev",
    hp: Annotated[list[str] | None, Option("A hyperparameter, name=value; may be repeated.")] = None,
    image: Annotated[str, Option("The image's URI; default: the trainer's own.", "IMAGE_TEXT")] = "",
    instances: Annotated[str, Option("The number of instances of each training job.", "INSTANCES_TEXT")] = "",
    dry_run: Annotated[bool, Option("Only print the request.", "DRY_RUN_TEXT")] = False,
    yes: Annotated[bool, Option("Confirm deletions beforehand.", "YES_TEXT")] = False,
) -> None:
    """Run the search of jobs/JOB.toml. HP_TEXT may contain hyperparameters, split into words as by a shell."""
    from scripts import jobfile, tuning

    # With DRY_RUN=1 only the request goes to stdout.
    say = console.warn if dry_run else console.say
    spec = jobfile.with_instances(jobfile.read_job(job), instances)
    typed = jobfile.read_assignments(os.environ.get("HP_TEXT", ""), hp or ())
    prepared = tuning.prepare(job, spec, typed, env, say, image)
    for line in tuning.search_lines(prepared):
        say(line)
    if dry_run:
        console.say(json_text(prepared.request, indent=2))
        return
    tuning.upload(prepared, yes)
    found = tuning.run(prepared)
    if found.status != "Completed" or found.best is None:
        raise SystemExit(1)


if __name__ == "__main__":
    verb.run(APP)
