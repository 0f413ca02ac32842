"""Checkpoints: the whole state of a run after a step, in a folder named by the step.

    step-00000040/
      about.json                    the step, the hyperparameters, the history so far
      state.index, state.data-…     the values of every variable, as TensorFlow writes them

A folder gets this name only when all of it is there; the newest is the one of the highest step (times mean
nothing after a copy from S3). The two newest are kept.
"""

import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import tensorflow as tf

KEEP = 2
ABOUT = "about.json"


def save(folder: Path, step: int, variables: Sequence[Any], about: Mapping[str, Any]) -> Path:
    """Write a checkpoint, then remove the old ones.

    Args:
        folder: holds all checkpoints of the run.
        step: the steps done so far.
        variables: everything that changes while training, in an order of the caller's.
        about: plain data that is to come back with them.

    Returns:
        The checkpoint's folder.
    """
    target, unfinished = folder / f"step-{step:08}", folder / "unfinished"
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(parents=True)
    tf.train.Checkpoint(state=list(variables)).write(str(unfinished / "state"))
    (unfinished / ABOUT).write_text(json.dumps({**about, "step": step}), encoding="utf-8")
    shutil.rmtree(target, ignore_errors=True)  # the same step again: restored, and stopped before the next
    unfinished.rename(target)
    for old in _by_step(folder)[KEEP:]:
        shutil.rmtree(old)
    return target


def newest(folder: Path) -> tuple[Path, dict[str, Any]] | None:
    """The newest checkpoint that is whole, with what was said about it; None where there is none."""
    return next(whole(folder), None)


def whole(folder: Path) -> Iterator[tuple[Path, dict[str, Any]]]:
    """The checkpoints that are whole, the newest first, each with what was said about it.

    What a copy to S3 cut short is skipped, aloud.
    """
    for path in _by_step(folder):
        try:
            about = json.loads((path / ABOUT).read_text(encoding="utf-8"))
            tf.train.load_checkpoint(str(path / "state"))
        except (OSError, ValueError, tf.errors.OpError) as error:
            print(f"warning: {path} is not a whole checkpoint and is passed over: {error}", flush=True)
            continue
        yield path, about


def restore(path: Path, variables: Sequence[Any]) -> None:
    """Read the values of ``variables`` back, in the order in which they were saved."""
    tf.train.Checkpoint(state=list(variables)).read(str(path / "state")).assert_consumed()


def _by_step(folder: Path) -> list[Path]:
    """The checkpoints of a folder, the highest step first."""
    found = [path for path in folder.glob("step-*") if path.name.removeprefix("step-").isdigit()]
    return sorted(found, key=lambda path: int(path.name.removeprefix("step-")), reverse=True)
