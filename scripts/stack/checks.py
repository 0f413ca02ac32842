"""Checks of terraform/ itself, without credentials and without asking AWS anything."""

import os
from pathlib import Path

from scripts.core.errors import UserError
from scripts.stack.terraform import Terraform, say_mirror, terraform

DATA_DIR = Path("build/validate/terraform")


def validate() -> None:
    """Run `terraform validate`.

    Raises:
        UserError: it finds something, or Terraform cannot get its providers.
    """
    _run(_initialised(), "validate")


def run_tests() -> None:
    """Run terraform's own tests (terraform/tests/).

    Raises:
        UserError: one of them fails, or Terraform cannot get its providers.
    """
    _run(_initialised(), "test")


def _initialised() -> Terraform:
    # No profile and no endpoint of the caller's may be looked at: nothing here concerns an account.
    without_aws = {name: None for name in os.environ if name.startswith("AWS_")}
    runner = terraform(DATA_DIR, {**without_aws, "AWS_EC2_METADATA_DISABLED": "true"})
    say_mirror(runner)
    answer = runner.capture("init", "-backend=false", "-input=false", "-lockfile=readonly")
    if answer.code != 0:
        raise UserError(
            f"Terraform cannot be initialised: {answer.first_error()}",
            "It needs the Terraform registry, or a provider mirror (docs/infrastructure.md).",
        )
    return runner


def _run(runner: Terraform, command: str) -> None:
    code = runner.stream(command)
    if code != 0:
        raise UserError(
            f"`terraform {command}` failed with exit code {code}; its own message is above.",
            "Mend terraform/ where it says.",
        )
