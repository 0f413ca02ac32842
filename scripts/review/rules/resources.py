"""The resources of a plan, indexed for the rules: their values before or after, and the resources that belong to them.

The plan is indexed once. Finding a companion (a bucket's versioning or policy …) takes the same time in a plan of ten
resources as in one of ten thousand.
"""

import re
from collections.abc import Mapping
from functools import cached_property, lru_cache
from typing import Any

from ..model import Action, Change, Plan
from ..permissions import resources as permitting
from ..reading.references import without_keys
from ..secrets.mask import Mask
from .blocks import Block, UnknownAttribute, UnknownValueError

_MACHINES = frozenset({"aws_instance", "aws_launch_configuration", "aws_launch_template"})
_STARTED = _MACHINES | {"aws_spot_instance_request"}
_SEARCH = frozenset({"aws_elasticsearch_domain", "aws_opensearch_domain"})
_POLICIES = frozenset(
    {
        "aws_kms_external_key", "aws_kms_key", "aws_kms_replica_key", "aws_s3_bucket", "aws_secretsmanager_secret",
        "aws_sns_topic", "aws_sqs_queue", "aws_vpc_endpoint", "aws_vpc_endpoint_policy",
    }
)  # fmt: skip
COMPUTED: Mapping[str, frozenset[str]] = {
    "access_control_policy": frozenset({"aws_s3_bucket_acl"}),
    "acl": frozenset({"aws_s3_bucket", "aws_s3_object", "aws_s3_object_copy"}),
    "allowed_principals": frozenset({"aws_vpc_endpoint_service"}),
    "associate_public_ip_address": _MACHINES,
    "backup_retention_period": frozenset({"aws_db_instance", "aws_rds_cluster"}),
    "at_rest_encryption_enabled": frozenset({"aws_elasticache_replication_group"}),
    "domain_endpoint_options": _SEARCH,
    "ebs_block_device": _MACHINES,
    "enabled": frozenset({"aws_kms_external_key"}),
    "encrypt_at_rest": _SEARCH,
    "encrypted": frozenset({"aws_ebs_volume", "aws_efs_file_system", "aws_redshift_cluster"}),
    "http_tokens": frozenset({"aws_ec2_instance_metadata_defaults"}),
    "ingress": frozenset({"aws_security_group", "aws_network_acl", "aws_default_security_group"}),
    "inline_policy": frozenset({"aws_iam_role"}),
    "kms_key_id": frozenset({"aws_efs_file_system"}),
    "log_group_class": frozenset({"aws_cloudwatch_log_group"}),
    "managed_policy_arns": frozenset({"aws_iam_role"}),
    "metadata_options": _MACHINES,
    "node_to_node_encryption": _SEARCH,
    "peer_owner_id": frozenset({"aws_vpc_peering_connection"}),
    "point_in_time_recovery": frozenset({"aws_dynamodb_table"}),
    "policy": _POLICIES,
    "protocols": frozenset({"aws_transfer_server"}),
    "publicly_accessible": frozenset({"aws_dms_replication_instance", "aws_rds_cluster_instance"}),
    "root_block_device": _MACHINES,
    "security_policy": frozenset({"aws_api_gateway_domain_name"}),
    "snapshot_id": frozenset({"aws_ebs_volume"}),
    "snapshot_identifier": frozenset({"aws_db_instance"}),
    "sqs_managed_sse_enabled": frozenset({"aws_sqs_queue"}),
    "ssl_mode": frozenset({"aws_dms_endpoint"}),
    "ssl_policy": frozenset({"aws_alb_listener", "aws_lb_listener"}),
    "status": frozenset({"aws_macie2_account"}),
    "storage_encrypted": frozenset({"aws_rds_cluster"}),
    "transit_encryption_enabled": frozenset({"aws_elasticache_replication_group"}),
    "user_data": _STARTED,
    "user_data_base64": _STARTED,
    "versioning": frozenset({"aws_s3_bucket"}),
    "webserver_access_mode": frozenset({"aws_mwaa_environment"}),
}
"""Attributes that rules read and that the provider fills in if unset: optional and computed. Schemas do not say so of
blocks, but real plans show it."""

_NO_RESOURCE = r"(?!(?:var|local|each|count|path|self|terraform)\.)"
_RESOURCE = re.compile(r"(?:module\.[^.]+\.)*(?:data\.)?" + _NO_RESOURCE + r"[A-Za-z]\w*\.[\w-]+")
_KEYS = re.compile(r"\[(?:\"(?:[^\"\\]|\\.)*\"|\d+)\]")


