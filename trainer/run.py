"""A run: what it plans, and all of the state that it goes on from."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf

Epoch = dict[str, float]
Arrays = dict[str, npt.NDArray[Any]]


@dataclass(frozen=True)
class Plan:
    """What is to be done.

    Args:
        epochs: how many.
        steps_per_epoch: optimizer steps in each.
        batch_size: images in a step, on all devices together.
        validation_steps: batches in which every device has scored all of its validation images; 0 for none.
        patience: epochs without a better one after which training ends; 0 for never.
        identity: all that makes the run's results what they are, as plain data; see `trainer.checkpoints.resume`.
    """

    epochs: int
    steps_per_epoch: int
    batch_size: int
    validation_steps: int
    patience: int
    identity: Mapping[str, Any]

    @property
    def steps(self) -> int:
        """Optimizer steps in all."""
        return self.epochs * self.steps_per_epoch


@dataclass
class Run:
    """The state of a run. To be made in the strategy's scope.

    Args:
        model: learns; gives logits.
        best: the same network, which holds the weights of the best epoch and is what leaves in the end.
        optimizer: built, so that all its variables exist.
    """

    model: Any
    best: Any
    optimizer: Any
    step: int = 0
    history: list[Epoch] = field(default_factory=list)
    best_epoch: int | None = None
    # Of the epoch so far, in all jobs that worked at it.
    seconds: float = 0.0
    # Whether it began with the weights of another run's checkpoint.
    from_weights: bool = False

    def __post_init__(self) -> None:
        # Sums over the epoch so far: loss, right answers, images.
        self.totals = tf.Variable(tf.zeros(3, tf.float64), trainable=False)

    def variables(self) -> dict[str, Any]:
        """All of the state that is in variables, under names that stay.

        Numbers, not Keras's names: those are not always unique.
        """
        # `variables` and not `weights`: the state of the dropout's random generator is only among the former.
        groups = {"model": self.model.variables, "optimizer": self.optimizer.variables, "best": self.best.variables}
        named = {
            f"{group}/{number:04}": variable.value
            for group, variables in groups.items()
            for number, variable in enumerate(variables)
        }
        return {**named, "totals": self.totals}

    def arrays(self) -> Arrays:
        """A copy of all variables as they are now.

        On a CPU it costs nothing: TensorFlow gives its own buffers, and lets them be once it changes a variable.
        """
        return {name: np.asarray(variable.numpy()) for name, variable in self.variables().items()}

    def about(self) -> dict[str, Any]:
        """The state that is not in variables, as plain data; the step is told by the checkpoint itself."""
        return {
            "history": list(self.history),
            "best_epoch": self.best_epoch,
            "seconds": self.seconds,
            "from_weights": self.from_weights,
        }

    def load(self, arrays: Arrays, step: int, about: Mapping[str, Any]) -> None:
        """Take over the whole state.

        Raises:
            ValueError: the arrays are of other variables.
        """
        self._assign(arrays, lambda _: True)
        self.step, self.history, self.best_epoch = step, list(about["history"]), about["best_epoch"]
        self.seconds, self.from_weights = about["seconds"], about["from_weights"]

    def load_weights(self, arrays: Arrays) -> None:
        """Take over the model's weights alone; all else stays as at a beginning.

        Raises:
            ValueError: the arrays are of another model.
        """
        weights = {id(weight) for weight in self.model.weights}
        kept = {f"model/{n:04}" for n, v in enumerate(self.model.variables) if id(v) in weights}
        self._assign(arrays, kept.__contains__)
        self.from_weights = True

    def _assign(self, arrays: Arrays, wanted: Callable[[str], bool]) -> None:
        variables = {name: variable for name, variable in self.variables().items() if wanted(name)}
        there = {name: arrays[name] for name in arrays if wanted(name)}
        for name in variables.keys() | there.keys():
            mine = variables[name].shape.as_list() if name in variables else None
            theirs = list(there[name].shape) if name in there else None
            if mine != theirs:
                raise ValueError(f"{name} has the shape {theirs} in the checkpoint, {mine} in this network")
        for name, variable in variables.items():
            variable.assign(there[name])

    def end_epoch(self, values: Epoch) -> None:
        """Note the epoch's results; remember the weights where it is the best so far."""
        self.history.append(values)
        self.totals.assign(tf.zeros_like(self.totals))
        self.seconds = 0.0
        if self.best_epoch is None or _merit(values) >= _merit(self.history[self.best_epoch - 1]):
            self.best_epoch = len(self.history)
            self.keep_best()

    def keep_best(self) -> None:
        """Let the weights be the best there are."""
        for best, variable in zip(self.best.variables, self.model.variables, strict=True):
            best.assign(variable.value)


def _merit(values: Epoch) -> tuple[float, float]:
    """What makes one epoch better than another: without validation images, being the later one."""
    if "val_loss" not in values:
        return (values["epoch"], 0.0)
    return (values["val_accuracy"], -values["val_loss"])
