"""A run: its plan, and the whole state that a checkpoint holds."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf

Epoch = dict[str, float]
Arrays = dict[str, npt.NDArray[Any]]
Score = Callable[[Any, Any], Any]
"""A function of the targets and the model's outputs for some examples; it returns a number for each, [examples]."""


@dataclass(frozen=True)
class Plan:
    """The length of a run, and what its results depend on.

    Args:
        epochs: number of epochs.
        steps_per_epoch: optimizer steps in each epoch.
        batch_size: examples in a step, on all devices together.
        validation_steps: batches in which every device scores all of its validation examples; 0 for no validation.
        patience: training ends after this many epochs without a better one; 0 for never.
        identity: everything that the run's results depend on, as plain data; see `trainyard.checkpoints.resume`.
        examples: what they are called in the log, such as images.
        before: for members of the identity that older checkpoints lack, what was in effect then.
        accumulate: equal parts in which the devices compute a batch, one after another.
    """

    epochs: int
    steps_per_epoch: int
    batch_size: int
    validation_steps: int
    patience: int
    identity: Mapping[str, Any]
    examples: str
    before: Mapping[str, Any] = field(default_factory=dict)
    accumulate: int = 1

    @property
    def steps(self) -> int:
        """Optimizer steps of the whole run."""
        return self.epochs * self.steps_per_epoch


@dataclass(frozen=True)
class Stage:
    """A part of a run that trains the same layers with one optimizer.

    Args:
        first: its first step.
        optimizer: already built, so that all its variables exist.
        frozen: layers that it does not train. Their batch normalization uses its averages, and keeps them.
    """

    first: int
    optimizer: Any
    frozen: Sequence[Any] = ()


@dataclass(frozen=True)
class Average:
    """An exponential moving average of the weights, which is evaluated instead of them.

    Args:
        model: a copy of the network; its weights are the average.
        decay: the share of the average that a step keeps.
    """

    model: Any
    decay: float


