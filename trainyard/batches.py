"""Batches of your own as tf.data, divided among the devices of this machine."""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np
import tensorflow as tf

from trainyard.errors import JobError

Batch = tuple[Any, Any]
"""Inputs and targets of the examples of a step: arrays, or dicts and tuples of arrays; their first axis is examples."""
Batches = Callable[[range], Iterable[Batch]]
"""The batches of some steps, in their order: a function of the step numbers and of nothing else."""


class Source:
    """The training batches.

    Args:
        batches: your function.
        steps: of the whole run.

    Raises:
        JobError: it gives no batch, or one whose arrays have different numbers of examples, or a batch depends on
            something else than its step.
    """

    def __init__(self, batches: Batches, steps: int) -> None:
        self._batches = batches
        self.first, *others = self._draw(range(min(2, steps)))
        self.size = count(self.first)
        if others and fingerprint(others[0]) != fingerprint(self._draw(range(1, 2))[0]):
            raise JobError(
                "The batch of step 1 is another one in `batches(range(2))` than in `batches(range(1, 2))`. After an "
                "interruption, the training would get other examples than uninterrupted.",
                "Make `batches` a function of the steps alone: draw with `np.random.default_rng([seed, step])`.",
            )
        # TensorFlow wraps an exception of the function into an error of its own. This is the exception itself.
        self.error: Exception | None = None

    def dataset(self, steps: range, devices: int) -> tf.data.Dataset:
        """The batches of some steps; each is cut into equal parts, which the devices take in turn."""
        part = self.size // devices

        def parts() -> Iterator[Any]:
            try:
                for step, batch in self._by_step(steps):
                    arrays = self._check(step, batch)
                    for first in range(0, self.size, part):
                        yield tf.nest.map_structure(lambda array: array[first : first + part], arrays)  # noqa: B023
            except Exception as error:
                self.error = error
                raise

        def describe(array: Any) -> Any:
            return tf.TensorSpec([part, *array.shape[1:]], array.dtype)

        made = tf.data.Dataset.from_generator(parts, output_signature=tf.nest.map_structure(describe, self.first))
        return made.prefetch(devices)

    def _draw(self, steps: range) -> list[Batch]:
        return [_as_arrays(batch) for _, batch in self._by_step(steps)]

    def _by_step(self, steps: range) -> Iterator[tuple[int, Any]]:
        """Each step and its batch.

        Raises:
            JobError: there is none.
        """
        batches = iter(self._batches(steps))
        for step in steps:
            batch = next(batches, None)
            if batch is None:
                fix = "Let it yield one for each step of its range."
                raise JobError(f"`batches` gives no batch for step {step}.", fix)
            yield step, batch

    def _check(self, step: int, batch: Any) -> Batch:
        arrays = _as_arrays(batch)
        tf.nest.assert_same_structure(self.first, arrays)
        for array, first in zip(tf.nest.flatten(arrays), tf.nest.flatten(self.first), strict=True):
            if (array.shape, array.dtype) != (first.shape, first.dtype):
                raise JobError(
                    f"The batch of step {step} has an array {array.dtype} {array.shape}, that of step 0 has "
                    f"{first.dtype} {first.shape}.",
                    "Give every batch the same shapes and types: fill the last batch of a pass with the next pass.",
                )
        return arrays


def validation_batches(validation: Batch, per_device: int) -> tf.data.Dataset:
    """Each example once, in batches of at most ``per_device``; then empty batches without end.

    The empty batches are for the steps in which only other devices have examples left.
    """
    examples = tf.data.Dataset.from_tensor_slices(validation).batch(per_device)
    empty = tf.nest.map_structure(lambda array: tf.zeros([0, *array.shape[1:]], array.dtype), validation)
    return examples.concatenate(tf.data.Dataset.from_tensors(empty).repeat())


def as_validation(arrays: Any) -> Batch:
    """The validation examples as arrays.

    Raises:
        JobError: the arrays have different numbers of examples, or none.
    """
    checked = _as_arrays(arrays)
    if not count(checked):
        raise JobError("The validation arrays have no example.", "Leave out `validation`, or give it some.")
    return checked


def count(batch: Batch) -> int:
    """The number of examples.

    Raises:
        JobError: the arrays have different numbers of examples.
    """
    shapes = [array.shape for array in tf.nest.flatten(batch)]
    if len({shape[:1] for shape in shapes}) != 1 or not shapes[0]:
        listed = ", ".join(map(str, shapes))
        raise JobError(
            f"The arrays of a batch have the shapes {listed}.", "Give them all the same first axis: the examples."
        )
    return int(shapes[0][0])


def fingerprint(batch: Batch) -> str:
    """The first digits of a digest of the arrays: their types, shapes and bytes."""
    made = hashlib.sha256()
    for array in tf.nest.flatten(batch):
        made.update(f"{array.dtype} {array.shape}\n".encode())
        made.update(np.ascontiguousarray(array).tobytes())
    return made.hexdigest()[:16]


def _as_arrays(batch: Any) -> Batch:
    """A batch as numpy arrays, in the same structure.

    Raises:
        JobError: it is no pair of inputs and targets.
    """
    if not isinstance(batch, tuple | list) or len(batch) != 2:
        raise JobError(
            f"A batch is {type(batch).__name__}, not a pair of inputs and targets.", "Give a pair: (inputs, targets)."
        )
    inputs, targets = map(_in_structure, batch)
    return inputs, targets


def _in_structure(value: Any) -> Any:
    """Make arrays of everything but dicts and tuples, which are structures of arrays."""
    if isinstance(value, dict):
        return {name: _in_structure(each) for name, each in value.items()}
    return tuple(map(_in_structure, value)) if isinstance(value, tuple) else np.asarray(value)
