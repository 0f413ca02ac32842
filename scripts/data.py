"""`make data`: uploads a job's local channels to the data bucket, without starting a job."""

import click

from scripts.core import console, verb


@click.command()
@verb.option("--job", envvar="JOB_TEXT", default="", help="The job file's name in jobs/, without .toml.")
@verb.option("--env", envvar="ENV_TEXT", default="dev", help="The environment of terraform/environments/.")
@verb.option("--yes", is_flag=True, envvar="YES_TEXT", help="Confirm deletions beforehand.")
def main(job: str, env: str, yes: bool) -> None:
    """Upload a job's local channels to the data bucket: only changed files.

    Synchronise each local channel's folder with its prefix in the data bucket.
    """
    from scripts import channels, jobfile, training
    from scripts.stack import read_stack
    from scripts.training import caller_rights, verb_calls

    spec = jobfile.read_job(job)
    local = jobfile.local_channels(job, spec)
    if not local:
        console.say(f"jobs/{job}.toml has no local channel: all its sources are in S3.")
        return
    # Missing credentials are reported before errors in the folders.
    hyperparameters = jobfile.as_texts(spec.hyperparameters)
    stack, folders = training.check_images(spec, hyperparameters, lambda: (read_stack(env), channels.check(local)))
    needs = verb_calls.of_data(stack, [channel.prefix for channel in local])
    caller_rights.check("make data", needs, console.say)
    with verb.on_interrupt(f"Interrupted. Uploaded files are kept; `make data JOB={job}` uploads the rest."):
        channels.synchronise(local, stack.data_bucket, yes, folders)


if __name__ == "__main__":
    verb.run(main)
