"""`make plan`: plans the stack, saves and reviews the plan. Also reviews any other plan, from a file or a pipe."""

from pathlib import Path
from typing import Annotated

import typer

from scripts.core import verb
from scripts.review import command

APP = verb.app("Plan the stack and review the plan, or review any plan.")

Environment = Annotated[str, typer.Option("--env", envvar="ENV_TEXT", help="A name in terraform/environments/.")]
Yes = Annotated[bool, typer.Option("--yes", envvar="YES_TEXT", help="Create a missing state bucket without asking.")]


@APP.command()
def stack(environment: Environment = "dev", yes: Yes = False) -> None:
    """Plan the changes of `make infra`, save the plan and review it."""
    from scripts.stack import flows

    flows.plan(environment, yes)


def _json_of_saved(file: Path) -> str:
    from scripts.stack import show

    return show.plan_json(file)


APP.command("review")(command.command(_json_of_saved))


if __name__ == "__main__":
    verb.run(APP)
