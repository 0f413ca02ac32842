"""What is notable about a permission that comes."""

import re
from collections.abc import Collection

from scripts.review.permissions import actions
from scripts.review.permissions.comparing import Grant
from scripts.review.permissions.documents import ANYONE, Condition, Scope

NOW_DENIED = "now denied"
NO_LONGER_DENIED = "no longer denied"

_ESCALATE = frozenset(
    {
        # Policies and who holds them: https://docs.aws.amazon.com/IAM/latest/UserGuide/access_controlling.html
        "iam:addusertogroup",
        "iam:attachgrouppolicy",
        "iam:attachrolepolicy",
        "iam:attachuserpolicy",
        "iam:createpolicyversion",
        "iam:putgrouppolicy",
        "iam:putrolepolicy",
        "iam:putuserpolicy",
        "iam:setdefaultpolicyversion",
        "iam:updateassumerolepolicy",
        # Boundaries: https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html
        "iam:deleterolepermissionsboundary",
        "iam:deleteuserpermissionsboundary",
        "iam:putrolepermissionsboundary",
        "iam:putuserpermissionsboundary",
        # Somebody else's credentials: https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_access-keys.html
        "iam:createaccesskey",
        "iam:createloginprofile",
        "iam:createservicespecificcredential",
        "iam:updateloginprofile",
        # Code that runs under another role: https://docs.aws.amazon.com/lambda/latest/dg/lambda-intro-execution-role.html
        "codebuild:updateproject",
        "datapipeline:putpipelinedefinition",
        "glue:updatedevendpoint",
        "glue:updatejob",
        "lambda:updatefunctioncode",
        "lambda:updatefunctionconfiguration",
        "sagemaker:createpresigneddomainurl",
        "sagemaker:createpresignednotebookinstanceurl",
        "ssm:sendcommand",
        "ssm:startsession",
    }
)
"""Actions with which a principal can give itself more than it was given."""

_ESCALATE_ON_ALL_ROLES = frozenset({"iam:passrole", "sts:assumerole"})
"""The same, where they are not limited to certain roles.
https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html"""

_ALL_ROLES = re.compile(r"\*|.*:\*|.*role/\*", re.DOTALL)

_LIMITS_WHO = frozenset(
    {
        "aws:principalaccount",
        "aws:principalarn",
        "aws:principalorgid",
        "aws:principalorgpaths",
        "aws:sourceaccount",
        "aws:sourcearn",
        "aws:sourceip",
        "aws:sourceorgid",
        "aws:sourceorgpaths",
        "aws:sourceowner",
        "aws:sourcevpc",
        "aws:sourcevpce",
        "aws:userid",
        "aws:username",
        "kms:calleraccount",
        "s3:dataaccesspointaccount",
        "s3:dataaccesspointarn",
    }
)
"""Keys that can keep the public out.
https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html#access-control-block-public-access-policy-status"""

_DEPUTY = frozenset({"aws:sourceaccount", "aws:sourcearn", "aws:sourceorgid", "aws:sourceorgpaths"})
"""https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html"""

_ACCOUNT = re.compile(r"AWS:arn:[^:]*:(?:iam|sts)::(\d{12}):")
_GITHUB = "token.actions.githubusercontent.com"

MANAGED = {
    "AdministratorAccess": ("escalates", "on everything"),
    "IAMFullAccess": ("escalates",),
    "PowerUserAccess": ("on everything",),
    "AmazonEC2FullAccess": ("on everything",),
    "AmazonS3FullAccess": ("on everything",),
    "AmazonSageMakerFullAccess": ("escalates",),
    "AWSLambda_FullAccess": ("escalates",),
    "SecretsManagerReadWrite": ("on everything",),
}
"""Policies of AWS that give more than their holder is likely to need.
https://docs.aws.amazon.com/aws-managed-policy/latest/reference/policy-list.html"""


def of(grant: Grant, kind: str, accounts: Collection[str]) -> tuple[str, ...]:
    """What is notable about something that is allowed from now on.

    Args:
        grant: what is allowed.
        kind: `identity`, `trust`, `resource`, or `endpoint` for a VPC endpoint, where nobody comes in.
        accounts: the account numbers that are the plan's own; none where they are not known.
    """
    if kind == "endpoint":
        return ("lost condition",) if grant.narrowed else ()
    found = _of_identity(grant) if kind == "identity" else _of_resource(grant, accounts)
    return (*found, "lost condition") if grant.narrowed else found


def _of_identity(grant: Grant) -> tuple[str, ...]:
    found = []
    all_roles = grant.resources.negated or any(_ALL_ROLES.fullmatch(each) for each in grant.resources.patterns)
    if not grant.actions.isdisjoint(_ESCALATE) or (all_roles and not grant.actions.isdisjoint(_ESCALATE_ON_ALL_ROLES)):
        found.append("escalates")
    everything = grant.resources.negated or ANYONE in grant.resources.patterns
    if everything and any(actions.takes_resource(action) for action in grant.actions):
        found.append("on everything")
    return tuple(found)


def _of_resource(grant: Grant, accounts: Collection[str]) -> tuple[str, ...]:
    found = []
    if everybody(grant.principals) and not any(_limits(atom) for atom in grant.conditions):
        found.append("public")
    who = "" if grant.principals.negated else grant.principals.patterns[0]
    account = _ACCOUNT.match(who)
    if account and accounts and account[1] not in accounts:
        found.append("outside account")
    if who.startswith("Service:") and _DEPUTY.isdisjoint(atom.key for atom in grant.conditions):
        found.append("no confused-deputy condition")
    if who.startswith("Federated:") and _GITHUB in who and not any(_names_subject(atom) for atom in grant.conditions):
        found.append("no subject condition")
    return tuple(found)


def everybody(principals: Scope) -> bool:
    """Whether principals are everybody, or everybody but some."""
    return principals.negated or ANYONE in principals.patterns


def _limits(atom: Condition) -> bool:
    return atom.key in _LIMITS_WHO and _names(atom)


def _names_subject(atom: Condition) -> bool:
    return atom.key == f"{_GITHUB}:sub" and _names(atom)


def _names(atom: Condition) -> bool:
    """Whether a condition asks for certain values, and for the key to be there at all.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-single-vs-multi-valued-context-keys.html
    """
    base = atom.operator.rpartition(":")[2]
    if "Not" in base or base == "Null" or base.endswith("IfExists") or atom.operator.startswith("ForAllValues:"):
        return False
    return not any(value.strip("*?") == "" or value in ("0.0.0.0/0", "::/0") for value in atom.values)
