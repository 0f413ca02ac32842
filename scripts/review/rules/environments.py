"""Rules for secrets that are written into the environment of a program."""

from collections.abc import Iterator, Mapping
from typing import Any

from scripts.review.canonical import parsed
from scripts.review.model import Severity
from scripts.review.rules.blocks import Block
from scripts.review.rules.registry import Family
from scripts.review.rules.resources import Resource
from scripts.review.secret_patterns import reference, secret_by_content, secret_by_name

_LAMBDA = Family("Lambda")
_ECS = Family("ECS")


@_LAMBDA.state(
    ("aws_lambda_function",),
    "lambda-secret-in-environment",
    Severity.MEDIUM,
    "A function's environment seems to hold a secret",
    why="It stands in clear in Terraform's state, and whoever may read the function's configuration reads it.",
    fix="Keep it in Secrets Manager and hand the function its ARN.",
    page="https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html",
)
def in_function(resource: Resource) -> Iterator[str]:
    """A variable whose name or value looks like a secret. Neither an ARN nor a name of a secret counts."""
    for environment in resource.blocks("environment"):
        variables = environment.values.get("variables")
        for name in variables if isinstance(variables, dict) else {}:
            if _in_clear(name, Block(None, variables, None).text(name)):
                yield f"The variable {name} looks like a secret, and its value is written out."


@_ECS.state(
    ("aws_ecs_task_definition",),
    "ecs-secret-in-environment",
    Severity.MEDIUM,
    "A container's environment seems to hold a secret",
    why="It stands in clear in Terraform's state, in every revision of the task definition, and to whoever may look at "
    "the container.",
    fix="Keep it in Secrets Manager, or as a SecureString in SSM, and name its ARN in the container's `secrets`.",
    page="https://docs.aws.amazon.com/AmazonECS/latest/developerguide/specifying-sensitive-data.html",
)
def in_container(resource: Resource) -> Iterator[str]:
    """The same, of a task's containers."""
    for container in _objects(parsed(resource.text("container_definitions"))):
        for variable in _objects(container.get("environment")):
            name, value = variable.get("name"), variable.get("value")
            if isinstance(name, str) and isinstance(value, str) and _in_clear(name, value):
                of = f" of the container {container['name']}" if isinstance(container.get("name"), str) else ""
                yield f"The variable {name}{of} looks like a secret, and its value is written out."


def _in_clear(name: str, value: str) -> bool:
    """Whether a variable holds a secret itself, not where it is kept."""
    if not value or value.startswith("/") or reference(value):
        return False
    return secret_by_name(name) or secret_by_content(value, name)


def _objects(value: Any) -> list[Mapping[str, Any]]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []
