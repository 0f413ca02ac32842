"""What in a policy deserves a reviewer's eye: one list of each sort, for the rules and for the permissions."""

import re
from collections.abc import Collection, Iterable

from scripts.policies.documents import ANYONE, Condition, Scope

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
"""Actions with which a principal can give itself more than it was given."""

ESCALATING_ON_ANY_ROLE = ("iam:PassRole", "sts:AssumeRole")
"""The same, where they are not limited to certain roles.
https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html"""

_ANY_ROLE = re.compile(r"\*|.*:\*|.*role/\*", re.DOTALL)

_NARROWING = frozenset(
    {
        "aws:principalaccount", "aws:principalarn", "aws:principalorgid", "aws:principalorgpaths", "aws:sourceaccount",
        "aws:sourcearn", "aws:sourceip", "aws:sourceorgid", "aws:sourceorgpaths", "aws:sourceowner", "aws:sourcevpc",
        "aws:sourcevpce", "aws:userid", "kms:calleraccount", "s3:dataaccesspointaccount", "s3:dataaccesspointarn",
    }
)  # fmt: skip
"""Condition keys that say who or whence. With one of them, everybody is not everybody: S3's definition of public, taken
for all services. A user's name or an address within a VPC is no such key: any account may have the same.
https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html#access-control-block-public-access-policy-status"""

_ACCOUNT = re.compile(r"AWS:arn:[^:]*:[\w-]+:[^:]*:(\d{12}):")
_NUMBER = re.compile(r"\d{12}")
_ACCOUNT_KEYS = _NARROWING - {"aws:sourceip", "aws:sourcevpc", "aws:sourcevpce", "aws:userid"}

_DEPUTY = frozenset({"aws:sourceaccount", "aws:sourcearn", "aws:sourceorgid", "aws:sourceorgpaths"})
"""https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html"""

_ASKS = re.compile(r"(ForAnyValue:)?(StringEquals|StringEqualsIgnoreCase|StringLike|ArnEquals|ArnLike|IpAddress)")
# Everything, an ARN of any account, or half of all addresses.
_WIDE = re.compile(r"[*?:]*|arn:\*.*|arn:[\w-]+:[\w*-]+:[^:]*:(\*.*|:\*)|[0-9a-fA-F.:]+/[01]")


def everybody(principals: Scope) -> bool:
    """Whether principals are everybody, or everybody but some."""
    return principals.negated or ANYONE in principals.patterns


def narrows(condition: Condition) -> bool:
    """Whether a condition keeps strangers out: its key says who or whence, and no value of it lets all through."""
    return condition.key in _NARROWING and _asks(condition)


def outside(principals: Scope, conditions: Iterable[Condition], own: Collection[str]) -> list[str]:
    """The accounts that are let in and are not the plan's own.

    Args:
        principals: who is let in.
        conditions: what they have to meet: of everybody and of services, these say the account.
        own: the plan's own accounts; where there are none, nothing is known of others.
    """
    found = set(filter(None, map(_account, principals.patterns))) if not principals.negated else set()
    if everybody(principals) or any(each.startswith("Service:") for each in principals.patterns):
        found |= {
            number
            for each in conditions
            if each.key in _ACCOUNT_KEYS and _asks(each)
            for value in each.values
            if (number := value if _NUMBER.fullmatch(value) else _account(f"AWS:{value}"))
        }
    return sorted(found - set(own)) if own else []


def _account(principal: str) -> str:
    found = _ACCOUNT.match(principal)
    return found[1] if found else ""


def says_for_whom(condition: Condition) -> bool:
    """Whether a condition says on whose behalf a service may act."""
    return condition.key in _DEPUTY


def issuer(principal: str) -> str:
    """The identity provider whose tokens a principal stands for; empty where it is none."""
    return principal.partition(":oidc-provider/")[2] if principal.startswith("Federated:") else ""


def binds_subject(condition: Condition, provider: str) -> bool:
    """Whether a condition says whose tokens of an identity provider are good."""
    if condition.key != f"{provider.lower()}:sub" or not _asks(condition):
        return False
    # `repo:*` lets every repository in. Without a wildcard operator an asterisk is an asterisk.
    return "Like" not in condition.operator or all(
        value.split(":")[":" in value].strip("*/?") for value in condition.values
    )


def any_role(resources: Scope) -> bool:
    """Whether a statement about roles is about all of an account."""
    return resources.negated or any(_ANY_ROLE.fullmatch(each) for each in resources.patterns)


def _asks(condition: Condition) -> bool:
    """Whether a condition asks for certain values, and for the key to be there at all.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-single-vs-multi-valued-context-keys.html
    """
    asks = _ASKS.fullmatch(condition.operator) is not None
    return asks and not any(_WIDE.fullmatch(value) for value in condition.values)