@lru_cache(maxsize=65_536)  # the same address is looked up often
def keys(address: str) -> tuple[str, ...]:
    """The keys of `count` and `for_each` in an address, including those of modules."""
    return tuple(_KEYS.findall(address)) if "[" in address else ()


class Resource(Block):
    """A resource before or after the plan.

    Args:
        change: the change of the resource.
        side: all resources of that side.
        values: its values on that side.
        unknown: the structure of marks for unknown values.
    """

    __slots__ = ("change", "side", "unknowns")

    def __init__(self, change: Change, side: "Side", values: Any, unknown: Any) -> None:
        super().__init__(self, values, unknown)
        self.change = change
        self.side = side
        self.unknowns: list[UnknownAttribute] = []

    @property
    def address(self) -> str:
        """Its address."""
        return self.change.address

    def note_unknown(self, attribute: str, known: str = "") -> None:
        """Record that a rule needed an attribute that is unknown, with what is known about it."""
        self.unknowns.append(UnknownAttribute(attribute, known))

    def is_configured(self, path: str) -> bool:
        """Whether the configuration gives an attribute a value.

        A value that the provider fills in is unknown too, but it is only the default, so rules may ignore it.
        """
        references = self.side.index.plan.references or {}
        attribute, _, nested = path.replace("[", ".").partition(".")
        found = references.get((without_keys(self.address), attribute))
        if nested:
            # For a block, the plan gives its references, but not in which attribute each one is.
            return bool(found)
        return found is not None or self.change.type not in COMPUTED.get(attribute, ())

    def companions(self, kind: str, attribute: str = "bucket") -> list["Resource"]:
        """The resources of a type that refer to this one in an attribute, by value or by reference.

        Raises:
            UnknownValueError: none refers to this one for sure, and for some the plan does not tell.
        """
        return self.side.links(kind, attribute).of(self)


class Links:
    """The resources of one type, indexed by the resource that one of their attributes refers to.

    Args:
        side: all resources of that side.
        kind: the type.
        attribute: the attribute that refers to the other resource.
    """

    def __init__(self, side: "Side", kind: str, attribute: str) -> None:
        self.attribute = attribute
        self.by_value: dict[str, list[Resource]] = {}
        self.by_reference: dict[tuple[str, tuple[str, ...] | None], list[Resource]] = {}
        self.unresolved: list[Resource] = []
        for companion in side.by_type.get(kind, ()):
            self._add(companion, side)

    def _add(self, companion: Resource, side: "Side") -> None:
        value = companion.values.get(self.attribute)
        if isinstance(value, str) and value:
            self.by_value.setdefault(value, []).append(companion)
            return
        targets = [base for base in side.index.targets(companion.change, self.attribute) if base in side.bases]
        for base in targets:
            # References have no keys. Assume that `each.key` refers to the instance with the same key, if there is one.
            own = keys(companion.address)
            self.by_reference.setdefault((base, own if own in side.bases[base] else None), []).append(companion)
        if not targets:
            self.unresolved.append(companion)

    def of(self, owner: Resource) -> list[Resource]:
        """The companions of a resource; see `Resource.companions`."""
        if not (self.by_value or self.by_reference or self.unresolved):  # nearly always
            return []
        found: dict[int, Resource] = {}
        for name in ("id", "bucket", "name", "arn"):
            value = owner.values.get(name)
            for companion in self.by_value.get(value, ()) if isinstance(value, str) else ():
                found[id(companion)] = companion
        base = without_keys(owner.address)
        # One companion that may belong to any instance is enough: taking all of them for each instance would take
        # quadratic time.
        for companion in (
            *self.by_reference.get((base, keys(owner.address)), ()),
            *self.by_reference.get((base, None), ())[:1],
        ):
            found[id(companion)] = companion
        if not found and self.unresolved:
            raise UnknownValueError(f"{self.attribute} of {self.unresolved[0].address}")
        return list(found.values())


