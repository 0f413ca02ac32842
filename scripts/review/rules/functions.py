"""Rules for Lambda."""

from collections.abc import Iterator

from ..model import Severity
from .registry import Family
from .resources import Resource

_LAMBDA = Family("Lambda")
_GUIDE = "https://docs.aws.amazon.com/lambda/latest/dg"
_NARROWING = ("source_account", "source_arn", "principal_org_id", "organization_id")


@_LAMBDA.state(
    ("aws_lambda_permission", "aws_lambda_layer_version_permission"),
    "lambda-public-permission",
    Severity.HIGH,
    "Everybody may call a function or use a layer",
    why="Strangers can run your code with the rights of its role, and you pay for it.",
    fix="Name the account or service in `principal`, or set `principal_org_id`.",
    page=f"{_GUIDE}/access-control-resource-based.html",
)
def public_permission(resource: Resource) -> Iterator[str]:
    """Reports the principal `*` without a source or an organization that limits it."""
    if resource.text("principal") == "*" and not any(map(resource.is_set, _NARROWING)):
        yield f"The Lambda permission grants everybody {resource.text('action')}."


@_LAMBDA.state(
    ("aws_lambda_permission",),
    "lambda-any-source",
    Severity.MEDIUM,
    "A service may call a function on behalf of strangers",
    why="Without source_arn or source_account, a bucket, topic or API of any account can call the function through the "
    "service (the confused deputy problem).",
    fix="Set `source_arn`. Also set `source_account` if the ARN contains no account (S3).",
    page=f"{_GUIDE}/permissions-function-services.html",
)
def any_source(resource: Resource) -> Iterator[str]:
    """Reports a service as the principal without a source."""
    principal = resource.text("principal")
    if principal.endswith((".amazonaws.com", ".amazonaws.com.cn")) and not any(map(resource.is_set, _NARROWING)):
        yield f"{principal} may call the function on behalf of any account."


@_LAMBDA.state(
    ("aws_lambda_function_url",),
    "lambda-url-without-auth",
    Severity.HIGH,
    "A function's URL requires no signature",
    why="Anyone who knows the URL can call the function, and you pay for it.",
    fix='Set `authorization_type = "AWS_IAM"`, or check the caller in the function itself.',
    page=f"{_GUIDE}/urls-auth.html",
)
def url_without_auth(resource: Resource) -> Iterator[str]:
    """Reports the authorization NONE."""
    if resource.text("authorization_type") == "NONE":
        yield 'The authorization of the function\'s URL is "NONE".'
