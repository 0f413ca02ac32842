"""The resources of a plan as rules see them: on one side, with what is known of them and what belongs to them.

The whole plan is indexed once; looking up a companion (a bucket's versioning, its policy …) costs the same in a plan
of ten resources and of ten thousand.
"""

import re
from collections.abc import Mapping
from functools import cached_property, lru_cache
from typing import Any

from scripts.review.masking import Mask
from scripts.review.model import Action, Change, Plan
from scripts.review.permissions import resources as permitting
from scripts.review.references import without_keys
from scripts.review.rules.blocks import Block, Missed, NotKnownError

_MACHINES = frozenset({"aws_instance", "aws_launch_configuration", "aws_launch_template"})
_POLICIES = frozenset(
    {
        "aws_kms_external_key", "aws_kms_key", "aws_kms_replica_key", "aws_s3_bucket", "aws_secretsmanager_secret",
        "aws_sns_topic", "aws_sqs_queue", "aws_vpc_endpoint", "aws_vpc_endpoint_policy",
    }
)  # fmt: skip
COMPUTED: Mapping[str, frozenset[str]] = {
    "acl": frozenset({"aws_s3_bucket"}),
    "associate_public_ip_address": _MACHINES,
    "backup_retention_period": frozenset({"aws_db_instance", "aws_rds_cluster"}),
    "ebs_block_device": _MACHINES,
    "enabled": frozenset({"aws_kms_external_key"}),
    "encrypted": frozenset({"aws_ebs_volume", "aws_efs_file_system"}),
    "ingress": frozenset({"aws_security_group", "aws_network_acl", "aws_default_security_group"}),
    "inline_policy": frozenset({"aws_iam_role"}),
    "kms_key_id": frozenset({"aws_efs_file_system"}),
    "log_group_class": frozenset({"aws_cloudwatch_log_group"}),
    "managed_policy_arns": frozenset({"aws_iam_role"}),
    "metadata_options": _MACHINES,
    "policy": _POLICIES,
    "publicly_accessible": frozenset({"aws_rds_cluster_instance"}),
    "root_block_device": _MACHINES,
    "snapshot_id": frozenset({"aws_ebs_volume"}),
    "snapshot_identifier": frozenset({"aws_db_instance"}),
    "sqs_managed_sse_enabled": frozenset({"aws_sqs_queue"}),
    "storage_encrypted": frozenset({"aws_rds_cluster"}),
    "versioning": frozenset({"aws_s3_bucket"}),
}
"""Attributes that rules read and the provider fills in where nobody sets them (optional and computed in its schema)."""

_NO_RESOURCE = r"(?!(?:var|local|each|count|path|self|terraform)\.)"
_RESOURCE = re.compile(r"(?:module\.[^.]+\.)*(?:data\.)?" + _NO_RESOURCE + r"[A-Za-z]\w*\.[\w-]+")
_KEYS = re.compile(r"\[(?:\"(?:[^\"\\]|\\.)*\"|\d+)\]")


@lru_cache(maxsize=65_536)  # one address is asked for again and again
def keys(address: str) -> tuple[str, ...]:
    """The keys of `count` and `for_each` in an address, modules' among them."""
    return tuple(_KEYS.findall(address)) if "[" in address else ()


class Resource(Block):
    """A resource on one side of the plan.

    Args:
        change: what happens to it.
        side: all resources of that side.
        values: its values there.
        unknown: the structure of what is not known of them.
    """

    __slots__ = ("change", "missed", "side")

    def __init__(self, change: Change, side: "Side", values: Any, unknown: Any) -> None:
        super().__init__(self, values, unknown)
        self.change = change
        self.side = side
        self.missed: list[Missed] = []

    @property
    def address(self) -> str:
        """Its address."""
        return self.change.address

    def miss(self, attribute: str, known: str = "") -> None:
        """Note that a rule needed an attribute that is not known, with what is known of it."""
        self.missed.append(Missed(attribute, known))

    def is_configured(self, path: str) -> bool:
        """Whether the configuration gives an attribute a value.

        What nobody set and the provider fills in is not known either; but that is the default, and no riddle.
        """
        references = self.side.both.plan.references or {}
        attribute, _, nested = path.replace("[", ".").partition(".")
        found = references.get((without_keys(self.address), attribute))
        if nested:
            # Of a block, only the references are known, not in which of its attributes they stand.
            return bool(found)
        return found is not None or self.change.type not in COMPUTED.get(attribute, ())

    def companions(self, kind: str, attribute: str = "bucket") -> list["Resource"]:
        """The resources of a type that name this one in an attribute, by value or by reference.

        Raises:
            NotKnownError: there are some of which cannot be said whom they name, and none that surely belongs.
        """
        return self.side.links(kind, attribute).of(self)


