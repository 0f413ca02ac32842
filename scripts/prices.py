"""`make prices`: asks AWS's Price List what training instances cost in this region, and renews the committed table."""

from datetime import UTC, datetime
from typing import Annotated

from scripts.core import console, verb
from scripts.core.arguments import Application, Option

APP = Application("Ask AWS's Price List what instances cost in this region, and keep its answer for a week.")


@APP.command()
def main(
    update: Annotated[bool, Option("Write them to scripts/costs/prices.toml.", "UPDATE_TEXT")] = False,
) -> None:
    """Ask for all prices of the region anew. The quotas that were looked up are forgotten, and looked up again."""
    from scripts import costs
    from scripts.core import aws

    region = aws.region()
    found = costs.renew(region)
    for kind in sorted(found.hour):
        console.say(f"{kind}  {found.hour[kind]:g} USD an hour")
    console.say(f"{len(found.hour)} types of instances in {region}, on demand, by {found.source}.")
    if update:
        path = costs.write(region, found, datetime.now(UTC).date())
        console.say(f"{path} has them now.")


if __name__ == "__main__":
    verb.run(APP)
