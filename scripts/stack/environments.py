"""Paths of an environment's files: its variables in terraform/environments/, Terraform's data under build/."""

import os
from pathlib import Path

from scripts.core.errors import UserError, nearest
from scripts.stack.terraform import FOLDER

FILES = FOLDER / "environments"


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
    """The absolute path of Terraform's data folder for an environment: TF_DATA_DIR, or one below build/."""
    return Path(os.environ.get("TF_DATA_DIR") or f"build/aws-{environment}/terraform").absolute()


def build_folder(environment: str) -> Path:
    """The folder that holds Terraform's data, the backend settings, saved plans and their reviews."""
    return data_dir(environment).parent


def plan_folder(environment: str, name: str = "plan") -> Path:
    """Make the folder for a saved plan and its review. A plan holds secrets, so only the user may open it."""
    folder = build_folder(environment) / name
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    here = Path.cwd()
    return folder.relative_to(here) if folder.is_relative_to(here) else folder  # a short path for messages
