"""The rule for resources that remove every policy that they do not list."""

from collections.abc import Iterator

from ..model import Action, Change, Severity
from .blocks import UnknownValueError
from .registry import Family
from .resources import PlanIndex, Resource

_IAM = Family("IAM")
_INLINE, _ATTACHED = ("policy_names", "inline policies"), ("policy_arns", "attached policies")
_KINDS = {
    f"aws_iam_{holder}_{kind}_exclusive": (holder, *listed)
    for holder in ("role", "user", "group")
    for kind, listed in (("policies", _INLINE), ("policy_attachments", _ATTACHED))
}


@_IAM.change(
    tuple(_KINDS),
    "iam-exclusive-policies",
    Severity.MEDIUM,
    "Policies that the resource does not list are removed",
    why="Every apply silently removes policies that another configuration or a person added, and everything that needs "
    "them fails.",
    fix="Look up the policies (`aws iam list-attached-role-policies`, `list-role-policies`), and list those to keep.",
    page="https://registry.terraform.io/providers/hashicorp/aws/5.100.0/docs/resources/iam_role_policies_exclusive",
)
def exclusive_policies(change: Change, index: PlanIndex) -> Iterator[str]:
    """Reports the policies that will be removed, or that the plan does not tell which policies exist."""
    after = index.after.by_address.get(change.address)
    if after is None or change.action not in (Action.CREATE, Action.UPDATE, Action.REPLACE):
        return
    holder, attribute, what = _KINDS[change.type]
    name = index.value(change, "after", f"{holder}_name")
    kept = _known(after, attribute)
    existing = _existing(change, index)
    if existing is None:
        others = f" except {', '.join(kept)}" if kept else ""
        yield f"Removes all {what}{others} from the {holder} {name}. The plan does not tell which ones exist."
    elif removed := sorted(set(existing) - set(kept)):
        yield f"Removes these {what} from the {holder} {name}: {', '.join(removed)}."


def _known(resource: Resource, attribute: str) -> list[str]:
    """The items of a list, all of them known.

    Raises:
        UnknownValueError: one of them is known only after the apply.
    """
    count_before = len(resource.unknowns)
    found = resource.texts(attribute)
    if len(resource.unknowns) > count_before:
        raise UnknownValueError(attribute)
    return found


def _existing(change: Change, index: PlanIndex) -> list[str] | None:
    """The policies that exist before the plan, by name or ARN; None if the plan does not tell."""
    holder, attribute, _ = _KINDS[change.type]
    before = index.before.by_address.get(change.address)
    if before and change.action is Action.UPDATE:
        return before.texts(attribute)
    name = (change.after or {}).get(f"{holder}_name")
    kind = f"aws_iam_{holder}"
    owner = index.before.named(kind, name) if isinstance(name, str) else None
    if owner and holder == "role":  # the provider records the policies of roles, not those of users and groups
        return _mirrored(owner, attribute)
    new = index.after.named(kind, name) if isinstance(name, str) else None
    referred = [base for base in index.targets(change, f"{holder}_name") if base in index.after.bases]
    is_new = new is not None or (referred and not any(base in index.before.bases for base in referred))
    return [] if is_new and owner is None else None


def _mirrored(role: Resource, attribute: str) -> list[str]:
    if attribute == "policy_arns":
        return role.texts("managed_policy_arns")
    return [name for block in role.blocks("inline_policy") if (name := block.text("name"))]
