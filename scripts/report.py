"""`make report`: makes the report of a tuning again, with its best model and job file."""

import click

from scripts.core import console, verb


@click.command()
@verb.option("--tuning", envvar="TUNING_TEXT", default="", help="The tuning's name, or a beginning of it.")
def main(tuning: str) -> None:
    """Make a tuning's report, as it is now: its best model, a job file with its values, report.html.

    Read the tuning, or what runs/ has kept of it, and write its report.
    """
    from scripts import tuning as tunings
    from scripts.core import aws

    sagemaker = aws.client("sagemaker")
    name = tunings.find(tuning, sagemaker)
    line = f"Interrupted. `make report TUNING={name}` makes the report."
    with verb.on_interrupt(line):
        found = tunings.read(sagemaker, name)
        console.say(f"{found.name}: {found.status}")
        tunings.conclude(found)


if __name__ == "__main__":
    verb.run(main)
