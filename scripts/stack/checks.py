"""Checks of terraform/ itself, without credentials and without any call to AWS."""

import os
from pathlib import Path

from scripts.core.errors import UserError
from scripts.stack.terraform import Terraform, report_mirror, terraform

DATA_DIR = Path("build/validate/terraform")


def validate() -> None:
    """Run `terraform validate`, without the tests: `terraform test` validates each of them, with a provider of its own.

    Raises:
        UserError: it finds an error, or Terraform cannot get its providers.
    """
    _run(_initialised(), "validate", "-no-tests")


def run_tests() -> None:
    """Run `terraform test`, with the tests in terraform/tests/.

    Raises:
        UserError: a test fails, or Terraform cannot get its providers.
    """
    _run(_initialised(), "test")


def _initialised() -> Terraform:
    # These checks concern no account, so Terraform must not see the caller's profile or endpoint.
    without_aws = {name: None for name in os.environ if name.startswith("AWS_")}
    runner = terraform(DATA_DIR, {**without_aws, "AWS_EC2_METADATA_DISABLED": "true"})
    report_mirror(runner)
    result = runner.capture("init", "-backend=false", "-input=false", "-lockfile=readonly")
    if result.code != 0:
        raise UserError(
            f"Terraform cannot be initialised: {result.first_error()}",
            "It needs the Terraform registry, or a provider mirror (docs/infrastructure.md).",
        )
    return runner


def _run(runner: Terraform, command: str, *flags: str) -> None:
    code = runner.stream(command, *flags)
    if code != 0:
        raise UserError(
            f"`terraform {command}` failed with exit code {code}; its own message is above.",
            "Correct terraform/ where the message says.",
        )
