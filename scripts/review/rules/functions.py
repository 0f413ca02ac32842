"""Rules for Lambda."""

from collections.abc import Iterator

from scripts.review.model import Severity
from scripts.review.rules.registry import Family
from scripts.review.rules.resources import Resource

_LAMBDA = Family("Lambda")
_GUIDE = "https://docs.aws.amazon.com/lambda/latest/dg"
_NARROWING = ("source_account", "source_arn", "principal_org_id", "organization_id")


@_LAMBDA.state(
    ("aws_lambda_permission", "aws_lambda_layer_version_permission"),
    "lambda-public-permission",
    Severity.HIGH,
    "Everybody may call a function or use a layer",
    why="Strangers run your code on your bill, with the rights of its role.",
    fix="Name the account or service in `principal`, or set `principal_org_id`.",
    page=f"{_GUIDE}/access-control-resource-based.html",
)
def public_permission(resource: Resource) -> Iterator[str]:
    """Principal `*` without anything that narrows it."""
    if resource.text("principal") == "*" and not any(map(resource.is_set, _NARROWING)):
        yield f"Everybody may do {resource.text('action')}."


@_LAMBDA.state(
    ("aws_lambda_permission",),
    "lambda-any-source",
    Severity.MEDIUM,
    "A service may call a function on behalf of strangers",
    why="Without source_arn or source_account, a bucket, topic or API of any account can call the function through the "
    "service: the confused deputy.",
    fix="Set `source_arn`, and `source_account` where the ARN holds no account (S3).",
    page=f"{_GUIDE}/permissions-function-services.html",
)
def any_source(resource: Resource) -> Iterator[str]:
    """A service as the principal, and no source."""
    principal = resource.text("principal")
    if principal.endswith((".amazonaws.com", ".amazonaws.com.cn")) and not any(map(resource.is_set, _NARROWING)):
        yield f"{principal} may call the function whoever asks it to."


@_LAMBDA.state(
    ("aws_lambda_function_url",),
    "lambda-url-without-auth",
    Severity.HIGH,
    "A function's URL asks for no signature",
    why="Whoever knows the URL calls the function, on your bill.",
    fix='Set `authorization_type = "AWS_IAM"`, or check who calls in the function itself.',
    page=f"{_GUIDE}/urls-auth.html",
)
def url_without_auth(resource: Resource) -> Iterator[str]:
    """Authorization NONE."""
    if resource.text("authorization_type") == "NONE":
        yield 'The URL\'s authorization is "NONE".'
