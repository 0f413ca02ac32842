"""Resuming from a checkpoint: which one, and whether this run may resume from it.

A checkpoint holds the run's identity (`Plan.identity`): everything that its results depend on. If the identity differs,
the run would not end like the uninterrupted one, so it is refused and the message names the difference. A checkpoint
also holds the environment, such as the devices: only the last bits of the results depend on it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf

from trainyard.checkpoints import checkpoint
from trainyard.checkpoints.checkpoint import Checkpoint
from trainyard.errors import JobError
from trainyard.hosts.cluster import Team
from trainyard.run import Arrays, Plan, Run


class OtherRunError(JobError):
    """A checkpoint belongs to a run with other results.

    Args:
        problem: names the checkpoint and the differences.
        saved: the identity of the checkpoint's run.
        names: those of its members that differ.
    """

    def __init__(self, problem: str, saved: Mapping[str, Any], names: Sequence[str]) -> None:
        super().__init__(problem, "Resume with the same settings, or use an empty checkpoint folder.")
        self.saved, self.names = saved, names


def compute_environment(team: Team) -> dict[str, Any]:
    """The devices and versions that the last bits of a result depend on."""
    gpus = tf.config.list_physical_devices("GPU")
    kind = tf.config.experimental.get_device_details(gpus[0]).get("device_name", "GPU") if gpus else "CPU"
    return {
        "hosts": team.hosts,
        "devices": team.replicas,
        "device": kind,
        "tensorflow": tf.__version__,
        "keras": keras.__version__,
    }


def checkpoint_facts(plan: Plan, team: Team) -> dict[str, Any]:
    """The facts in every checkpoint, beside the run's own state."""
    return {"identity": dict(plan.identity), "computed_by": compute_environment(team)}


@dataclass(frozen=True)
class Found:
    """The complete checkpoints in a folder.

    Args:
        folder: the folder.
        complete: those of this host, newest first.
        newest: the newest one that all hosts have; None if there is none.
    """

    folder: Path
    complete: Sequence[Checkpoint]
    newest: Checkpoint | None


def find(folder: Path, team: Team) -> Found:
    """Read and verify the checkpoints. The chief renames torn ones and prints a warning.

    Raises:
        JobError: the hosts have no step in common, or a checkpoint cannot be read.
    """
    complete = _find_complete(folder, team)
    step = newest_common(team.link.exchange([each.step for each in complete]), team.link.hosts, folder)
    return Found(folder, complete, next((each for each in complete if each.step == step), None))


def resume(run: Run, plan: Plan, found: Found, team: Team, weights_only: bool) -> Checkpoint | None:
    """Resume from the newest checkpoint that is complete on all hosts; without one, start from the beginning.

    Args:
        run: changed in place.
        plan: the plan of this run.
        found: the checkpoints.
        team: all devices.
        weights_only: start a new run with a checkpoint's weights, unless this very run has already done so.

    Returns:
        The checkpoint that holds the run's current state; None if there is none.

    Raises:
        OtherRunError: the checkpoint belongs to a run with other results.
        JobError: a checkpoint cannot be read or does not fit the network, or there is none to take weights from.
    """
    newest = found.newest
    if newest is None:
        if weights_only:
            raise JobError(
                f"resume=weights needs a complete checkpoint, and {found.folder} holds none.",
                "Leave out resume=weights to start with new weights, or rename a complete aside-… back to step-….",
            )
        return None
    about = newest.about
    if weights_only and not (
        about["from_weights"] and not differing_names(saved_identity(newest, plan), plan.identity)
    ):
        _load(newest, run.load_weights)
        team.say(f"starts a new run with the weights of {newest.path}")
        return _replace_all(run, plan, found, team)
    check_same_run(newest, plan)
    _load(newest, lambda arrays: run.load(arrays, newest.step, about))
    team.say(f"resumes from {newest.path}: step {run.step} of {plan.steps}")
    for line in environment_notes(about["computed_by"], compute_environment(team)):
        team.say(line)
    if team.chief:
        for newer in (each for each in found.complete if each.step > newest.step):  # other hosts lack these
            checkpoint.rename_to_aside(newer.path)
    return newest


