"""Paths of an environment's files: its variables in terraform/environments/, Terraform's data under build/."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from scripts.core import scratch
from scripts.core.errors import UserError, nearest
from scripts.stack.terraform import FOLDER

FILES = FOLDER / "environments"
PRIVATE = ".call-"
"""How the names of the private folders begin."""


def variables_file(environment: str) -> Path:
    """The absolute path of an environment's variables.

    Raises:
        UserError: the environment does not exist.
    """
    known = sorted(path.stem for path in FILES.glob("*.tfvars"))
    if environment not in known:
        like = nearest(environment, known)
        meant = f" Did you mean `{like}`?" if like else ""
        raise UserError(
            f"There is no environment `{environment}`: {FILES}/{environment}.tfvars does not exist.{meant}",
            f"Known environments: {', '.join(known)}. For a new one, copy {FILES}/dev.tfvars and give it a new name.",
        )
    return (FILES / f"{environment}.tfvars").absolute()


def data_dir(environment: str) -> Path:
    """The absolute path of Terraform's data folder for an environment, below build/. CLOUD=local sets TF_DATA_DIR."""
    return Path(os.environ.get("TF_DATA_DIR") or f"build/aws-{environment}/terraform").absolute()


def build_folder(environment: str) -> Path:
    """The folder that holds Terraform's data, the backend settings, saved plans and their reviews."""
    return data_dir(environment).parent


@contextmanager
def private_folder(environment: str) -> Iterator[Path]:
    """A folder for the plan of this call alone: no other command reads or changes it. Removed after the block.

    Folders that killed commands left are removed too, because a plan holds secrets.
    """
    parent = build_folder(environment)
    parent.mkdir(parents=True, exist_ok=True)
    scratch.remove_abandoned(parent.glob(f"{PRIVATE}*"))
    with scratch.temporary_folder(parent, PRIVATE) as folder:
        yield folder


def make_command(target: str, environment: str, **values: str) -> str:
    """A command of make as you would type it for the same cloud and environment."""
    cloud = os.environ.get("CLOUD_TEXT", "aws")
    typed = {**({} if cloud == "aws" else {"CLOUD": cloud}), "ENV": environment, **values}
    return " ".join(["make", target, *(f"{name}={value}" for name, value in typed.items())])


def plan_folder(environment: str, name: str = "plan") -> Path:
    """Make the folder for a saved plan and its review. A plan holds secrets, so only the user may open it."""
    folder = build_folder(environment) / name
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    here = Path.cwd()
    return folder.relative_to(here) if folder.is_relative_to(here) else folder  # a short path for messages
