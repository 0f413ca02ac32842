"""`make report`: makes the report of a tuning again, with its best model and job file."""

import click

from scripts.core import console, verb


@click.command()
@verb.option("--tuning", envvar="TUNING_TEXT", default="", help="The tuning's name, or a beginning of it.")
def main(tuning: str) -> None:
    """Make a tuning's report, as it is now: its best model, a job file with its values, report.html.

    Ask no cloud about a tuning that has ended if runs/ has it with its best model.
    """
    from scripts import tuning as tunings
    from scripts.core import aws

    found = tunings.read_ended(tuning)
    name = tunings.find(tuning, aws.client("sagemaker")) if found is None else found.name
    line = f"Interrupted. `make report TUNING={name}` makes the report."
    with verb.on_interrupt(line):
        found = found or tunings.read(aws.client("sagemaker"), name)
        console.say(f"{found.name}: {found.status}")
        tunings.conclude(found)


if __name__ == "__main__":
    verb.run(main)
