"""`make jobs`: lists the training jobs of the account and region."""

import click

from scripts.core import console, verb


@click.command()
def main() -> None:
    """List the training jobs, the newest first.

    List the jobs with one or two calls to SageMaker. Instance types are known only for the jobs in runs/.
    """
    from scripts import runs
    from scripts.core import aws

    rows = runs.list_jobs(aws.client("sagemaker"), console.warn)
    if not rows:
        console.say(f"There is no training job in {aws.region()} yet; `make train JOB=digits` starts one.")
        return
    for line in runs.job_table(rows):
        console.say(line)
    total = runs.cost_line(rows)
    if total is not None:
        console.say(total)


if __name__ == "__main__":
    verb.run(main)
