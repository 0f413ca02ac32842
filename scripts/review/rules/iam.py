"""Rules for IAM policies, users, access keys and permissions boundaries."""

from collections.abc import Iterator
from dataclasses import replace

from ...policies.documents import ANYONE, Scope, Statement
from ..model import Action, Change, Severity
from ..permissions.policy_checks import ESCALATING, any_role
from .blocks import Block, UnknownValueError
from .policies import covers_action, describe, on_everything, policy_of
from .registry import Family
from .resources import PlanIndex, Resource

_IAM = Family("IAM")
_GUIDE = "https://docs.aws.amazon.com/IAM/latest/UserGuide"
_POLICIES = ("aws_iam_policy", "aws_iam_role_policy", "aws_iam_user_policy", "aws_iam_group_policy", "aws_iam_role")
_ATTACHMENTS = (
    "aws_iam_role_policy_attachment",
    "aws_iam_user_policy_attachment",
    "aws_iam_group_policy_attachment",
    "aws_iam_policy_attachment",
)
_ADMIN = frozenset({"AdministratorAccess", "IAMFullAccess", "PowerUserAccess", "AdministratorAccess-Amplify"})
_DATA = (
    "secretsmanager:GetSecretValue", "ssm:GetParameter", "s3:GetObject", "s3:PutObject", "s3:DeleteObject",
    "dynamodb:GetItem", "dynamodb:PutItem", "kms:Decrypt",
)  # fmt: skip
_ALL_OBJECTS = frozenset({"arn:aws:s3:::*", "arn:aws:s3:::*/*"})


def _allowed(resource: Resource) -> Iterator[Statement]:
    if resource.change.type != "aws_iam_role":
        holders: list[Block] = [resource]
    elif resource.is_set("inline_policy") and not resource.companions("aws_iam_role_policy", "role"):
        holders = resource.blocks("inline_policy")
    else:
        holders = []  # the role's blocks only repeat policies that are separate resources
    return (each for holder in holders for each in policy_of(holder) if each.effect == "Allow")


def _admin(statement: Statement) -> bool:
    return ANYONE in statement.actions.patterns and not statement.actions.negated and on_everything(statement)


@_IAM.state(
    _POLICIES,
    "iam-admin-policy",
    Severity.CRITICAL,
    "A policy allows everything on everything",
    why="Anyone with this policy controls the account: its data, its keys and all permissions.",
    fix="Name the actions and resources that are needed. IAM Access Analyzer can write a policy from past use.",
    page=f"{_GUIDE}/best-practices.html#grant-least-privilege",
)
def admin_policy(resource: Resource) -> Iterator[str]:
    """Reports `*` on `*`."""
    for statement in filter(_admin, _allowed(resource)):
        yield f"The policy allows everything: {describe(statement)}."


@_IAM.state(
    _POLICIES,
    "iam-service-wildcard",
    Severity.MEDIUM,
    "A policy allows all actions of a service on every resource",
    why="That includes deleting everything in the service, changing its policies, and every action that AWS adds "
    "later.",
    fix="Name the actions, and restrict the resources to ARNs.",
    page=f"{_GUIDE}/best-practices.html#grant-least-privilege",
)
def service_wildcard(resource: Resource) -> Iterator[str]:
    """Reports `service:*` on `*`."""
    for statement in _allowed(resource):
        wide = [each for each in statement.actions.patterns if each.endswith(":*")]
        if wide and on_everything(statement) and not statement.actions.negated:
            yield f"The policy allows {', '.join(wide)} on every resource."


@_IAM.state(
    _POLICIES,
    "iam-data-everywhere",
    Severity.MEDIUM,
    "A policy allows reading or changing the data of every bucket, table, parameter or secret",
    why="A flaw in a program with this policy gives away data that the program never needs.",
    fix="Restrict the resources to the ARNs that are needed.",
    page=f"{_GUIDE}/best-practices.html#grant-least-privilege",
)
def data_everywhere(resource: Resource) -> Iterator[str]:
    """Reports actions on data on every resource, except for those that iam-service-wildcard and graver rules report."""
    for statement in _allowed(resource):
        if statement.actions.negated or statement.conditions or not _on_all_data(statement):
            continue
        narrow = tuple(each for each in statement.actions.patterns if each != ANYONE and not each.endswith(":*"))
        found = [each for each in _DATA if covers_action(replace(statement, actions=Scope(narrow)), each)]
        if found:
            yield f"The policy allows {', '.join(found[:4])}{' and more' * (len(found) > 4)} on every resource."


def _on_all_data(statement: Statement) -> bool:
    return on_everything(statement) or not _ALL_OBJECTS.isdisjoint(statement.resources.patterns)


@_IAM.state(
    _POLICIES,
    "iam-allow-not-action",
    Severity.HIGH,
    "A policy allows all actions except some",
    why="Allow with NotAction includes every AWS service, also future ones.",
    fix="Name the allowed actions. Use NotAction only with Deny.",
    page=f"{_GUIDE}/reference_policies_elements_notaction.html",
)
def allow_not_action(resource: Resource) -> Iterator[str]:
    """Reports Allow with NotAction."""
    for statement in _allowed(resource):
        if statement.actions.negated:
            yield f"The policy uses Allow with NotAction: {describe(statement)}."


