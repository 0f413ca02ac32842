"""Terraform's outputs as a validated, frozen Stack. Pure."""

import json
from typing import Annotated

from pydantic import BaseModel, ConfigDict, StringConstraints, ValidationError

from scripts.core.errors import UserError

APPLY_FIX = "Apply it with `make infra` (and the same settings as here), then try again."

Text = Annotated[str, StringConstraints(strict=True, min_length=1)]
Account = Annotated[str, StringConstraints(strict=True, pattern=r"^[0-9]{12}$")]
RepositoryArn = Annotated[
    str, StringConstraints(strict=True, pattern=r"^arn:aws[a-z-]*:ecr:[a-z0-9-]+:[0-9]{12}:repository/.+$")
]
RoleArn = Annotated[str, StringConstraints(strict=True, pattern=r"^arn:aws[a-z-]*:iam::[0-9]{12}:role/.+$")]
KeyArn = Annotated[str, StringConstraints(strict=True, pattern=r"^arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/.+$")]


class Stack(BaseModel):
    """The applied stack: one field for each of Terraform's outputs.

    A field with a default is an option that the stack may not use: Terraform has no such output then.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    project: Text
    environment: Text
    region: Text
    account_id: Account
    repository_arn: RepositoryArn
    repository_name: Text
    repository_url: Text
    role_arn: RoleArn
    data_bucket: Text
    models_bucket: Text
    checkpoints_bucket: Text
    tags: dict[str, str] = {}
    kms_key_arn: KeyArn | None = None
    subnet_ids: tuple[Text, ...] = ()
    security_group_ids: tuple[Text, ...] = ()
    existing_buckets: dict[str, Text] = {}

    @property
    def repository_region(self) -> str:
        """The repository's region, from its ARN: an image's host name need not carry it."""
        return self.repository_arn.split(":")[3]

    @property
    def repository_account(self) -> str:
        """The repository's account, from its ARN."""
        return self.repository_arn.split(":")[4]

    def owns_image(self, image: str) -> bool:
        """Whether an image's URI, with tag or digest, belongs to this stack's repository."""
        rest = image.removeprefix(self.repository_url)
        return rest != image and (rest == "" or rest[0] in ":@")


def parse_outputs(text: str, environment: str) -> Stack:
    """Read the output of `terraform output -json`.

    Args:
        text: an object ``{"name": {"value": …}}``; it is empty if nothing is applied.
        environment: the name for error messages.

    Raises:
        UserError: nothing is applied, an output is missing, or an output has a wrong value.
    """
    outputs = {name: output.get("value") for name, output in json.loads(text).items()}
    if not outputs:
        raise not_applied(environment)
    values = {name: value for name, value in outputs.items() if value is not None}
    missing = [name for name, field in Stack.model_fields.items() if field.is_required() and name not in values]
    if missing:
        plural = "s" if len(missing) > 1 else ""
        raise UserError(
            f"The stack of `{environment}` is only partly applied: output{plural} {', '.join(missing)} missing.",
            APPLY_FIX,
        )
    try:
        return Stack.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        raise UserError(
            f"Terraform's output {first['loc'][0]} is {first['input']!r}: {first['msg']}.",
            "Correct it in terraform/outputs.tf, then run `make infra`.",
        ) from None


def not_applied(environment: str, place: str = "") -> UserError:
    """The error of a command that needs a stack that is not applied; ``place`` names the account and region."""
    where = f" in {place}" if place else ""
    return UserError(f"The stack of `{environment}` is not applied{where}.", APPLY_FIX)
