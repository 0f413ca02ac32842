"""The stack in the account: make it, remove it, check its Terraform."""

from typing import Annotated

import typer

from scripts.core import verb

APP = verb.app("Make or remove the stack, and check its Terraform.")

Environment = Annotated[str, typer.Option("--env", envvar="ENV_TEXT", help="A name in terraform/environments/.")]
Yes = Annotated[bool, typer.Option("--yes", envvar="YES_TEXT", help="Apply the plan without a question.")]
Approve = Annotated[str, typer.Option("--approve", envvar="APPROVE_TEXT", help="The reviewed change's digest.")]
Confirm = Annotated[str, typer.Option("--confirm", envvar="CONFIRM_TEXT", help="The environment's name.")]


@APP.command()
def apply(environment: Environment = "dev", yes: Yes = False, approve: Approve = "") -> None:
    """Apply the plan that `make plan` has saved; without one plan, review, ask, and apply that very plan."""
    from scripts.stack import flows

    flows.apply(environment, yes, approve.strip())


@APP.command()
def destroy(environment: Environment = "dev", confirm: Confirm = "") -> None:
    """Plan the removal of the stack, review it, and apply it when the environment's name was typed."""
    from scripts.stack import flows

    flows.destroy(environment, confirm)


@APP.command()
def validate() -> None:
    """Check terraform/ without credentials."""
    from scripts.stack import checks

    checks.validate()


@APP.command()
def test() -> None:
    """Run terraform's own tests, offline."""
    from scripts.stack import checks

    checks.run_tests()


if __name__ == "__main__":
    verb.run(APP)
