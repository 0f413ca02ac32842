"""`make report`: makes the report of a tuning again, with its best model and job file."""

from typing import Annotated

from scripts.core import console, verb
from scripts.core.arguments import Application, Option

APP = Application("Make a tuning's report, as it is now: its best model, a job file with its values, report.html.")


@APP.command()
def main(
    tuning: Annotated[str, Option("The tuning's name, or a beginning of it.", "TUNING_TEXT")] = "",
) -> None:
    """Read the tuning, or what runs/ has kept of it, and write its report."""
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
    verb.run(APP)
