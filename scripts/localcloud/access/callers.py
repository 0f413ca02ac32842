"""Who calls: the user or role's session that an access key belongs to, with its policies, as moto keeps them."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from moto.iam.models import iam_backends
from moto.sts.models import sts_backends

from scripts.core.permissions import Place
from scripts.localcloud.environment import ACCOUNT
from scripts.policies.evaluator import Policy, Principal, read_policy
from scripts.policies.patterns import Context

PARTITION = "aws"
# Attributes of moto's users, roles and sessions. moto has the first one for roles only; `identities` adds the others.
BOUNDARY_ARN, POLICY_ARNS = "permissions_boundary_arn", "policy_arns"
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-prefixes
_KEY = re.compile(r"(AKIA|ASIA)[A-Z0-9]{16}")


class InvalidKeyError(Exception):
    """An access key that has AWS's form and that the local cloud has not given, or no longer accepts.

    Args:
        expired: whether the key belongs to a session that has ended.
    """

    def __init__(self, expired: bool = False) -> None:
        super().__init__()
        self.expired = expired


@dataclass(frozen=True)
class Caller:
    """Who sends a request.

    Attributes:
        principal: the user or the role's session.
        identity: the policies of the user and its groups, or of the role.
        boundary: the permissions boundary, if there is one.
        session: the policies that were given when the role was assumed.
        facts: the condition keys that say who it is, in lower case.
    """

    principal: Principal
    identity: tuple[Policy, ...] = ()
    boundary: Policy | None = None
    session: tuple[Policy, ...] = ()
    facts: Context = field(default_factory=dict)

    @property
    def is_root(self) -> bool:
        """Whether it is the account itself, which may do everything that no resource's policy denies."""
        return self.principal == ROOT


ANONYMOUS = Caller(Principal("anonymous"))
"""Who sends a request without a signature: only a resource's policy can let it pass."""
ROOT = Principal(f"arn:{PARTITION}:iam::{ACCOUNT}:root", ACCOUNT)
_EVERYTHING = read_policy(
    "root", '{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}'
)


def find(key: str, token: str | None) -> Caller:
    """Find the caller of a request.

    Args:
        key: the access key; one that does not have the form of AWS's is the account's root.
        token: the session's token, if the request has one.

    Raises:
        InvalidKeyError: AWS would not accept the key.
    """
    if not _KEY.fullmatch(key):
        return root()
    for account in list(iam_backends):
        session = _session(account, key)
        if session is not None:
            if session.session_token != token:
                raise InvalidKeyError
            if session.expiration.replace(tzinfo=UTC) < datetime.now(UTC):
                raise InvalidKeyError(expired=True)
            given = tuple(_session_policies(session, account))
            return of_session(session.role_arn, session.session_name, given, account)
        user = _user(account, key)
        if user is not None:
            return _of_user(user, account)
    raise InvalidKeyError


def root() -> Caller:
    """The account's root."""
    facts = {"aws:principaltype": ("Account",), "aws:userid": (ACCOUNT,), "aws:principalarn": (ROOT.arn,)}
    return Caller(ROOT, (_EVERYTHING,), facts=facts | {"aws:principalaccount": (ACCOUNT,)})


def of_session(role_arn: str, name: str, given: tuple[Policy, ...] = (), account: str = ACCOUNT) -> Caller:
    """The caller that has assumed a role. A role that no longer exists has no rights.

    Args:
        role_arn: the role's ARN.
        name: the session's name.
        given: the policies that were given when the role was assumed.
        account: the role's account.
    """
    principal = Principal(Place(PARTITION, account=account).session_arn(role_arn, name), account, role_arn)
    role = find_role(role_arn, account)
    if role is None:
        return Caller(principal)
    facts = {
        "aws:principaltype": ("AssumedRole",),
        "aws:userid": (f"{role.id}:{name}",),
        "aws:principalarn": (role_arn,),
        "aws:principalaccount": (account,),
        **_tags(role.tags),
    }
    return Caller(principal, tuple(_policies(role)), _boundary(role, account), given, facts)


