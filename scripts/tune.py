"""`make tune`: searches hyperparameters with many training jobs, and downloads the best model."""

import os
from typing import Annotated

import typer

from scripts.core import console, verb
from scripts.core.printable import json_text

APP = verb.app("Tune a job's hyperparameters: check, upload its data, send, follow, and download the best model.")


@APP.command()
def main(
    job: Annotated[str, typer.Option(envvar="JOB_TEXT", help="The job file's name in jobs/, without .toml.")] = "",
    env: Annotated[str, typer.Option(envvar="ENV_TEXT", help="The environment of terraform/environments/.")] = "dev",
    hp: Annotated[list[str] | None, typer.Option(help="A hyperparameter, name=value; may be repeated.")] = None,
    image: Annotated[str, typer.Option(envvar="IMAGE_TEXT", help="The image's URI; default: the trainer's own.")] = "",
    instances: Annotated[
        str, typer.Option(envvar="INSTANCES_TEXT", help="The number of instances of each training job.")
    ] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", envvar="DRY_RUN_TEXT", help="Only print the request.")] = False,
    yes: Annotated[bool, typer.Option("--yes", envvar="YES_TEXT", help="Confirm deletions beforehand.")] = False,
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
        raise typer.Exit(1)


if __name__ == "__main__":
    verb.run(APP)
