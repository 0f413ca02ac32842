"""`make plan`: plans the stack, saves and reviews the plan. Also reviews any other plan, from a file or a pipe."""

from pathlib import Path

import click

from scripts.core import verb
from scripts.review import command


@click.group(no_args_is_help=False)
def app() -> None:
    """Plan the stack and review the plan, or review any plan."""


@app.command()
@verb.option("--env", "environment", envvar="ENV_TEXT", default="dev", help="A name in terraform/environments/.")
@verb.option("--yes", is_flag=True, envvar="YES_TEXT", help="Create a missing state bucket without asking.")
def stack(environment: str, yes: bool) -> None:
    """Plan the changes of `make infra`, save the plan and review it."""
    from scripts.stack import flows

    flows.plan(environment, yes)


def _json_of_saved(file: Path) -> str:
    from scripts.stack import show

    return show.plan_json(file)


app.add_command(command.command(_json_of_saved), "review")


if __name__ == "__main__":
    verb.run(app)
