"""`make tune`: searches hyperparameters with many training jobs, and downloads the best model."""

import os

import click

from scripts.core import console, verb
from scripts.core.printable import json_text


@click.command()
@verb.option("--job", envvar="JOB_TEXT", default="", help="The job file's name in jobs/, without .toml.")
@verb.option("--env", envvar="ENV_TEXT", default="dev", help="The environment of terraform/environments/.")
@verb.option("--hp", multiple=True, help="A hyperparameter, name=value; may be repeated.")
@verb.option("--image", envvar="IMAGE_TEXT", default="", help="The image's URI; default: the trainer's own.")
@verb.option("--instances", envvar="INSTANCES_TEXT", default="", help="The number of instances of each training job.")
@verb.option("--dry-run", is_flag=True, envvar="DRY_RUN_TEXT", help="Only print the request.")
@verb.option("--yes", is_flag=True, envvar="YES_TEXT", help="Confirm deletions beforehand.")
def main(job: str, env: str, hp: tuple[str, ...], image: str, instances: str, dry_run: bool, yes: bool) -> None:
    """Tune a job's hyperparameters: check, upload its data, send, follow, and download the best model.

    Run the search of jobs/JOB.toml. HP_TEXT may contain hyperparameters, split into words as by a shell.
    """
    from scripts import jobfile, tuning

    # With DRY_RUN=1 only the request goes to stdout.
    say = console.warn if dry_run else console.say
    spec = jobfile.with_instances(jobfile.read_job(job), instances)
    typed = jobfile.read_assignments(os.environ.get("HP_TEXT", ""), hp)
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
    verb.run(main)
