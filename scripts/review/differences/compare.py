"""Lists what differs in each change, attribute by attribute, masked for display."""

from collections.abc import Iterable
from typing import Any

from ..model import NOTHING, Action, Change, ChangeView, Difference, OutputChange, Plan, Shown
from ..secrets.mask import MASKED, Mask
from . import labels
from .drift import DriftReverts
from .noise import Noise
from .walk import Remembered, Walk


def shown(changes: Iterable[Change], plan: Plan, mask: Mask) -> tuple[ChangeView, ...]:
    """Changes of a plan, masked for display.

    Args:
        changes: the plan's changes, or some of them.
        plan: the plan, to detect noise and reverted drift.
        mask: masks its values.
    """
    noise, reverts, remembered = Noise(plan), DriftReverts(plan), Remembered()
    return tuple(
        _shown(
            each, noise, mask, labels.label(each), labels.why(each, mask), reverts.reverts_drift_of(each), remembered
        )
        for each in changes
    )


def drift(plan: Plan, mask: Mask) -> tuple[ChangeView, ...]:
    """The changes made outside of Terraform, masked for display, without noise and moves."""
    noise = Noise(plan)
    found = (_shown(each, noise, mask, labels.drift_label(each)) for each in plan.drift)
    return tuple(each for each in found if each.differences or each.action is not Action.UPDATE)


def deferred(plan: Plan, mask: Mask) -> tuple[ChangeView, ...]:
    """The changes that Terraform defers to a later plan, masked for display."""
    noise = Noise(plan)
    return tuple(
        _shown(each, noise, mask, labels.label(each), labels.deferred_why(reason)) for reason, each in plan.deferred
    )


def outputs(plan: Plan, mask: Mask) -> tuple[Difference, ...]:
    """The outputs that change, masked for display."""
    found: list[Difference] = []
    for output in plan.outputs:
        if output.action is not Action.NO_OP:
            walk = Walk(mask, one_sided=output.action is not Action.UPDATE)
            walk.compare((output.name,), output.before, output.after, output.unknown, _marks(output))
            found += walk.found or [_output(output, mask)]
    return tuple(found)


def _marks(output: OutputChange) -> tuple[Any, ...]:
    return (True,) if output.sensitive else ()


def _output(output: OutputChange, mask: Mask) -> Difference:
    """An output that is created or removed with an empty value."""
    before, after = (
        None if output.action is gone else MASKED if output.sensitive else mask.text(value, output.name)
        for gone, value in ((Action.CREATE, output.before), (Action.DESTROY, output.after))
    )
    return Difference(mask.path((output.name,)), before, after)


def _shown(
    change: Change,
    noise: Noise,
    mask: Mask,
    label: str,
    why: Shown = NOTHING,
    reverts_drift: bool = False,
    remembered: Remembered | None = None,
) -> ChangeView:
    walk = Walk(mask, change.before is None or change.after is None, change.replace_paths, remembered)
    if change.action not in (Action.NO_OP, Action.FORGET):  # a forgotten resource does not change
        walk.resource(change, noise)
    return ChangeView(
        address=mask.address(change.address),
        module=mask.address(change.module),
        type=change.type,
        action=change.action,
        label=label,
        why=why,
        previous_address=mask.address(change.previous_address),
        import_id=mask.text(change.import_id),
        differences=tuple(walk.found),
        folded=walk.folded,
        reverts_drift=reverts_drift,
        reordered=change.action is Action.UPDATE and not walk.found and walk.reordered and not change.import_id,
    )