def saved_identity(newest: Checkpoint, plan: Plan) -> dict[str, Any]:
    """The identity of a checkpoint's run. A member that it is too old to have gets the value that was used then."""
    return {**plan.before, **newest.about["identity"]}


def newest_common(steps: Sequence[Sequence[int]], hosts: Sequence[str], folder: Path) -> int | None:
    """The newest step for which all hosts have a checkpoint; None if no host has any.

    Args:
        steps: for each host, the steps of its checkpoints.
        hosts: their names, in the same order.
        folder: named in the error.

    Raises:
        JobError: some hosts have checkpoints, but no step is common to all.
    """
    common = set(steps[0]).intersection(*steps[1:])
    if common or not any(steps):
        return max(common, default=None)
    by_host = ", ".join(f"{host} has the steps {list(each)}" for host, each in zip(hosts, steps, strict=True))
    raise JobError(
        f"The hosts have no common checkpoint to resume from: in {folder}, {by_host}.",
        "Give all hosts the checkpoints of the first one, or none.",
    )


def differing_names(saved: Mapping[str, Any], current: Mapping[str, Any]) -> list[str]:
    """The names whose values differ."""
    return [name for name in {**saved, **current} if saved.get(name) != current.get(name)]


def check_same_run(newest: Checkpoint, plan: Plan) -> None:
    """Check that a run may resume from a checkpoint.

    Raises:
        OtherRunError: the uninterrupted run would have other results.
        JobError: it would have ended earlier.
    """
    saved, current = saved_identity(newest, plan), plan.identity
    if names := differing_names(saved, current):
        changes = "; ".join(f"its {name} is {saved.get(name)}, this run's is {current.get(name)}" for name in names)
        raise OtherRunError(f"{newest.path} belongs to another run: {changes}.", saved, names)
    if newest.step > plan.steps:
        raise JobError(
            f"{newest.path} is past the end of this run: epochs={plan.epochs} has {plan.steps} steps.",
            f"Set epochs to at least {-(-newest.step // plan.steps_per_epoch)}, or use an empty checkpoint folder.",
        )


def environment_notes(saved: Mapping[str, Any], current: Mapping[str, Any]) -> list[str]:
    """The lines to print if the environment differs from the checkpoint's."""
    names = differing_names(saved, current)
    if not names:
        return []
    changes = ", ".join(f"{name} {saved.get(name)} before, {current.get(name)} now" for name in names)
    return [f"note: {changes}: the order of the examples stays the same, the last bits of the results do not"]


def _find_complete(folder: Path, team: Team) -> list[Checkpoint]:
    """The complete checkpoints of this host, newest first. The chief renames torn ones and prints a warning."""
    found, torn = checkpoint.find_checkpoints(folder)
    for each in torn:
        if team.chief:
            aside = checkpoint.rename_to_aside(each.path)
            print(f"warning: {each.path} is not complete: {each.reason}; renamed to {aside.name}", flush=True)
    aside_names = [path.name for path in checkpoint.list_aside(folder)]
    if aside_names and not found:
        team.say(f"warning: {folder} holds only {', '.join(aside_names)}: training starts from the beginning")
    return found


def _load(newest: Checkpoint, load: Callable[[Arrays], None]) -> None:
    try:
        load(newest.read())
    except ValueError as error:
        raise JobError(
            f"{newest.path} does not fit this network: {error}.",
            "The network has changed, or another version of Keras wrote it: use an empty checkpoint folder.",
        ) from None


def _replace_all(run: Run, plan: Plan, found: Found, team: Team) -> Checkpoint | None:
    """Save step 0 and rename all other checkpoints: their higher steps would look newer than this run's."""
    if not team.chief:
        return None
    for each in found.complete:
        if each.step == 0:
            checkpoint.rename_to_aside(each.path)
    first = checkpoint.save(found.folder, 0, run.arrays(), {**checkpoint_facts(plan, team), **run.about()})
    for each in found.complete:
        if each.step > 0:
            checkpoint.rename_to_aside(each.path)
    return first
