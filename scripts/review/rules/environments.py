"""Rules for secrets in the environment variables of functions, containers, models, jobs and builds."""

from collections.abc import Iterator
from typing import Any

from ..canonical import parsed
from ..json_values import objects_of
from ..model import Severity
from ..secrets.names import secret_by_name
from ..secrets.paths import pair_name
from ..secrets.spans import secret_by_content
from ..secrets.values import holds_secret
from .blocks import Block
from .registry import Family
from .resources import Resource

_LAMBDA = Family("Lambda")
_ECS = Family("ECS")
_SAGEMAKER = Family("SageMaker")
_CODEBUILD = Family("CodeBuild")
_ENVIRONMENT = ("environment", "environment_variables", "environmentvariables", "container_environment_variables")


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
        for name, value in _pairs(container.get("environment")):
            if _holds_secret(name, value):
                of = f" of the container {container['name']}" if isinstance(container.get("name"), str) else ""
                yield f"The variable {name}{of} looks like a secret, and its value is in the plan."


@_SAGEMAKER.state(
    (
        "aws_sagemaker_model", "aws_sagemaker_endpoint", "aws_sagemaker_endpoint_configuration",
        "aws_sagemaker_data_quality_job_definition", "aws_sagemaker_model_quality_job_definition",
        "aws_sagemaker_model_bias_job_definition", "aws_sagemaker_model_explainability_job_definition",
        "aws_sagemaker_monitoring_schedule", "aws_sagemaker_processing_job", "aws_sagemaker_training_job",
        "aws_sagemaker_transform_job", "aws_sagemaker_app_image_config", "aws_sagemaker_pipeline",
        "awscc_sagemaker_model", "awscc_sagemaker_processing_job", "awscc_sagemaker_data_quality_job_definition",
        "awscc_sagemaker_monitoring_schedule", "awscc_sagemaker_pipeline",
    ),
    "sagemaker-secret-in-environment",
    Severity.MEDIUM,
    "The environment of a model or a job seems to hold a secret",
    why="Terraform's state holds it in clear, and anyone who may describe the model or the job can read it.",
    fix="Store it in Secrets Manager, and let the container read it by its ARN.",
    page="https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_ContainerDefinition.html",
)  # fmt: skip
def in_model_or_job(resource: Resource) -> Iterator[str]:
    """Reports the same for the containers of SageMaker models, endpoints, processing jobs and pipelines."""
    for name, value in _variables(resource.values):
        if _holds_secret(name, value):
            yield f"The variable {name} looks like a secret, and its value is in the plan."


@_CODEBUILD.state(
    ("aws_codebuild_project", "awscc_codebuild_project"),
    "codebuild-secret-in-environment",
    Severity.MEDIUM,
    "A build's environment seems to hold a secret",
    why="Terraform's state holds it in clear, and CodeBuild shows it in its console and to anyone who may read the "
    "project.",
    fix="Set the variable's `type` to SECRETS_MANAGER or PARAMETER_STORE, and its value to the secret's name.",
    page="https://docs.aws.amazon.com/codebuild/latest/APIReference/API_EnvironmentVariable.html",
)
def in_build(resource: Resource) -> Iterator[str]:
    """Reports a variable of the type PLAINTEXT, which is the default, whose name or value looks like a secret."""
    for environment in resource.blocks("environment"):
        for variable in [*environment.blocks("environment_variable"), *environment.blocks("environment_variables")]:
            name = variable.text("name")
            if variable.text("type") in ("", "PLAINTEXT") and _holds_secret(name, variable.text("value")):
                yield f"The variable {name} looks like a secret, and its value is in the plan."


def _variables(value: Any) -> Iterator[tuple[str, str]]:
    """The environment variables anywhere in a resource, JSON in texts included: maps, and lists of names and values."""
    parts = [value]
    while parts:
        part = parts.pop()
        if isinstance(part, str):
            part = parsed(part)
        if isinstance(part, list):
            parts += part
        for name, inner in part.items() if isinstance(part, dict) else ():
            if name.lower() in _ENVIRONMENT:
                yield from _pairs(inner)
            parts.append(inner)


def _pairs(environment: Any) -> Iterator[tuple[str, str]]:
    pairs = list(environment.items()) if isinstance(environment, dict) else []
    pairs += [(pair_name(each), each.get("value", each.get("Value"))) for each in objects_of(environment)]
    for name, value in pairs:
        if isinstance(name, str) and isinstance(value, str):
            yield name, value


def _holds_secret(name: str, value: str) -> bool:
    """Whether a variable holds a secret, not a reference to one."""
    return holds_secret(name, value) or (not secret_by_name(name) and secret_by_content(value, name))