class Side:
    """All managed resources of a plan, either before it or after it."""

    def __init__(self, index: "PlanIndex") -> None:
        self.index = index
        self.by_type: dict[str, list[Resource]] = {}
        self.by_address: dict[str, Resource] = {}
        self.bases: dict[str, set[tuple[str, ...]]] = {}
        self._links: dict[tuple[str, str], Links] = {}
        self._named: dict[str, dict[str, Resource]] = {}

    def add(self, change: Change, values: Any, unknown: Any) -> None:
        """Add a resource."""
        resource = Resource(change, self, values, unknown)
        self.by_type.setdefault(change.type, []).append(resource)
        self.by_address[change.address] = resource
        self.bases.setdefault(without_keys(change.address), set()).add(keys(change.address))

    def named(self, kind: str, name: str) -> Resource | None:
        """The resource of a type with a name."""
        if kind not in self._named:
            named = ((each.values.get("name"), each) for each in self.by_type.get(kind, ()))
            self._named[kind] = {found: each for found, each in named if isinstance(found, str)}
        return self._named[kind].get(name)

    def links(self, kind: str, attribute: str) -> Links:
        """The resources of a type, indexed by what an attribute refers to."""
        links = self._links.get((kind, attribute))
        if links is None:
            links = self._links[kind, attribute] = Links(self, kind, attribute)
        return links


class PlanIndex:
    """A plan, indexed: its resources before and after, its policy documents, its drift.

    Args:
        plan: the plan.
        mask: writes values as they may be shown.
    """

    def __init__(self, plan: Plan, mask: Mask) -> None:
        self.plan = plan
        self.mask = mask
        self.before = Side(self)
        self.after = Side(self)
        self.documents: dict[str, dict[tuple[str, ...], Change]] = {}
        for change in plan.changes:
            if change.type == "aws_iam_policy_document":
                instances = self.documents.setdefault(without_keys(change.address), {})
                instances.setdefault(keys(change.address), change)
            elif change.mode != "data" and not change.deposed:
                self._add(change)

    def _add(self, change: Change) -> None:
        if change.before is not None:
            self.before.add(change, change.before, False)
        if change.action is Action.FORGET:
            # It leaves the state but stays in the account, so its settings stay in effect.
            self.after.add(change, change.before, False)
        elif change.after is not None or change.unknown is True:
            self.after.add(change, change.after or {}, change.unknown)

    @cached_property
    def drift(self) -> dict[str, Change]:
        """The changes made outside of Terraform, by address."""
        return {change.address: change for change in self.plan.drift if not change.deposed}

    @cached_property
    def accounts(self) -> frozenset[str]:
        """The plan's own accounts; empty if the plan does not tell."""
        return permitting.accounts(self.plan)

    @cached_property
    def destroyed(self) -> frozenset[tuple[str, str]]:
        """Type and identity (id, name, bucket, ARN) of the resources that are destroyed or replaced."""
        return frozenset(
            (change.type, str(change.before[name]))
            for change in self.plan.changes
            if change.action in (Action.DESTROY, Action.REPLACE) and change.before and not change.deposed
            for name in ("id", "name", "bucket", "arn")
            if change.before.get(name)
        )

    def references(self, change: Change, attribute: str) -> tuple[str, ...]:
        """The references in an attribute's expression."""
        return (self.plan.references or {}).get((without_keys(change.address), attribute), ())

    def targets(self, change: Change, attribute: str) -> tuple[str, ...]:
        """The addresses without keys of the resources that an attribute's expression refers to."""
        matches = (_RESOURCE.match(reference) for reference in self.references(change, attribute))
        return tuple(dict.fromkeys(match[0] for match in matches if match))

    def pair(self, change: Change, owner: str, attribute: str = "bucket") -> tuple[Resource, Resource | None] | None:
        """A separate setting resource before the plan, and the one that replaces it.

        Args:
            change: the change of the setting.
            owner: the type of the resource that it belongs to.
            attribute: the attribute that refers to the owner.

        Returns:
            None if the setting is new, or if its owner is destroyed too. The second is None if no setting is left.
        """
        before = self.before.by_address.get(change.address)
        if before is None or change.action is Action.FORGET:
            return None
        name = before.values.get(attribute)
        if (owner, str(name)) in self.destroyed:
            return None
        successors = self.after.links(change.type, attribute).by_value.get(name, ()) if isinstance(name, str) else ()
        return before, next(iter(successors), self.after.by_address.get(change.address))

    def value(self, change: Change, side: str, *path: str | int) -> str:
        """A value of a change, masked for display."""
        return self.mask.value(change, side, path)
