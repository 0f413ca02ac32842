"""The rule for resources that take away every policy that they do not name."""

from collections.abc import Iterator

from scripts.review.model import Action, Change, Severity
from scripts.review.rules.blocks import NotKnownError
from scripts.review.rules.registry import Family
from scripts.review.rules.resources import Both, Resource

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
    "Policies that are not named here are taken away",
    why="What another configuration or a person gave is taken back without a word, now and at every later apply, and "
    "what runs with it fails.",
    fix="Look up what is attached (`aws iam list-attached-role-policies`, `list-role-policies`), and name what is to "
    "stay.",
    page="https://registry.terraform.io/providers/hashicorp/aws/5.100.0/docs/resources/iam_role_policies_exclusive",
)
def exclusive_policies(change: Change, both: Both) -> Iterator[str]:
    """What is taken away, where the plan says it; that it does not say it, where it does not."""
    after = both.after.by_address.get(change.address)
    if after is None or change.action not in (Action.CREATE, Action.UPDATE, Action.REPLACE):
        return
    holder, attribute, what = _KINDS[change.type]
    name = both.value(change, "after", f"{holder}_name")
    stays = _known(after, attribute)
    there = _there(change, both)
    if there is None:
        others = f" but {', '.join(stays)}" if stays else ""
        yield f"Takes all {what}{others} from the {holder} {name}; which there are, the plan does not say."
    elif goes := sorted(set(there) - set(stays)):
        yield f"Takes these {what} from the {holder} {name}: {', '.join(goes)}."


def _known(resource: Resource, attribute: str) -> list[str]:
    """The texts of a list.

    Raises:
        NotKnownError: one of them is known only after the apply.
    """
    missed = len(resource.missed)
    found = resource.texts(attribute)
    if len(resource.missed) > missed:
        raise NotKnownError(attribute)
    return found


def _there(change: Change, both: Both) -> list[str] | None:
    """The policies that there are, by name or ARN; None where the plan does not say."""
    holder, attribute, _ = _KINDS[change.type]
    before = both.before.by_address.get(change.address)
    if before and change.action is Action.UPDATE:
        return before.texts(attribute)
    name = (change.after or {}).get(f"{holder}_name")
    kind = f"aws_iam_{holder}"
    owner = both.before.named(kind, name) if isinstance(name, str) else None
    if owner and holder == "role":  # the provider writes down what a role has; of users and groups it does not
        return _mirrored(owner, attribute)
    new = both.after.named(kind, name) if isinstance(name, str) else None
    referred = [base for base in both.targets(change, f"{holder}_name") if base in both.after.bases]
    is_new = new is not None or (referred and not any(base in both.before.bases for base in referred))
    return [] if is_new and owner is None else None


def _mirrored(role: Resource, attribute: str) -> list[str]:
    if attribute == "policy_arns":
        return role.texts("managed_policy_arns")
    return [name for block in role.blocks("inline_policy") if (name := block.text("name"))]
