"""Makes the optimizers: Keras's, with a learning rate and a weight decay for each variable and a limit of the gradient.

Keras's own `global_clipnorm` limits the gradient of each device before they are added up (seen with 3.15), and its
optimizers have one learning rate.
"""

from collections.abc import Callable, Sequence
from typing import Any

import keras
import tensorflow as tf

from trainer.contract.hyperparameters import Hyperparameters
from trainyard.networks import precision


class _Fitted:
    """The methods of an optimizer with settings for each variable. A class of Keras's optimizers is its other base."""

    factors: Sequence[float]
    decays: Sequence[float]
    clip_norm: float

    def fit_to(self, variables: Sequence[Any], factor: Callable[[Any], float], decay: float, clip_norm: float) -> None:
        """Prepare to train some variables.

        Args:
            variables: the trainable ones.
            factor: what multiplies the learning rate of a variable.
            decay: of weights: each step removes this share, times the variable's learning rate. Biases and the scales
                of normalization, which have one axis, are not decayed.
            clip_norm: the largest norm of the gradient of all variables, added up over the devices; 0 for no limit.
        """
        self.factors = tuple(factor(variable) for variable in variables)
        self.decays = tuple(decay if len(variable.shape) > 1 else 0.0 for variable in variables)
        self.clip_norm = clip_norm
        self.build(variables)  # type: ignore[attr-defined]  # of Keras's optimizer

    def _all_reduce_sum_gradients(self, grads_and_vars: Sequence[Any]) -> Any:
        """Keras's sum over the devices, then the limit. A loss scale is already removed."""
        summed = super()._all_reduce_sum_gradients(grads_and_vars)  # type: ignore[misc]
        if not self.clip_norm:
            return summed
        clipped, _ = tf.clip_by_global_norm([gradient for gradient, _ in summed], self.clip_norm)
        return [(gradient, variable) for gradient, (_, variable) in zip(clipped, summed, strict=True)]

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """Keras's update of one variable, at the variable's own learning rate."""
        number = self._get_variable_index(variable)  # type: ignore[attr-defined]
        factor, decay = self.factors[number], self.decays[number]
        rate = learning_rate if factor == 1 else learning_rate * factor
        if decay:
            self.assign_sub(variable, variable * (rate * decay))  # type: ignore[attr-defined]
        super().update_step(gradient, variable, rate)  # type: ignore[misc]


class _Adam(_Fitted, keras.optimizers.Adam):  # type: ignore[misc]  # Keras publishes no types
    pass


class _SGD(_Fitted, keras.optimizers.SGD):  # type: ignore[misc]
    pass


class _Lion(_Fitted, keras.optimizers.Lion):  # type: ignore[misc]
    pass


class _Schedule(keras.optimizers.schedules.LearningRateSchedule):  # type: ignore[misc]
    """Another schedule from one of its steps on, with a linear rise at its beginning."""

    def __init__(self, rate: Any, first: int, warmup: int) -> None:
        self._rate, self._first, self._warmup = rate, first, warmup

    def __call__(self, step: Any) -> Any:
        """The learning rate of a step."""
        step = tf.cast(step, tf.float32) + self._first
        rate = self._rate(step) if callable(self._rate) else tf.constant(self._rate)
        return rate * tf.minimum(1.0, (step + 1) / self._warmup) if self._warmup else rate


def learning_rate(settings: Hyperparameters, steps_per_epoch: int, schedule_epochs: int | None, first: int) -> Any:
    """Return the learning rate: a number or a schedule. It depends only on the optimizer's number of steps.

    Args:
        settings: learning_rate and warmup_epochs are used.
        steps_per_epoch: optimizer steps in an epoch.
        schedule_epochs: the length of the cosine; None for a constant rate.
        first: the step of the run at which the optimizer begins.
    """
    rate: Any = settings.learning_rate
    if schedule_epochs:
        rate = keras.optimizers.schedules.CosineDecay(rate, schedule_epochs * steps_per_epoch)
    warmup = settings.warmup_epochs * steps_per_epoch
    return _Schedule(rate, first, warmup) if first or warmup else rate


def make(
    settings: Hyperparameters, rate: Any, variables: Sequence[Any], backbone: Sequence[Any], compute_type: str
) -> Any:
    """Make the optimizer of some variables, in the strategy's scope and before tracing.

    Variables that are created later would belong to the trace.

    Args:
        settings: optimizer, momentum, weight_decay, clip_norm and backbone_learning_rate are used.
        rate: of `learning_rate`.
        variables: what is trained.
        backbone: the variables of the backbone, trained or not.
        compute_type: the precision; for float16 the loss is scaled.
    """
    if settings.optimizer == "sgd":
        inner: Any = _SGD(rate, momentum=settings.momentum)
    else:
        inner = _Lion(rate) if settings.optimizer == "lion" else _Adam(rate)
    slow = {id(variable) for variable in backbone}
    decay = 0.0 if settings.optimizer == "adam" else settings.weight_decay
    inner.fit_to(
        variables,
        lambda variable: settings.backbone_learning_rate if id(variable) in slow else 1.0,
        decay,
        settings.clip_norm,
    )
    made = precision.optimizer(inner, compute_type)
    if made is not inner:
        made.build(variables)
    return made
