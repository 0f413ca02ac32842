"""`make plan`: plans the stack, saves and reviews the plan. Also reviews any other plan, from a file or a pipe."""

from pathlib import Path
from typing import Annotated

from scripts.core import verb
from scripts.core.arguments import Application, Option
from scripts.review import command

APP = Application("Plan the stack and review the plan, or review any plan.")

Environment = Annotated[str, Option("A name in terraform/environments/.", "ENV_TEXT", name="--env")]
Yes = Annotated[bool, Option("Create a missing state bucket without asking.", "YES_TEXT")]


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
