"""Rules for secrets in the environment variables of functions and containers."""

from collections.abc import Iterator

from ..canonical import parsed
from ..json_values import objects_of
from ..model import Severity
from ..secrets.patterns import is_secret_reference, secret_by_content, secret_by_name
from .blocks import Block
from .registry import Family
from .resources import Resource

_LAMBDA = Family("Lambda")
_ECS = Family("ECS")


@_LAMBDA.state(
    ("aws_lambda_function",),
    "lambda-secret-in-environment",
    Severity.MEDIUM,
    "A function's environment seems to hold a secret",
    why="Terraform's state holds it in clear, and anyone who may read the function's configuration can read it.",
    fix="Store it in Secrets Manager, and pass its ARN to the function.",
    page="https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html",
)
def in_function(resource: Resource) -> Iterator[str]:
    """Reports a variable whose name or value looks like a secret. A secret's ARN or name does not count."""
    for environment in resource.blocks("environment"):
        variables = environment.values.get("variables")
        for name in variables if isinstance(variables, dict) else {}:
            if _holds_secret(name, Block(None, variables, None).text(name)):
                yield f"The variable {name} looks like a secret, and its value is in the plan."


@_ECS.state(
    ("aws_ecs_task_definition",),
    "ecs-secret-in-environment",
    Severity.MEDIUM,
    "A container's environment seems to hold a secret",
    why="Terraform's state and every revision of the task definition hold it in clear, and anyone who may inspect the "
    "container can read it.",
    fix="Store it in Secrets Manager, or as a SecureString in SSM, and put its ARN into the container's `secrets`.",
    page="https://docs.aws.amazon.com/AmazonECS/latest/developerguide/specifying-sensitive-data.html",
)
def in_container(resource: Resource) -> Iterator[str]:
    """Reports the same for the containers of a task."""
    for container in objects_of(parsed(resource.text("container_definitions"))):
        for variable in objects_of(container.get("environment")):
            name, value = variable.get("name"), variable.get("value")
            if isinstance(name, str) and isinstance(value, str) and _holds_secret(name, value):
                of = f" of the container {container['name']}" if isinstance(container.get("name"), str) else ""
                yield f"The variable {name}{of} looks like a secret, and its value is in the plan."


def _holds_secret(name: str, value: str) -> bool:
    """Whether a variable holds a secret, not a reference to one."""
    if not value or value.startswith("/") or is_secret_reference(value):
        return False
    return secret_by_name(name) or secret_by_content(value, name)
