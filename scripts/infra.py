"""`make infra`, `make destroy` and `make unlock`: applies or destroys the stack, and checks its Terraform code."""

from typing import Annotated

from scripts.core import verb
from scripts.core.arguments import Application, Option

APP = Application("Apply or destroy the stack, and check its Terraform code.")

Environment = Annotated[str, Option("A name in terraform/environments/.", "ENV_TEXT", name="--env")]
Yes = Annotated[bool, Option("Apply the plan without asking.", "YES_TEXT")]
Approve = Annotated[str, Option("The digest of the reviewed change.", "APPROVE_TEXT")]
Confirm = Annotated[str, Option("The environment's name, to confirm.", "CONFIRM_TEXT")]


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
    lock: Annotated[str, Option("The lock's ID, which `make infra` has printed.", "LOCK_TEXT")] = "",
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
