"""The checkpoints of before, for the loop of before; goes when it goes."""

import functools
import json
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

KEEP = 2
ABOUT = "about.json"


def takes_variables_too(save: Callable[..., Any]) -> Any:
    """Let ``save`` take a list of TensorFlow's variables as well, as it did."""

    @functools.wraps(save)
    def either(folder: Path, step: int, state: Any, about: Mapping[str, Any]) -> Any:
        return (save if isinstance(state, Mapping) else _save)(folder, step, state, about)

    return either


def newest(folder: Path) -> tuple[Path, dict[str, Any]] | None:
    """The newest checkpoint that is whole, with what was said about it; None where there is none."""
    return next(whole(folder), None)


def whole(folder: Path) -> Iterator[tuple[Path, dict[str, Any]]]:
    """The checkpoints that are whole, the newest first, each with what was said about it."""
    import tensorflow as tf

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
    import tensorflow as tf

    tf.train.Checkpoint(state=list(variables)).read(str(path / "state")).assert_consumed()


def _save(folder: Path, step: int, variables: Sequence[Any], about: Mapping[str, Any]) -> Path:
    import tensorflow as tf

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


def _by_step(folder: Path) -> list[Path]:
    """The checkpoints of a folder, the highest step first."""
    found = [path for path in folder.glob("step-*") if path.name.removeprefix("step-").isdigit()]
    return sorted(found, key=lambda path: int(path.name.removeprefix("step-")), reverse=True)
