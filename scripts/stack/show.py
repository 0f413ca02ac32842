"""The JSON of a saved plan, wherever it lies. Terraform reads it only with the providers of the folder it came from."""

from pathlib import Path

from scripts.core.errors import UserError
from scripts.stack.terraform import FOLDER, Terraform, check_variables, find_program

LOCK = ".terraform.lock.hcl"


def plan_json(file: Path) -> str:
    """The output of `terraform show -json` for a saved plan. Needs no AWS and no network.

    Raises:
        UserError: Terraform is missing, a variable changes what it does, or it cannot read the plan here.
    """
    check_variables()
    runner = _terraform_of(file.absolute())
    fix = f"Run `terraform show -json {file.name} > plan.json` where the plan was made, then review that file."
    if runner is None:
        raise UserError(f"{file} is a saved plan, and there is no {LOCK} in its folder or above.", fix)
    result = runner.capture("show", "-json", str(file.absolute()))
    if result.code != 0:
        raise UserError(f"Terraform cannot read the saved plan {file}: {result.first_error()}", fix)
    return result.out


def _terraform_of(file: Path) -> Terraform | None:
    """Terraform in the folder where a plan was made; None if that folder is unknown."""
    quiet = {"CHECKPOINT_DISABLE": "1"}
    data_dir = file.parent.parent / "terraform"  # the layout of `make plan`
    if (data_dir / "providers").is_dir():
        return Terraform(find_program(), {**quiet, "TF_DATA_DIR": str(data_dir)}, folder=FOLDER)
    found = next((folder for folder in file.parents if (folder / LOCK).is_file()), None)
    return Terraform(find_program(), quiet, folder=found) if found else None
