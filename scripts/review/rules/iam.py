"""Rules for what IAM policies allow, and for users, keys and boundaries."""

from collections.abc import Iterator

from scripts.policies.documents import ANYONE, Statement
from scripts.review.model import Action, Change, Severity
from scripts.review.permissions.policy_checks import ESCALATING, any_role
from scripts.review.rules.blocks import Block, NotKnownError
from scripts.review.rules.policies import describe, does, on_everything, policy_of
from scripts.review.rules.registry import Family
from scripts.review.rules.resources import Both, Resource

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


def _allowed(resource: Resource) -> Iterator[Statement]:
    if resource.change.type != "aws_iam_role":
        holders: list[Block] = [resource]
    elif resource.is_set("inline_policy") and not resource.companions("aws_iam_role_policy", "role"):
        holders = resource.blocks("inline_policy")
    else:
        holders = []  # where policies are resources of their own, the role's blocks only mirror them
    return (each for holder in holders for each in policy_of(holder) if each.effect == "Allow")


def _admin(statement: Statement) -> bool:
    return ANYONE in statement.actions.patterns and not statement.actions.negated and on_everything(statement)


@_IAM.state(
    _POLICIES,
    "iam-admin-policy",
    Severity.CRITICAL,
    "A policy allows everything on everything",
    why="Whoever gets it owns the account: data, keys, and everybody's rights.",
    fix="Name the actions and the resources that are needed; IAM Access Analyzer makes a policy of what was used.",
    page=f"{_GUIDE}/best-practices.html#grant-least-privilege",
)
def admin_policy(resource: Resource) -> Iterator[str]:
    """`*` on `*`."""
    for statement in filter(_admin, _allowed(resource)):
        yield f"The policy allows everything: {describe(statement)}."


@_IAM.state(
    _POLICIES,
    "iam-service-wildcard",
    Severity.MEDIUM,
    "A policy allows all of a service on everything",
    why="It takes in the deletion of what the service holds, its policies, and every action that AWS adds later.",
    fix="Name the actions; restrict the resources to ARNs.",
    page=f"{_GUIDE}/best-practices.html#grant-least-privilege",
)
def service_wildcard(resource: Resource) -> Iterator[str]:
    """`service:*` on `*`."""
    for statement in _allowed(resource):
        wide = [each for each in statement.actions.patterns if each.endswith(":*")]
        if wide and on_everything(statement) and not statement.actions.negated:
            yield f"The policy allows {', '.join(wide)} on every resource."


@_IAM.state(
    _POLICIES,
    "iam-allow-not-action",
    Severity.HIGH,
    "A policy allows all actions but some",
    why="Allow with NotAction takes in every service of AWS, those to come too.",
    fix="Name what is allowed; use NotAction with Deny only.",
    page=f"{_GUIDE}/reference_policies_elements_notaction.html",
)
def allow_not_action(resource: Resource) -> Iterator[str]:
    """Allow with NotAction."""
    for statement in _allowed(resource):
        if statement.actions.negated:
            yield f"The policy allows what it does not name: {describe(statement)}."


@_IAM.state(
    _POLICIES,
    "iam-pass-role",
    Severity.HIGH,
    "A policy allows to pass any role",
    why="Whoever passes a role to a service acts with its rights: a job, a function or an instance with an "
    "administrator's role is an administrator.",
    fix="Name the role's ARN, and add a condition on iam:PassedToService.",
    page=f"{_GUIDE}/id_roles_use_passrole.html",
)
def pass_role(resource: Resource) -> Iterator[str]:
    """iam:PassRole on every role. With `*` on `*` it goes without saying."""
    for statement in _allowed(resource):
        if does(statement, "iam:PassRole") and not _admin(statement) and any_role(statement.resources):
            bound = any(each.key == "iam:passedtoservice" for each in statement.conditions)
            yield "The policy allows iam:PassRole on every role" + (" (to certain services)." if bound else ".")


@_IAM.state(
    _POLICIES,
    "iam-escalation",
    Severity.HIGH,
    "A policy allows to take more rights",
    why="With any of these actions on everything, one gives oneself whatever rights there are.",
    fix="Restrict the resources to ARNs, and demand a permissions boundary (iam:PermissionsBoundary).",
    page=f"{_GUIDE}/access_policies_boundaries.html",
)
def escalation(resource: Resource) -> Iterator[str]:
    """Actions that change rights, on everything."""
    for statement in _allowed(resource):
        if statement.actions.negated or _admin(statement) or not on_everything(statement):
            continue
        found = [each for each in (*ESCALATING, "sts:AssumeRole") if does(statement, each)]
        if found and not statement.conditions:
            yield f"The policy allows {', '.join(found[:4])}{' and more' * (len(found) > 4)} on every resource."


@_IAM.state(
    (*_ATTACHMENTS, "aws_iam_role"),
    "iam-admin-attachment",
    Severity.CRITICAL,
    "A policy of AWS for administrators is attached",
    why="Whoever has it can give himself every right in the account.",
    fix="Attach a policy with just the actions that are needed.",
    page=f"{_GUIDE}/access_policies_job-functions.html",
)
def admin_attachment(resource: Resource) -> Iterator[str]:
    """AWS's policies for administrators."""
    for name in attached(resource):
        if name in _ADMIN:
            yield f"{name} is attached."


def attached(resource: Resource) -> Iterator[str]:
    """The names of AWS's own policies that an attachment, or a role, attaches."""
    if resource.change.type == "aws_iam_role":
        arns = resource.texts("managed_policy_arns")
    else:
        try:
            arns = [resource.text("policy_arn")]
        except NotKnownError:
            return  # an ARN to come is that of a policy made here, which is reviewed itself
    for arn in arns:
        if ":iam::aws:policy/" in arn:
            yield arn.rpartition("/")[2]


@_IAM.state(
    ("aws_iam_access_key",),
    "iam-access-key",
    Severity.MEDIUM,
    "An access key for a user",
    why="It holds until somebody takes it away, and stands in Terraform's state in clear.",
    fix="Use a role (OIDC for CI, IAM Identity Center for people).",
    page=f"{_GUIDE}/best-practices.html#bp-workloads-use-roles",
)
def access_key(resource: Resource) -> Iterator[str]:
    """Any active access key."""
    if resource.text("status") != "Inactive":
        yield "A long-lived access key."


@_IAM.state(
    ("aws_iam_user", "aws_iam_user_login_profile"),
    "iam-user",
    Severity.LOW,
    "An IAM user",
    why="Its credentials do not expire by themselves.",
    fix="Use IAM Identity Center for people and roles for machines.",
    page=f"{_GUIDE}/best-practices.html#bp-users-federation-idp",
)
def user(resource: Resource) -> Iterator[str]:
    """Any user, and any password."""
    yield "A user of its own." if resource.change.type == "aws_iam_user" else "A password for the console."


@_IAM.change(
    ("aws_iam_role", "aws_iam_user"),
    "iam-boundary-removed",
    Severity.HIGH,
    "A permissions boundary is removed",
    why="From then on the policies alone say what it may do, and whoever may change them may give it everything.",
    fix="Keep `permissions_boundary`.",
    page=f"{_GUIDE}/access_policies_boundaries.html",
)
def boundary_removed(change: Change, both: Both) -> Iterator[str]:
    """One before and none after."""
    before, after = both.before.by_address.get(change.address), both.after.by_address.get(change.address)
    if before is None or after is None or change.action not in (Action.UPDATE, Action.REPLACE):
        return
    if before.is_set("permissions_boundary") and not after.is_set("permissions_boundary"):
        yield "The permissions boundary is removed."
