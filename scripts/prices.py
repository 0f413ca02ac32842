"""`make prices`: asks AWS's Price List what training instances cost in this region, and renews the committed table."""

from datetime import UTC, datetime

import click

from scripts.core import console, verb


@click.command()
@verb.option("--update", is_flag=True, envvar="UPDATE_TEXT", help="Write them to scripts/costs/prices.toml.")
def main(update: bool) -> None:
    """Ask AWS's Price List what instances cost in this region, and keep its answer for a week.

    Ask for all prices of the region anew. The quotas that were looked up are forgotten, and looked up again.
    """
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
    verb.run(main)
