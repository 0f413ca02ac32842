"""Small fits with `Resume`, uninterrupted and stopped, and what they end with."""

import hashlib
import os
import signal
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import keras
import numpy as np

from trainyard.resume import Resume

RNG = np.random.default_rng(0)
X = RNG.normal(size=(26, 8)).astype("float32")
Y = RNG.integers(0, 3, 26)
VALIDATION = (X[:20], Y[:20])
BATCH, STEPS = 8, 4


def network(width: int = 6, dropout: float = 0.5) -> Any:
    """A network with random weights of a fixed seed."""
    keras.utils.set_random_seed(1)
    layers = keras.layers
    hidden = [layers.Dense(width, activation="relu"), layers.Dropout(dropout), layers.BatchNormalization()]
    return keras.Sequential([keras.Input((8,)), *hidden, layers.Dense(3)])


def compiled(model: Any = None, learning_rate: float = 0.01, **options: Any) -> Any:
    """A network that `fit` can train. Eager steps: the tests train fewer steps than a graph takes to be traced."""
    model = network() if model is None else model
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    optimizer = keras.optimizers.SGD(learning_rate, momentum=0.9)
    model.compile(optimizer, loss, metrics=["accuracy"], **{"run_eagerly": True, **options})
    return model


# ruff: noqa: ARG002 -- the signatures of Keras's callbacks


class SignalAt(keras.callbacks.Callback):  # type: ignore[misc]
    """Sends a signal to its own process after a batch of an epoch, and remembers the batches.

    Args:
        epoch: from 0.
        batch: from 0, as Keras counts them.
        method: after which call: on_train_batch_end, on_test_batch_end.
        number: of the signal.
    """

    def __init__(self, epoch: int, batch: int, method: str = "on_train_batch_end", number: int = signal.SIGTERM):
        super().__init__()
        self.at, self.method, self.number = (epoch, batch), method, number
        self.now = -1
        self.seen: list[tuple[int, int]] = []

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self.now = epoch

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self.seen.append((self.now, batch))
        self._send("on_train_batch_end", batch)

    def on_test_batch_end(self, batch: int, logs: Any = None) -> None:
        self._send("on_test_batch_end", batch)

    def _send(self, method: str, batch: int) -> None:
        if (self.now, batch) == self.at and method == self.method:
            os.kill(os.getpid(), self.number)

    def get_state(self) -> dict[str, Any]:
        return {}

    def set_state(self, state: dict[str, Any]) -> None:
        pass


class CountsBatches(keras.callbacks.Callback):  # type: ignore[misc]
    """A callback of one's own, with a state of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.begun, self.losses = 0, np.zeros(0)

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        self.begun += 1

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self.losses = np.append(self.losses, (logs or {})["loss"])

    def get_state(self) -> dict[str, Any]:
        return {"begun": self.begun, "losses": {"all": self.losses, "each": list(self.losses)}}

    def set_state(self, state: dict[str, Any]) -> None:
        self.begun, self.losses = state["begun"], state["losses"]["all"]


class NotStorable(CountsBatches):
    """Its state has a set."""

    def get_state(self) -> dict[str, Any]:
        return {"seen": {1, 2}}


class Prints(keras.callbacks.Callback):  # type: ignore[misc]
    """Remembers nothing."""


class Forgets(keras.callbacks.Callback):  # type: ignore[misc]
    """Remembers something, and has no methods to keep it."""

    def __init__(self) -> None:
        super().__init__()
        self.count = 0


class Breaks(keras.callbacks.Callback):  # type: ignore[misc]
    """Has a bug."""

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        raise RuntimeError("a bug of the script")


@dataclass
class Fit:
    """A fit that ended.

    Args:
        batches: the batches that it trained, each as (epoch, batch).
    """

    model: Any
    resume: Resume
    history: dict[str, list[float]]
    batches: list[tuple[int, int]]
    callbacks: list[Any] = field(default_factory=list)

    @property
    def bits(self) -> str:
        """A digest of all variables of the model and its optimizer."""
        digest = hashlib.sha256()
        for variable in [*self.model.variables, *self.model.optimizer.variables]:
            digest.update(np.asarray(variable).tobytes())
        return digest.hexdigest()


def run(
    folder: Path,
    callbacks: Callable[[], Sequence[Any]] = list,
    *,
    stop: SignalAt | None = None,
    model: Any = None,
    epochs: int = 3,
    first: bool = False,
    steps: int | None = None,
    validation: bool = True,
) -> Fit:
    """Fit with `Resume.batches`, from the newest checkpoint in the folder.

    Args:
        callbacks: makes the other callbacks.
        first: `Resume` is the first of the callbacks, instead of the last.
    """
    model = compiled() if model is None else model
    resume = Resume(model, folder, steps=steps)
    data = resume.batches((X, Y), BATCH, seed=3)
    stop = stop or SignalAt(-1, -1)
    others = list(callbacks())
    returned = model.fit(
        data,
        validation_data=VALIDATION if validation else None,
        epochs=epochs,
        initial_epoch=resume.epoch,
        callbacks=[resume, *others, stop] if first else [*others, stop, resume],
        shuffle=False,
        verbose=0,
    )
    return Fit(model, resume, returned.history, stop.seen, others)


def epochs_of(fit: Fit) -> list[int]:
    """The epochs of which it trained batches."""
    return sorted({epoch for epoch, _ in fit.batches})
