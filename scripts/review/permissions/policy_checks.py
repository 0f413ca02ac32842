"""Checks for risky parts of policies, shared by the rules and the permissions."""

import re
from collections.abc import Collection, Iterable

from ...policies.documents import ANYONE, Condition, Scope

ESCALATING = (
    # Policies and who holds them: https://docs.aws.amazon.com/IAM/latest/UserGuide/access_controlling.html
    "iam:AddUserToGroup", "iam:AttachGroupPolicy", "iam:AttachRolePolicy", "iam:AttachUserPolicy",
    "iam:CreatePolicyVersion", "iam:PutGroupPolicy", "iam:PutRolePolicy", "iam:PutUserPolicy",
    "iam:SetDefaultPolicyVersion", "iam:UpdateAssumeRolePolicy",
    # Boundaries: https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html
    "iam:DeleteRolePermissionsBoundary", "iam:DeleteUserPermissionsBoundary", "iam:PutRolePermissionsBoundary",
    "iam:PutUserPermissionsBoundary",
    # Somebody else's credentials: https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_access-keys.html
    "iam:CreateAccessKey", "iam:CreateLoginProfile", "iam:CreateServiceSpecificCredential", "iam:UpdateLoginProfile",
    # Code that runs under another role: https://docs.aws.amazon.com/lambda/latest/dg/lambda-intro-execution-role.html
    "codebuild:UpdateProject", "datapipeline:PutPipelineDefinition", "glue:UpdateDevEndpoint", "glue:UpdateJob",
    "lambda:UpdateFunctionCode", "lambda:UpdateFunctionConfiguration", "sagemaker:CreatePresignedDomainUrl",
    "sagemaker:CreatePresignedNotebookInstanceUrl", "ssm:SendCommand", "ssm:StartSession",
)  # fmt: skip
"""Actions with which a principal can grant itself more permissions."""

ESCALATING_ON_ANY_ROLE = ("iam:PassRole", "sts:AssumeRole")
"""Actions that allow the same unless they are limited to some roles.
https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html"""

_ANY_ROLE = re.compile(r"\*|.*:\*|.*role/\*", re.DOTALL)

_PRINCIPAL_KEYS = frozenset(
    {
        "aws:principalaccount", "aws:principalarn", "aws:principalorgid", "aws:principalorgpaths", "aws:sourceaccount",
        "aws:sourcearn", "aws:sourceip", "aws:sourceorgid", "aws:sourceorgpaths", "aws:sourceowner", "aws:sourcevpc",
        "aws:sourcevpce", "aws:userid", "kms:calleraccount", "s3:dataaccesspointaccount", "s3:dataaccesspointarn",
    }
)  # fmt: skip
"""Condition keys that limit who makes the request, or from where. A statement with one of them is not public: S3's
definition, used here for all services. A user name or an address within a VPC does not count, because any account may
use the same one.
https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html#access-control-block-public-access-policy-status"""

_ACCOUNT = re.compile(r"AWS:arn:[^:]*:[\w-]+:[^:]*:(\d{12}):")
_NUMBER = re.compile(r"\d{12}")
_ACCOUNT_KEYS = _PRINCIPAL_KEYS - {"aws:sourceip", "aws:sourcevpc", "aws:sourcevpce", "aws:userid"}

_SOURCE_KEYS = frozenset({"aws:sourceaccount", "aws:sourcearn", "aws:sourceorgid", "aws:sourceorgpaths"})
"""https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html"""

_REQUIRING = re.compile(r"(ForAnyValue:)?(StringEquals|StringEqualsIgnoreCase|StringLike|ArnEquals|ArnLike|IpAddress)")
# Everything, an ARN of any account, or half of all addresses.
_MATCHES_ANYONE = re.compile(r"[*?:]*|arn:\*.*|arn:[\w-]+:[\w*-]+:[^:]*:(\*.*|:\*)|[0-9a-fA-F.:]+/[01]")


def is_everybody(principals: Scope) -> bool:
    """Whether principals are everybody, or everybody with exceptions."""
    return principals.negated or ANYONE in principals.patterns


def limits_principals(condition: Condition) -> bool:
    """Whether a condition keeps strangers out: its key limits who or from where, and no value matches everybody."""
    return condition.key in _PRINCIPAL_KEYS and _requires_value(condition)


def outside_accounts(principals: Scope, conditions: Iterable[Condition], own: Collection[str]) -> list[str]:
    """The accounts that get access and are not the plan's own.

    Args:
        principals: who gets access.
        conditions: their conditions; for everybody and for services, these name the account.
        own: the plan's own accounts; if empty, the result is empty.
    """
    found = set(filter(None, map(_account, principals.patterns))) if not principals.negated else set()
    if is_everybody(principals) or any(each.startswith("Service:") for each in principals.patterns):
        found |= {
            number
            for each in conditions
            if each.key in _ACCOUNT_KEYS and _requires_value(each)
            for value in each.values
            if (number := value if _NUMBER.fullmatch(value) else _account(f"AWS:{value}"))
        }
    return sorted(found - set(own)) if own else []


def _account(principal: str) -> str:
    found = _ACCOUNT.match(principal)
    return found[1] if found else ""


def limits_source(condition: Condition) -> bool:
    """Whether a condition limits on whose behalf a service may act."""
    return condition.key in _SOURCE_KEYS


def issuer(principal: str) -> str:
    """The identity provider of a federated principal; empty for other principals."""
    return principal.partition(":oidc-provider/")[2] if principal.startswith("Federated:") else ""


def binds_subject(condition: Condition, provider: str) -> bool:
    """Whether a condition limits which subjects of an identity provider are accepted."""
    if condition.key != f"{provider.lower()}:sub" or not _requires_value(condition):
        return False
    # `repo:*` accepts every repository. Without a wildcard operator, an asterisk is an ordinary character.
    return "Like" not in condition.operator or all(
        value.split(":")[":" in value].strip("*/?") for value in condition.values
    )


def any_role(resources: Scope) -> bool:
    """Whether resources cover all roles of an account."""
    return resources.negated or any(_ANY_ROLE.fullmatch(each) for each in resources.patterns)


def _requires_value(condition: Condition) -> bool:
    """Whether a condition requires the key to be present and to have certain values.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-single-vs-multi-valued-context-keys.html
    """
    requires = _REQUIRING.fullmatch(condition.operator) is not None
    return requires and not any(_MATCHES_ANYONE.fullmatch(value) for value in condition.values)