def renewed(caller: Caller) -> Caller:
    """The same caller with the policies of this moment; a session keeps its own."""
    principal = caller.principal
    if principal.role:
        now = of_session(principal.role, principal.arn.rpartition("/")[2], account=principal.account)
        return replace(now, session=caller.session)
    return root() if caller.is_root else of_arn(principal.arn) or Caller(principal)


def find_role(arn: str, account: str = ACCOUNT) -> Any:
    """The role with this ARN, as moto keeps it; None if there is none."""
    return next((role for role in list(_iam(account).roles.values()) if role.arn == arn), None)


def of_arn(arn: str) -> Caller | None:
    """The caller that the ARN of a user, a group or a role names; None if it does not exist."""
    role = find_role(arn)
    if role is not None:
        return of_session(arn, role.name)
    user = next((user for user in list(_iam(ACCOUNT).users.values()) if user.arn == arn), None)
    if user is not None:
        return _of_user(user, ACCOUNT)
    group = next((group for group in list(_iam(ACCOUNT).groups.values()) if group.arn == arn), None)
    return Caller(Principal(arn, ACCOUNT), tuple(_policies(group))) if group else None


def _of_user(user: Any, account: str) -> Caller:
    groups = [group for group in list(_iam(account).groups.values()) if user in group.users]
    facts = {
        "aws:principaltype": ("User",),
        "aws:userid": (user.id,),
        "aws:username": (user.name,),
        "aws:principalarn": (user.arn,),
        "aws:principalaccount": (account,),
        **_tags(user.tags),
    }
    policies = [policy for owner in (user, *groups) for policy in _policies(owner)]
    return Caller(Principal(user.arn, account), tuple(policies), _boundary(user, account), facts=facts)


def _session_policies(session: Any, account: str) -> Iterator[Policy]:
    """The policies of a session; one whose managed policies no longer exist has no rights."""
    if session.policy:
        yield read_policy("session", session.policy)
    for arn in getattr(session, POLICY_ARNS, ()):
        yield _managed(arn, account)


def _session(account: str, key: str) -> Any:
    sessions = sts_backends[account][PARTITION].assumed_roles
    return next((session for session in reversed(sessions) if session.access_key_id == key), None)


def _user(account: str, key: str) -> Any:
    """The user of an active key."""
    for user in list(_iam(account).users.values()):
        if any(one.access_key_id == key and one.status == "Active" for one in user.access_keys):
            return user
    return None


def _policies(owner: Any) -> Iterator[Policy]:
    """The inline and the attached policies of a user, a group or a role."""
    for name, document in list(owner.policies.items()):
        yield read_policy(name, _text(document))
    for policy in list(owner.managed_policies.values()):
        yield read_policy(policy.arn, _default_document(policy))


def _boundary(owner: Any, account: str) -> Policy | None:
    """The permissions boundary of a user or a role."""
    arn = getattr(owner, BOUNDARY_ARN, None)
    return _managed(arn, account) if arn else None


def _managed(arn: str, account: str) -> Policy:
    """A managed policy; one that does not exist allows nothing."""
    policy = _iam(account).managed_policies.get(arn)
    return read_policy(arn, _default_document(policy) if policy else '{"Statement": []}')


def _default_document(policy: Any) -> str:
    return next(_text(version.document) for version in policy.versions if version.is_default)


def _text(document: Any) -> str:
    return str(document)


def _tags(tags: Any) -> dict[str, tuple[str, ...]]:
    listed = tags.values() if isinstance(tags, Mapping) else tags or ()
    return {f"aws:principaltag/{tag['Key']}".lower(): (tag["Value"],) for tag in listed}


def _iam(account: str) -> Any:
    return iam_backends[account][PARTITION]
