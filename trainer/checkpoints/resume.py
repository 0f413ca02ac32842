"""Going on from a checkpoint: which one, and whether this run may.

A checkpoint holds what made its run's results what they are (`Plan.identity`), so that a run that would end otherwise
than the uninterrupted one is refused by name, and how the run was computed, of which only the bits depend.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf

from trainer.checkpoints import checkpoint
from trainer.checkpoints.checkpoint import Checkpoint
from trainer.contract.errors import JobError
from trainer.hosts.cluster import Team
from trainer.run import Arrays, Plan, Run


def computed_by(team: Team) -> dict[str, Any]:
    """What the bits of a result depend on, beside the run's identity."""
    gpus = tf.config.list_physical_devices("GPU")
    kind = tf.config.experimental.get_device_details(gpus[0]).get("device_name", "GPU") if gpus else "CPU"
    return {
        "hosts": team.hosts,
        "devices": team.replicas,
        "device": kind,
        "tensorflow": tf.__version__,
        "keras": keras.__version__,
    }


def told(plan: Plan, team: Team) -> dict[str, Any]:
    """What every checkpoint says beside the run's own state."""
    return {"identity": dict(plan.identity), "computed_by": computed_by(team)}


def resume(run: Run, plan: Plan, folder: Path, team: Team, weights_only: bool) -> Checkpoint | None:
    """Go on from the newest checkpoint that all hosts have whole; where there is none, from the beginning.

    Args:
        run: changed in place.
        plan: what this run would do.
        folder: holds the checkpoints.
        team: all devices.
        weights_only: begin anew with a checkpoint's weights, unless this very run has begun so before.

    Returns:
        The checkpoint that holds the state which the run has now; None where none does.

    Raises:
        JobError: it is of a run with other results, the hosts have no step in common, it cannot be read, or there is
            none to take weights from.
    """
    found = _look(folder, team)
    step = newest_common(team.link.exchange([each.step for each in found]), team.link.hosts, folder)
    if step is None:
        if weights_only:
            raise JobError(
                f"resume=weights takes weights from a checkpoint, and {folder} holds none that is whole.",
                "Leave it away to begin with new weights. One that was set aside, aside-…, may be named step-… again.",
            )
        return None
    newest = next(each for each in found if each.step == step)
    if weights_only and not (newest.about["from_weights"] and not different(newest.about["identity"], plan.identity)):
        _fill(newest, run.load_weights)
        team.say(f"starts anew with the weights of {newest.path}")
        return _begin_anew(run, plan, folder, team, found)
    check(newest, plan)
    _fill(newest, lambda arrays: run.load(arrays, newest.step, newest.about))
    team.say(f"goes on from {newest.path}: step {run.step} of {plan.steps}")
    for line in other_bits(newest.about["computed_by"], computed_by(team)):
        team.say(line)
    if team.chief:
        for newer in (each for each in found if each.step > step):  # which other hosts lack
            checkpoint.set_aside(newer.path)
    return newest


def newest_common(steps: Sequence[Sequence[int]], hosts: Sequence[str], folder: Path) -> int | None:
    """The newest step that all hosts have a checkpoint of, given those of each; None where nobody has any.

    Raises:
        JobError: some have, and none is everybody's.
    """
    common = set(steps[0]).intersection(*steps[1:])
    if common or not any(steps):
        return max(common, default=None)
    there = ", ".join(f"{host} has those of the steps {list(its)}" for host, its in zip(hosts, steps, strict=True))
    raise JobError(
        f"The hosts have no checkpoint in common to go on from: in {folder}, {there}.",
        "Give all hosts the checkpoints of the first one, or none.",
    )


def different(theirs: Mapping[str, Any], mine: Mapping[str, Any]) -> list[str]:
    """The names of an identity whose values are others."""
    return [name for name in {**theirs, **mine} if theirs.get(name) != mine.get(name)]


def check(newest: Checkpoint, plan: Plan) -> None:
    """See whether a run may go on from a checkpoint.

    Raises:
        JobError: the uninterrupted run would have had other results, or would have ended before.
    """
    theirs, mine = newest.about["identity"], plan.identity
    if names := different(theirs, mine):
        changes = "; ".join(f"its {name} is {theirs.get(name)}, this one's is {mine.get(name)}" for name in names)
        fix = "Go on with the same, begin anew from its weights with resume=weights, or use an empty checkpoint folder."
        if names == ["schedule_epochs"]:
            fix = (
                f"With schedule_epochs={theirs['schedule_epochs']} epochs may grow, at a learning rate of 0 once it is "
                "over; with resume=weights a new schedule begins with the old weights."
            )
        raise JobError(f"{newest.path} is of another run: {changes}.", fix)
    if newest.step > plan.steps:
        raise JobError(
            f"{newest.path} is past the end: epochs={plan.epochs} has {plan.steps} steps.",
            f"Take at least epochs={-(-newest.step // plan.steps_per_epoch)}, or an empty checkpoint folder.",
        )


def other_bits(theirs: Mapping[str, Any], mine: Mapping[str, Any]) -> list[str]:
    """What to say where a run goes on by other means than before."""
    names = different(theirs, mine)
    if not names:
        return []
    changes = ", ".join(f"{name} {theirs.get(name)} before, {mine.get(name)} now" for name in names)
    return [f"note: {changes}: the order of the images stays as it was, the last bits of the results do not"]


def _look(folder: Path, team: Team) -> list[Checkpoint]:
    """The whole checkpoints of this host, the newest first; the chief sets the others aside, aloud."""
    found, torn = checkpoint.look(folder)
    for each in torn:
        if team.chief:
            print(f"warning: {each.path} is not whole and is set aside: {each.why}", flush=True)
            checkpoint.set_aside(each.path)
    aside = [path.name for path in checkpoint.aside(folder)]
    if aside and not found:
        team.say(f"warning: {folder} holds {', '.join(aside)} only: training starts from the beginning")
    return found


def _fill(newest: Checkpoint, load: Callable[[Arrays], None]) -> None:
    try:
        load(newest.read())
    except ValueError as error:
        raise JobError(
            f"{newest.path} does not fit this network: {error}.",
            "It is of another version of the trainer or of Keras: use an empty checkpoint folder.",
        ) from None


def _begin_anew(run: Run, plan: Plan, folder: Path, team: Team, found: Sequence[Checkpoint]) -> Checkpoint | None:
    """Have a checkpoint of step 0 in place of all others: of higher steps, they would look newer than this run's."""
    if not team.chief:
        return None
    for each in found:
        if each.step == 0:
            checkpoint.set_aside(each.path)
    first = checkpoint.save(folder, 0, run.arrays(), {**told(plan, team), **run.about()})
    for each in found:
        if each.step > 0:
            checkpoint.set_aside(each.path)
    return first
