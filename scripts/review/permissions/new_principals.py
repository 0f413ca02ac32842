"""Tells the principals that a plan creates from those that exist.

What a new role may do is part of the new stack. What an existing principal gains is a change of somebody's power.
"""

import re
from collections.abc import Collection, Iterator

from ...policies.documents import Scope
from ..model import Action, Change, Plan
from ..reading.references import without_keys
from .resources import attribute_of, is_only_a_policy

_OWN_NAMES = ("id", "arn", "name", "bucket", "function_name", "domain_name", "repository", "key_id", "url")
_OWNERS = {
    "aws_lambda_permission": ("aws_lambda_function", "aws_lambda_alias"),
    "aws_dynamodb_resource_policy": ("aws_dynamodb_table",),
    "aws_kinesis_resource_policy": ("aws_kinesis_stream",),
    "aws_s3control_access_point_policy": ("aws_s3_access_point",),
}
"""What a type of policy is on, where its name does not say so."""

_HOLDERS = ("aws_iam_role", "aws_iam_user", "aws_iam_group")
_ROOT = re.compile(r"AWS:(?:arn:aws[\w-]*:iam::)?(\d{12})(?::root)?")
_NAMED = re.compile(r"AWS:arn:aws[\w-]*:iam::\d{12}:\w+/(?:.*/)?([^/]+)")


class NewPrincipals:
    """The principals and resources that a plan creates.

    Args:
        plan: the plan.
        accounts: the plan's own account numbers.
    """

    def __init__(self, plan: Plan, accounts: Collection[str]) -> None:
        self._accounts = accounts
        self._references = plan.references or {}
        managed = [each for each in plan.changes if each.mode == "managed"]
        created = [each for each in managed if each.action is Action.CREATE and not each.import_id]
        self._addresses = {each.address for each in created}
        kept = {without_keys(each.address) for each in managed if each.address not in self._addresses}
        self._blocks = {without_keys(each.address) for each in created} - kept
        self._kinds: dict[str, set[str]] = {}
        for kind, name in (own for each in created for own in _own_names(each)):
            self._kinds.setdefault(name, set()).add(kind)

    def holds(self, place: str) -> bool:
        """Whether the plan creates the role, user, group or policy at an address."""
        return place in self._addresses

    def gets(self, change: Change, who: Scope) -> bool:
        """Whether a policy on a resource grants only what belongs to the new stack.

        That is: the plan creates the resource, and it grants access to an AWS service, to the plan's own account, or to
        a principal that the plan creates.
        """
        return not who.negated and self._is_new(change) and all(map(self._belongs, who.patterns))

    def _is_new(self, change: Change) -> bool:
        """Whether the plan creates the resource with a policy; for a resource that is only a policy, what it is on."""
        if change.address not in self._addresses:
            return False
        return not is_only_a_policy(change) or any(self._on_created(change))

    def _on_created(self, change: Change) -> Iterator[bool]:
        """For each attribute, whether it names a resource that the plan creates and that the policy is on."""
        base = without_keys(change.address)
        for name in {*(change.after or {}), *(change.unknown if isinstance(change.unknown, dict) else ())}:
            if name != attribute_of(change):
                references = self._references.get((base, name), ())
                yield any(each in self._blocks and _owns(_kind(each), change.type) for each in references)
                text = (change.after or {}).get(name)
                kinds = self._kinds.get(text, ()) if isinstance(text, str) else ()
                yield any(_owns(kind, change.type) for kind in kinds)

    def _belongs(self, principal: str) -> bool:
        root, named = _ROOT.fullmatch(principal), _NAMED.fullmatch(principal)
        own = root is not None and root[1] in self._accounts
        return own or principal.startswith("Service:") or (named is not None and self._is_holder(named[1]))

    def _is_holder(self, name: str) -> bool:
        return not self._kinds.get(name, set()).isdisjoint(_HOLDERS)


def _own_names(change: Change) -> Iterator[tuple[str, str]]:
    """The texts by which others name a resource, each with its type."""
    for name in _OWN_NAMES:
        text = (change.after or {}).get(name)
        if isinstance(text, str) and text:
            yield change.type, text


def _kind(block: str) -> str:
    """The type in an address: `aws_s3_bucket` in `module.m.aws_s3_bucket.b`."""
    return block.rpartition(".")[0].rpartition(".")[2]


def _owns(kind: str, policy: str) -> bool:
    """Whether a type of policy is on a type of resource."""
    return policy.startswith(f"{kind}_") or kind in _OWNERS.get(policy, ())
