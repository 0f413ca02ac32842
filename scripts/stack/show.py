"""The JSON of a saved plan from anywhere. Terraform needs for it the folder where the plan was made: its providers."""

from pathlib import Path

from scripts.core.errors import UserError
from scripts.stack.terraform import FOLDER, Terraform, program

LOCK = ".terraform.lock.hcl"


def of_file(file: Path) -> str:
    """What `terraform show -json` says of a saved plan. Asks no AWS and needs no network.

    Raises:
        UserError: there is no Terraform, or it cannot read the plan here.
    """
    runner = _where_it_was_made(file.absolute())
    by_hand = f"Where it was made: `terraform show -json {file.name} > plan.json`, then review that."
    if runner is None:
        raise UserError(f"{file} is a saved plan, and there is no {LOCK} beside it or above.", by_hand)
    answer = runner.capture("show", "-json", str(file.absolute()))
    if answer.code != 0:
        raise UserError(f"Terraform cannot read the saved plan {file}: {answer.first_error()}", by_hand)
    return answer.out


def _where_it_was_made(file: Path) -> Terraform | None:
    quiet = {"CHECKPOINT_DISABLE": "1"}
    ours = file.parent.parent / "terraform"  # as `make plan` lays it out
    if (ours / "providers").is_dir():
        return Terraform(program(), {**quiet, "TF_DATA_DIR": str(ours)}, folder=FOLDER)
    found = next((folder for folder in file.parents if (folder / LOCK).is_file()), None)
    return Terraform(program(), quiet, folder=found) if found else None
