"""Variables with which Terraform would plan something else than this project says. Pure.

https://developer.hashicorp.com/terraform/cli/config/environment-variables lists Terraform's variables.
"""

import re
from collections.abc import Mapping
from pathlib import Path

from scripts.core.console import listed
from scripts.core.errors import UserError

REFUSED = re.compile(r"TF_WORKSPACE|TF_REATTACH_PROVIDERS|TF_CLI_ARGS(_.*)?")
VALUES = "TF_VAR_"
DATA_DIR = "TF_DATA_DIR"
OWN_FOLDER = re.compile(r"[a-z]+-.+")
"""The folders of build/ that Trainyard makes for Terraform: <cloud>-<environment>."""


def refusal(environment: Mapping[str, str], project: Path) -> UserError | None:
    """The error if a variable of the caller would change what Terraform does; None if there is none.

    Args:
        environment: the caller's environment variables.
        project: the absolute path of this project.
    """
    names = [name for name, value in sorted(environment.items()) if _changes(name, value, project)]
    if not names:
        return None
    subject = "is set: it changes" if len(names) == 1 else "are set: they change"
    return UserError(
        f"{listed(names, most=len(names))} {subject} what Terraform does, and no review would say so.",
        f"`unset {' '.join(names)}`, then run the same command again. "
        "The stack's variables are in terraform/environments/.",
    )


def _changes(name: str, value: str, project: Path) -> bool:
    if name.startswith(VALUES):  # an empty one sets its variable to an empty text
        return True
    if name == DATA_DIR:
        return bool(value) and not _is_own(Path(value), project)
    return bool(value) and REFUSED.fullmatch(name) is not None


def _is_own(data_dir: Path, project: Path) -> bool:
    """Whether a data folder is one that Trainyard has set: `make cloud-env` and CLOUD=local set TF_DATA_DIR."""
    parent = data_dir.parent
    is_below_build = data_dir.name == "terraform" and parent.parent == project / "build"
    return is_below_build and OWN_FOLDER.fullmatch(parent.name) is not None
