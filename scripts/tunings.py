"""`make tunings`: lists the tunings that `make tune` has started, in the account and region."""

import click

from scripts.core import console, verb


@click.command()
@verb.option("--job", envvar="JOB_TEXT", default="", help="Only the tunings of this job file of jobs/.")
def main(job: str) -> None:
    """List the tunings, the newest first.

    List the tunings with two calls to SageMaker. Those that another program has started are not listed.
    """
    from scripts import tuning
    from scripts.core import aws

    found = tuning.list_tunings(aws.client("sagemaker"), job, console.warn)
    if not found:
        of = f" of jobs/{job}.toml" if job else ""
        console.say(f"There is no tuning{of} in {aws.region()} yet; `make tune JOB={job or 'digits'}` starts one.")
        return
    for line in tuning.tuning_table(found):
        console.say(line)


if __name__ == "__main__":
    verb.run(main)
