"""The policies of resources, as moto keeps them: buckets, repositories, keys, and the trust policies of roles.

Conditions ask for the tags of keys and networks, and for the boundary of roles, too.
"""

from dataclasses import replace
from typing import Any

from moto.iam.models import iam_backends
from moto.kms.models import kms_backends
from moto.s3.models import s3_backends

from scripts.core.permissions import Permission
from scripts.localcloud.access.callers import PARTITION, find_role
from scripts.localcloud.environment import ACCOUNT
from scripts.localcloud.registry import repositories
from scripts.policies.evaluator import Policy, read_policy
from scripts.policies.patterns import Context

# With these resources, a policy of the caller is never enough:
# https://docs.aws.amazon.com/kms/latest/developerguide/key-policies.html
# https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_create_for-user.html
_MUST_ALLOW = ("kms:", "sts:AssumeRole")


def must_allow(permission: Permission) -> bool:
    """Whether the resource's own policy must allow an action. A resource that is being created has none yet."""
    return permission.action.startswith(_MUST_ALLOW) and not permission.resource.endswith("*")


def policy_of(permission: Permission) -> Policy | None:
    """The policy of the resource that a permission is about; None if it has none, or does not exist.

    Raises:
        InvalidPolicyError: IAM would refuse the policy.
    """
    document = _document(permission)
    return read_policy(permission.resource, document) if document else None


def _document(permission: Permission) -> str:
    service, _, _ = permission.action.partition(":")
    _, _, _, region, _, name = permission.resource.split(":", 5) if permission.resource != "*" else [""] * 6
    match service:
        case "s3" if name:
            bucket: Any = s3_backends[ACCOUNT][PARTITION].buckets.get(name.partition("/")[0])
            return bucket.policy.decode() if bucket and bucket.policy else ""
        case "ecr" if name:
            repository = repositories.find(name.removeprefix("repository/"), region or None)
            return str(repository.policy or "") if repository else ""
        case "kms" if name:
            key: Any = kms_backends[ACCOUNT][region].keys.get(name.removeprefix("key/"))
            return str(key.policy) if key else ""
        case "sts" if permission.action.startswith("sts:AssumeRole"):
            role = find_role(permission.resource)
            return str(role.assume_role_policy_document) if role else ""
    return ""


def context_of(permission: Permission) -> Context:
    """The condition keys of a resource: the tags of a key or of a part of a network, a role's boundary."""
    service, _, _ = permission.action.partition(":")
    if service not in ("ec2", "iam", "kms") or permission.resource.endswith("*"):
        return {}
    _, _, _, region, _, name = permission.resource.split(":", 5)
    tags: Any
    match service:
        case "iam":
            role = find_role(permission.resource)
            boundary = role.permissions_boundary_arn if role else None
            return {"iam:permissionsboundary": (str(boundary),)} if boundary else {}
        case "kms":
            tags = kms_backends[ACCOUNT][region].tagger.get_tag_dict_for_resource(name.removeprefix("key/"))
        case _:
            tags = _networks(region).tags.get(name.rpartition("/")[2], {})
    return {f"aws:resourcetag/{key}".lower(): (str(value),) for key, value in tags.items()}


def located(permission: Permission) -> Permission:
    """A permission with the resource's real ARN: a role, user or group with its path, a key by its ID."""
    service, _, _, region, account, name = permission.resource.split(":", 5) if ":" in permission.resource else [""] * 6
    kind, _, last = name.partition("/")
    if permission.action.startswith("kms:") and kind == "alias":
        key_id = kms_backends[ACCOUNT][region].get_key_id_from_alias(name)
        return replace(permission, resource=f"{service}:{PARTITION}:kms:{region}:{account}:key/{key_id}")
    if last.startswith("rtbassoc-"):
        tables = _networks(region).route_tables.values()
        table = next((one.id for one in tables if last in one.all_associations_ids), last)
        return replace(permission, resource=permission.resource.replace(last, table))
    if permission.action.startswith("iam:") and kind in ("role", "user", "group"):
        found = _entity(kind, last)
        return replace(permission, resource=found.arn) if found else permission
    return permission


def _networks(region: str) -> Any:
    """Return moto's EC2. Its import takes a third of the server's start, and most stacks have no own network."""
    from moto.ec2.models import ec2_backends

    return ec2_backends[ACCOUNT][region]


def _entity(kind: str, name: str) -> Any:
    backend: Any = iam_backends[ACCOUNT][PARTITION]
    entities = {"role": backend.roles, "user": backend.users, "group": backend.groups}[kind]
    return next((one for one in list(entities.values()) if one.name == name), None)
