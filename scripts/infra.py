"""`make infra`, `make destroy` and `make unlock`: applies or destroys the stack, and checks its Terraform code."""

from typing import Annotated

import typer

from scripts.core import verb

APP = verb.app("Apply or destroy the stack, and check its Terraform code.")

Environment = Annotated[str, typer.Option("--env", envvar="ENV_TEXT", help="A name in terraform/environments/.")]
Yes = Annotated[bool, typer.Option("--yes", envvar="YES_TEXT", help="Apply the plan without asking.")]
Approve = Annotated[str, typer.Option("--approve", envvar="APPROVE_TEXT", help="The digest of the reviewed change.")]
Confirm = Annotated[str, typer.Option("--confirm", envvar="CONFIRM_TEXT", help="The environment's name, to confirm.")]


@APP.command()
def apply(environment: Environment = "dev", yes: Yes = False, approve: Approve = "") -> None:
    """Apply the plan that `make plan` saved. Without one: plan, review, ask, and apply exactly that plan."""
    from scripts.stack import flows

    flows.apply(environment, yes, approve.strip())


@APP.command()
def destroy(environment: Environment = "dev", confirm: Confirm = "") -> None:
    """Plan the removal of the stack, review it, and apply it after you type the environment's name."""
    from scripts.stack import flows

    flows.destroy(environment, confirm)


@APP.command()
def unlock(
    environment: Environment = "dev",
    lock: Annotated[str, typer.Option(envvar="LOCK_TEXT", help="The lock's ID, which `make infra` has printed.")] = "",
) -> None:
    """Remove a lock on Terraform's state that no command holds any more."""
    from scripts.stack import unlocking

    unlocking.unlock(environment, lock.strip())


@APP.command()
def validate() -> None:
    """Check terraform/ without credentials."""
    from scripts.stack import checks

    checks.validate()


@APP.command()
def test() -> None:
    """Run the Terraform tests, offline."""
    from scripts.stack import checks

    checks.run_tests()


if __name__ == "__main__":
    verb.run(APP)
