"""Says of each change what differs, attribute by attribute, as it may be shown."""

from collections.abc import Iterable

from scripts.review.masking import Mask
from scripts.review.model import Change, Plan, ShownChange


def shown(changes: Iterable[Change], plan: Plan, mask: Mask) -> tuple[ShownChange, ...]:
    """Changes as they may be shown: those of a plan, its drift, or what it defers."""
    return tuple(
        ShownChange(mask.address(each.address), mask.address(each.module), each.type, each.action, each.action.value)
        for each in changes
    )
