"""The values of an environment's variables, as Terraform itself evaluates them. Needs no state and no provider."""

import json
import shutil
from dataclasses import replace
from typing import Any

from scripts.core import console
from scripts.core.errors import UserError
from scripts.stack import environments
from scripts.stack.terraform import FOLDER, Terraform

DECLARATIONS = "variables*.tf"
"""The files that declare the root module's variables, and nothing else."""


def read(runner: Terraform, environment: str) -> dict[str, Any]:
    """The value of each variable: that of the environment's file, or the default.

    Terraform plans a copy of the declarations, a configuration without resources. So it checks the values too.

    Args:
        runner: Terraform for the environment.
        environment: a name in terraform/environments/.

    Raises:
        UserError: Terraform refuses a value.
    """
    file = environments.variables_file(environment)
    with environments.private_folder(environment) as private:
        for declarations in FOLDER.glob(DECLARATIONS):
            shutil.copy(declarations, private)
        alone = replace(runner, folder=private, variables={**runner.variables, "TF_DATA_DIR": str(private / "data")})
        values = (f"-var-file={file}", f"-var=environment={environment}")
        result = alone.capture("plan", "-input=false", "-lock=false", "-out=plan", *values)
        if result.code == 0:
            result = alone.capture("show", "-json", "plan")
        if result.code != 0:
            console.warn(result.err.rstrip())
            raise UserError(
                f"Terraform refuses a variable of `{environment}`: its own message is above.",
                f"Correct {FOLDER}/environments/{file.name} (docs/infrastructure.md lists the variables).",
            )
        return {name: one.get("value") for name, one in json.loads(result.out)["variables"].items()}