@_IAM.state(
    _POLICIES,
    "iam-pass-role",
    Severity.HIGH,
    "A policy allows passing any role",
    why="Anyone who passes a role to a service can use that role's rights. A job, a function or an instance with an "
    "administrator's role is an administrator.",
    fix="Name the role's ARN, and add a condition on iam:PassedToService.",
    page=f"{_GUIDE}/id_roles_use_passrole.html",
)
def pass_role(resource: Resource) -> Iterator[str]:
    """Reports iam:PassRole on every role, except for `*` on `*`, which iam-admin-policy reports."""
    for statement in _allowed(resource):
        if covers_action(statement, "iam:PassRole") and not _admin(statement) and any_role(statement.resources):
            bound = any(each.key == "iam:passedtoservice" for each in statement.conditions)
            yield "The policy allows iam:PassRole on every role" + (" (to some services)." if bound else ".")


@_IAM.state(
    _POLICIES,
    "iam-escalation",
    Severity.HIGH,
    "A policy allows its holder to grant itself more permissions",
    why="Anyone with one of these actions on every resource can give itself any permission.",
    fix="Restrict the resources to ARNs, and require a permissions boundary (iam:PermissionsBoundary).",
    page=f"{_GUIDE}/access_policies_boundaries.html",
)
def escalation(resource: Resource) -> Iterator[str]:
    """Reports actions that change permissions, on every resource."""
    for statement in _allowed(resource):
        if statement.actions.negated or _admin(statement) or not on_everything(statement):
            continue
        found = [each for each in (*ESCALATING, "sts:AssumeRole") if covers_action(statement, each)]
        if found and not statement.conditions:
            yield f"The policy allows {', '.join(found[:4])}{' and more' * (len(found) > 4)} on every resource."


@_IAM.state(
    (*_ATTACHMENTS, "aws_iam_role"),
    "iam-admin-attachment",
    Severity.CRITICAL,
    "An AWS managed policy for administrators is attached",
    why="Anyone with this policy can get every permission in the account.",
    fix="Attach a policy with only the actions that are needed.",
    page=f"{_GUIDE}/access_policies_job-functions.html",
)
def admin_attachment(resource: Resource) -> Iterator[str]:
    """Reports AWS managed policies for administrators."""
    for name in attached(resource):
        if name in _ADMIN:
            yield f"The AWS managed policy {name} is attached."


def attached(resource: Resource) -> Iterator[str]:
    """The names of the AWS managed policies that an attachment or a role attaches."""
    if resource.change.type == "aws_iam_role":
        arns = resource.texts("managed_policy_arns")
    else:
        try:
            arns = [resource.text("policy_arn")]
        except UnknownValueError:
            return  # an unknown ARN belongs to a policy of this plan, which has its own findings
    for arn in arns:
        if ":iam::aws:policy/" in arn:
            yield arn.rpartition("/")[2]


@_IAM.state(
    ("aws_iam_access_key",),
    "iam-access-key",
    Severity.MEDIUM,
    "A user has an access key",
    why="The key never expires, and Terraform's state holds it in clear.",
    fix="Use a role (OIDC for CI, IAM Identity Center for people).",
    page=f"{_GUIDE}/best-practices.html#bp-workloads-use-roles",
)
def access_key(resource: Resource) -> Iterator[str]:
    """Reports every active access key."""
    if resource.text("status") != "Inactive":
        yield "The IAM user gets a long-lived access key."


@_IAM.state(
    ("aws_iam_user", "aws_iam_user_login_profile"),
    "iam-user",
    Severity.LOW,
    "An IAM user",
    why="The credentials of an IAM user do not expire.",
    fix="Use IAM Identity Center for people and roles for machines.",
    page=f"{_GUIDE}/best-practices.html#bp-users-federation-idp",
)
def user(resource: Resource) -> Iterator[str]:
    """Reports every IAM user and every console password."""
    is_user = resource.change.type == "aws_iam_user"
    yield "This is an IAM user." if is_user else "The IAM user has a password for the console."


@_IAM.change(
    ("aws_iam_role", "aws_iam_user"),
    "iam-boundary-removed",
    Severity.HIGH,
    "A permissions boundary is removed",
    why="After that, only its policies limit what it may do. Anyone who may change them can give it every permission.",
    fix="Keep `permissions_boundary`.",
    page=f"{_GUIDE}/access_policies_boundaries.html",
)
def boundary_removed(change: Change, index: PlanIndex) -> Iterator[str]:
    """Reports a role or user that has a boundary before the plan and none after it."""
    before, after = index.before.by_address.get(change.address), index.after.by_address.get(change.address)
    if before is None or after is None or change.action not in (Action.UPDATE, Action.REPLACE):
        return
    if before.is_set("permissions_boundary") and not after.is_set("permissions_boundary"):
        yield "The permissions boundary is removed."