class Links:
    """Resources of one type by whom they name in one attribute.

    Args:
        side: all resources of that side.
        kind: the type.
        attribute: where they name it.
    """

    def __init__(self, side: "Side", kind: str, attribute: str) -> None:
        self.attribute = attribute
        self.by_value: dict[str, list[Resource]] = {}
        self.by_reference: dict[tuple[str, tuple[str, ...] | None], list[Resource]] = {}
        self.loose: list[Resource] = []
        for companion in side.by_type.get(kind, ()):
            self._add(companion, side)

    def _add(self, companion: Resource, side: "Side") -> None:
        value = companion.values.get(self.attribute)
        if isinstance(value, str) and value:
            self.by_value.setdefault(value, []).append(companion)
            return
        targets = [base for base in side.both.targets(companion.change, self.attribute) if base in side.bases]
        for base in targets:
            # References have no keys: `each.key` is taken to name the instance with the same key, where there is one.
            own = keys(companion.address)
            self.by_reference.setdefault((base, own if own in side.bases[base] else None), []).append(companion)
        if not targets:
            self.loose.append(companion)

    def of(self, owner: Resource) -> list[Resource]:
        """The companions of a resource; see `Resource.companions`."""
        found: dict[int, Resource] = {}
        for name in ("id", "bucket", "name", "arn"):
            value = owner.values.get(name)
            for companion in self.by_value.get(value, ()) if isinstance(value, str) else ():
                found[id(companion)] = companion
        base = without_keys(owner.address)
        # One of those that may mean any instance is enough: all of them for each would grow with the square.
        for companion in (
            *self.by_reference.get((base, keys(owner.address)), ()),
            *self.by_reference.get((base, None), ())[:1],
        ):
            found[id(companion)] = companion
        if not found and self.loose:
            raise NotKnownError(f"{self.attribute} of {self.loose[0].address}")
        return list(found.values())


class Side:
    """All managed resources of a plan, as they are before it or after it."""

    def __init__(self, both: "Both") -> None:
        self.both = both
        self.by_type: dict[str, list[Resource]] = {}
        self.by_address: dict[str, Resource] = {}
        self.bases: dict[str, set[tuple[str, ...]]] = {}
        self._links: dict[tuple[str, str], Links] = {}
        self._named: dict[str, dict[str, Resource]] = {}

    def add(self, change: Change, values: Any, unknown: Any) -> None:
        """Take a resource in."""
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
        """The resources of a type by whom they name."""
        links = self._links.get((kind, attribute))
        if links is None:
            links = self._links[kind, attribute] = Links(self, kind, attribute)
        return links


class Both:
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
            # It leaves the state and stays in the account: as a setting, it goes on.
            self.after.add(change, change.before, False)
        elif change.after is not None or change.unknown is True:
            self.after.add(change, change.after or {}, change.unknown)

    @cached_property
    def drift(self) -> dict[str, Change]:
        """What was changed outside of Terraform, by address."""
        return {change.address: change for change in self.plan.drift if not change.deposed}

    @cached_property
    def accounts(self) -> frozenset[str]:
        """The plan's own accounts; none where nothing in it says which."""
        return permitting.accounts(self.plan)

    @cached_property
    def gone(self) -> frozenset[tuple[str, str]]:
        """Type and identity (id, name, bucket, ARN) of what is destroyed or replaced."""
        return frozenset(
            (change.type, str(change.before[name]))
            for change in self.plan.changes
            if change.action in (Action.DESTROY, Action.REPLACE) and change.before and not change.deposed
            for name in ("id", "name", "bucket", "arn")
            if change.before.get(name)
        )

    def references(self, change: Change, attribute: str) -> tuple[str, ...]:
        """What an attribute's expression refers to."""
        return (self.plan.references or {}).get((without_keys(change.address), attribute), ())

    def targets(self, change: Change, attribute: str) -> tuple[str, ...]:
        """The addresses without keys of the resources that an attribute's expression refers to."""
        matches = (_RESOURCE.match(reference) for reference in self.references(change, attribute))
        return tuple(dict.fromkeys(match[0] for match in matches if match))

    def pair(self, change: Change, owner: str, attribute: str = "bucket") -> tuple[Resource, Resource | None] | None:
        """A setting of something that stays: as it is, and what takes its place.

        Args:
            change: the setting's.
            owner: the type of what it is a setting of.
            attribute: where the setting names it.

        Returns:
            None where there is no setting yet, or its owner goes as well. The second is None where none is left.
        """
        before = self.before.by_address.get(change.address)
        if before is None or change.action is Action.FORGET:
            return None
        name = before.values.get(attribute)
        if (owner, str(name)) in self.gone:
            return None
        heirs = self.after.links(change.type, attribute).by_value.get(name, ()) if isinstance(name, str) else ()
        return before, next(iter(heirs), self.after.by_address.get(change.address))

    def value(self, change: Change, side: str, *path: str | int) -> str:
        """A value of a change as it may be shown."""
        return self.mask.value(change, side, path)
