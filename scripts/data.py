"""Bring a job's local channels to the data bucket, without starting anything."""

from typing import Annotated

import typer

from scripts.core import console, verb

APP = verb.app("Bring a job's local channels to the data bucket: only what changed.")


@APP.command()
def main(
    job: Annotated[str, typer.Option(envvar="JOB_TEXT", help="The job file's name in jobs/, without .toml.")] = "",
    env: Annotated[str, typer.Option(envvar="ENV_TEXT", help="The environment of terraform/environments/.")] = "dev",
    yes: Annotated[bool, typer.Option("--yes", envvar="YES_TEXT", help="Agree to deletions beforehand.")] = False,
) -> None:
    """Make each local channel's prefix in the data bucket become its folder."""
    from scripts import channels, jobfile, training
    from scripts.stack import read_stack

    spec = jobfile.read_job(job)
    local = jobfile.local_channels(job, spec)
    if not local:
        console.say(f"jobs/{job}.toml has no local channel: its sources are in S3 already.")
        return
    # Before the folders: who has no credentials wants to hear that first.
    bucket = read_stack(env).data_bucket
    channels.check(local)
    training.check_images(spec, jobfile.as_texts(spec.hyperparameters))
    with verb.on_interrupt(f"Interrupted. What is uploaded stays; `make data JOB={job}` goes on with the rest."):
        channels.synchronise(local, bucket, yes)


if __name__ == "__main__":
    verb.run(APP)
