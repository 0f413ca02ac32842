"""`make infra`, `make destroy` and `make unlock`: applies or destroys the stack, and checks its Terraform code."""

import click

from scripts.core import verb


@click.group(no_args_is_help=False)
def app() -> None:
    """Apply or destroy the stack, and check its Terraform code."""


@app.command()
@verb.option("--env", "environment", envvar="ENV_TEXT", default="dev", help="A name in terraform/environments/.")
@verb.option("--yes", is_flag=True, envvar="YES_TEXT", help="Apply the plan without asking.")
@verb.option("--approve", envvar="APPROVE_TEXT", default="", help="The digest of the reviewed change.")
def apply(environment: str, yes: bool, approve: str) -> None:
    """Apply the plan that `make plan` saved. Without one: plan, review, ask, and apply exactly that plan."""
    from scripts.stack import flows

    flows.apply(environment, yes, approve.strip())


@app.command()
@verb.option("--env", "environment", envvar="ENV_TEXT", default="dev", help="A name in terraform/environments/.")
@verb.option("--confirm", envvar="CONFIRM_TEXT", default="", help="The environment's name, to confirm.")
def destroy(environment: str, confirm: str) -> None:
    """Plan the removal of the stack, review it, and apply it after you type the environment's name."""
    from scripts.stack import flows

    flows.destroy(environment, confirm)


@app.command()
@verb.option("--env", "environment", envvar="ENV_TEXT", default="dev", help="A name in terraform/environments/.")
@verb.option("--lock", envvar="LOCK_TEXT", default="", help="The lock's ID, which `make infra` has printed.")
def unlock(environment: str, lock: str) -> None:
    """Remove a lock on Terraform's state that no command holds any more."""
    from scripts.stack import unlocking

    unlocking.unlock(environment, lock.strip())


@app.command()
def validate() -> None:
    """Check terraform/ without credentials."""
    from scripts.stack import checks

    checks.validate()


@app.command()
def test() -> None:
    """Run the Terraform tests, offline."""
    from scripts.stack import checks

    checks.run_tests()


if __name__ == "__main__":
    verb.run(app)
