"""`make tunings`: lists the tunings of the account and region."""

import click

from scripts.core import console, verb


@click.command()
def main() -> None:
    """List the tunings, the newest first.

    List the tunings with one call to SageMaker.
    """
    from scripts import tuning
    from scripts.core import aws

    found = tuning.list_tunings(aws.client("sagemaker"))
    if not found:
        console.say(f"There is no tuning in {aws.region()} yet; `make tune JOB=digits` starts one.")
        return
    for line in tuning.tuning_table(found):
        console.say(line)


if __name__ == "__main__":
    verb.run(main)