@dataclass
class Run:
    """The state of a run. Create it in the strategy's scope.

    Args:
        model: the network that is trained.
        best: the same network with the weights of the best epoch.
        stages: at least one, in the order of their first steps; the first one begins at step 0.
        loss: what is minimized: its mean over a batch.
        metrics: what else is measured, by name: its mean over an epoch.
        average: of the weights; None to evaluate the weights themselves.
        validation_loss: the loss that is measured on validation examples; None if it is ``loss``.
        is_xla: whether XLA compiles the forward and backward pass.
    """

    model: Any
    best: Any
    stages: Sequence[Stage]
    loss: Score
    metrics: Mapping[str, Score]
    average: Average | None = None
    validation_loss: Score | None = None
    is_xla: bool = False
    step: int = 0
    history: list[Epoch] = field(default_factory=list)
    best_epoch: int | None = None
    # Time spent on the current epoch, in all jobs that trained it.
    seconds: float = 0.0
    # Whether the run started with the weights of another run's checkpoint.
    from_weights: bool = False

    def __post_init__(self) -> None:
        # Sums over the current epoch: loss, metrics, number of examples.
        self.totals = tf.Variable(self.no_totals(), trainable=False)

    @property
    def stage(self) -> Stage:
        """The stage of the next step."""
        return next(stage for stage in reversed(self.stages) if stage.first <= self.step)

    @property
    def optimizer(self) -> Any:
        """The optimizer of the next step."""
        return self.stage.optimizer

    @property
    def evaluated(self) -> Any:
        """The network that is validated and kept as the best: the average, if there is one."""
        return self.average.model if self.average else self.model

    def enter_stage(self) -> None:
        """Freeze the layers that the next step does not train, and only these, for steps that are compiled later."""
        for layer in {id(layer): layer for stage in self.stages for layer in stage.frozen}.values():
            layer.trainable = all(layer is not frozen for frozen in self.stage.frozen)

    def no_totals(self) -> Any:
        """The sums over no example, float64 [metrics + 2]."""
        return tf.zeros(len(self.metrics) + 2, tf.float64)

    def means(self, totals: Any) -> Epoch:
        """The loss and the metrics by name, from their sums; empty if there were no examples."""
        *sums, examples = (float(total) for total in totals.numpy())
        names = ("loss", *self.metrics)
        return {name: each / examples for name, each in zip(names, sums, strict=True)} if examples else {}

    def variables(self) -> dict[str, Any]:
        """All variables of the state, by names that never change.

        The names are numbers: Keras's own names are not always unique.
        """
        # `variables`, because `weights` lacks the state of the dropout's random generator.
        *earlier, last = self.stages
        groups = {"model": self.model.variables, "optimizer": last.optimizer.variables, "best": self.best.variables}
        groups |= {f"optimizer_{number}": stage.optimizer.variables for number, stage in enumerate(earlier)}
        if self.average:
            groups["average"] = self.average.model.variables
        named = {
            f"{group}/{number:04}": variable.value
            for group, variables in groups.items()
            for number, variable in enumerate(variables)
        }
        return {**named, "totals": self.totals}

    def arrays(self) -> Arrays:
        """A copy of all variables.

        On a CPU the copy costs nothing: TensorFlow returns its own buffers, and uses new ones when a variable changes.
        """
        return {name: np.asarray(variable.numpy()) for name, variable in self.variables().items()}

    def about(self) -> dict[str, Any]:
        """The state outside of variables, as plain data. The step is missing: the checkpoint stores it itself."""
        return {
            "history": list(self.history),
            "best_epoch": self.best_epoch,
            "seconds": self.seconds,
            "from_weights": self.from_weights,
        }

    def load(self, arrays: Arrays, step: int, about: Mapping[str, Any]) -> None:
        """Load the whole state.

        Raises:
            ValueError: the arrays do not match this run's variables.
        """
        self._assign(arrays, lambda _: True)
        self.step, self.history, self.best_epoch = step, list(about["history"]), about["best_epoch"]
        self.seconds, self.from_weights = about["seconds"], about["from_weights"]

    def load_weights(self, arrays: Arrays) -> None:
        """Load only the model's weights; everything else stays as in a new run.

        Raises:
            ValueError: the arrays do not match this run's model.
        """
        weights = {id(weight) for weight in self.model.weights}
        names = {f"model/{n:04}" for n, v in enumerate(self.model.variables) if id(v) in weights}
        self._assign(arrays, names.__contains__)
        if self.average:
            for mean, weight in zip(self.average.model.weights, self.model.weights, strict=True):
                mean.assign(weight.value)
        self.from_weights = True

    def _assign(self, arrays: Arrays, wanted: Callable[[str], bool]) -> None:
        variables = {name: variable for name, variable in self.variables().items() if wanted(name)}
        saved = {name: arrays[name] for name in arrays if wanted(name)}
        for name in variables.keys() | saved.keys():
            shape = variables[name].shape.as_list() if name in variables else None
            saved_shape = list(saved[name].shape) if name in saved else None
            if shape != saved_shape:
                raise ValueError(f"{name} has the shape {saved_shape} in the checkpoint, {shape} in this network")
        for name, variable in variables.items():
            variable.assign(saved[name])

    def end_epoch(self, values: Epoch) -> None:
        """Add the epoch's results to the history; copy the weights if it is the best epoch so far."""
        self.history.append(values)
        self.totals.assign(tf.zeros_like(self.totals))
        self.seconds = 0.0
        if self.best_epoch is None or _rank(values) >= _rank(self.history[self.best_epoch - 1]):
            self.best_epoch = len(self.history)
            self.copy_weights_to_best()

    def copy_weights_to_best(self) -> None:
        """Copy the current weights, or their average if there is one, to the best model."""
        for best, variable in zip(self.best.variables, self.evaluated.variables, strict=True):
            best.assign(variable.value)


def _rank(values: Epoch) -> tuple[float, float]:
    """A rank by which epochs compare: the best has the highest. Without validation, the latest is the best.

    With validation it is the one of the highest accuracy, if that is measured; of equal ones, of the lowest loss.
    """
    if "val_loss" not in values:
        return (values["epoch"], 0.0)
    return (values.get("val_accuracy", 0.0), -values["val_loss"])
