"""Resume a Keras `fit` after an interruption: `from trainyard import Resume`.

    resume = Resume(model)
    data = resume.batches((images, labels), batch_size=32, seed=7)
    model.fit(data, epochs=20, initial_epoch=resume.epoch, callbacks=[EarlyStopping(patience=3), resume])

This file needs only Keras 3 on TensorFlow. You may copy it beside a script that also runs elsewhere.

A checkpoint is a folder, named after the batches trained so far:

    step-00000320/state.npz       the arrays
    step-00000320/about.json      epoch, step, history, state of the callbacks, settings of the run
    step-00000320/manifest.json   size and sha256 of these two

What Keras does around a callback, which this file relies on, is in its own source:
https://github.com/keras-team/keras/blob/v3.15.1/keras/src/backend/tensorflow/trainer.py (`fit`, `evaluate`) and
https://github.com/keras-team/keras/blob/v3.15.1/keras/src/callbacks/callback_list.py
"""

import errno
import functools
import hashlib
import json
import os
import re
import shutil
import signal
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

import keras
import numpy as np
from keras import callbacks
from numpy.typing import NDArray

# SAGEMAKER_BASE_DIR is set where a job is a process of its own machine, as in the local cloud without containers.
SAGEMAKER_FOLDER = Path(os.environ.get("SAGEMAKER_BASE_DIR") or "/opt/ml") / "checkpoints"
JOB_NAME = "TRAINING_JOB_NAME"
STATE, ABOUT, MANIFEST = "state.npz", "about.json", "manifest.json"
# After this time, a checkpoint is assumed to be in S3.
UPLOAD_SECONDS = 60.0
SPARE_BYTES = 1 << 16  # a checkpoint's text and its folder, beside the arrays

Arrays = dict[str, NDArray[Any]]

# Ends an epoch that began in its middle, as `model.stop_training`, which ends the whole training if it stays.
_EPOCH_DONE = "the epoch is done"
# NumPy's kinds of numbers and text.
_STORABLE = "biufcSU"
# An epoch that no `fit` reaches.
_NEVER = sys.maxsize
# What Keras's callbacks remember from one epoch to the next.
KEPT_ATTRIBUTES: Mapping[Any, Sequence[str]] = {
    callbacks.EarlyStopping: ("wait", "stopped_epoch", "best", "best_epoch", "best_weights"),
    callbacks.ReduceLROnPlateau: ("wait", "best", "cooldown_counter"),
    callbacks.ModelCheckpoint: ("best", "_batches_seen_since_last_saving", "_last_batch_seen"),
    callbacks.SwapEMAWeights: ("_ema_weights_in_model",),
    callbacks.TensorBoard: ("_global_train_batch", "_global_test_batch"),
}


class ResumeError(Exception):
    """A run that cannot be resumed or kept: the first line says why, the second what to do."""

    def __init__(self, problem: str, fix: str) -> None:
        super().__init__(f"{problem}\n{fix}")


class Resume(keras.callbacks.Callback):  # type: ignore[misc]  # Keras has no types
    """Keeps the state of a Keras `fit`, and resumes from the newest complete checkpoint.

    The state is that of the model, its optimizer, its metrics and seeds, the history, and the other callbacks. The
    order of the callbacks does not matter. On SIGTERM, `fit` writes a checkpoint and returns after the current batch.

    Args:
        model: built, so that it has weights. Compile it before `fit`.
        folder: for the checkpoints of this one `fit`. The default is /opt/ml/checkpoints, which SageMaker copies to
            S3; where that does not exist, nothing is kept.
        seconds: the least time between two checkpoints. They are rarer if they took more than 1% of the time.
        steps: write one after each so many batches instead, and wait for the disk if it is slower.

    Attributes:
        stopped: whether SIGTERM ended the last `fit`.
        history: the metrics of all whole epochs, as in Keras's `History.history`.

    Raises:
        ResumeError: the model has no weights yet, the folder cannot be used, or its newest checkpoint is of another
            model or another program.
    """

    def __init__(
        self, model: Any, folder: str | Path | None = None, *, seconds: float = 30.0, steps: int | None = None
    ) -> None:
        super().__init__()
        check_model(model)
        self.stopped = False
        self.history: dict[str, list[Any]] = {}
        self._interval = Interval(seconds, steps)
        self._data: ShuffledBatches | None = None
        self._list: Any = None
        self._hidden: list[Any] | None = None
        self._former: Any = None
        self._fit: CodeType | None = None
        self._settings: dict[str, Any] = {}
        self._done = 0
        self._signalled = False
        self._pending: State | None = None
        self._epoch, self._first, self._before, self._ended = 0, 0, 0, False
        self._writer = Writer(usable_folder(folder))
        self._found = find_newest(self._writer.folder) if self._writer.folder else None
        if self._found:
            check_shapes(self._found, "model", model.variables)
            about = self._found.about
            self._epoch, self._first, self._ended = about["epoch"], about["step"], about["ended"]
            self._before = about["batches"] - self._first
            self.history = unpack(about["history"], self._found.arrays)

    @property
    def epoch(self) -> int:
        """The number of whole epochs so far: `initial_epoch` of `fit`.

        If a callback such as EarlyStopping ended the run, it is larger than any number of epochs: `fit` trains no more.
        """
        return _NEVER if self._ended else self._epoch

    def batches(self, data: Any, batch_size: int, seed: int = 0) -> Any:
        """Shuffled batches that are a function of the seed, the epoch and the step, so that `fit` resumes at the step.

        Args:
            data: an array, or a tuple or dict of arrays, nested or not, all with the same number of examples. A
                `numpy.memmap` is not loaded into memory.
            batch_size: examples in a batch. The last batch of an epoch has the rest.
            seed: another one gives another order.

        Returns:
            A `tf.data.Dataset` of one epoch. You may `map` it, batch by batch, and `prefetch` it.

        Raises:
            ResumeError: the arrays make no batches, or this is the second call.
        """
        if self._data:
            raise ResumeError(
                "resume.batches was called twice.", "Call it for the training data. Give fit other data as they are."
            )
        self._data = ShuffledBatches(data, batch_size, seed)
        return self._data.dataset()

    # What Keras calls. `Resume` is the last in the list, so it sees what the other callbacks did.

    def on_train_begin(self, logs: Any = None) -> None:  # noqa: ARG002 -- Keras's signature
        """Load the checkpoint, after the other callbacks have forgotten their state.

        Raises:
            ResumeError: the results would not be those of the uninterrupted run, or it has more epochs already.
        """
        caller: Any = sys._getframe(1)  # Keras tells a callback nothing about the others: only its caller knows them
        every = caller.f_locals.get("self")
        check_callbacks(every)
        if every.callbacks[-1] is not self:
            every.callbacks.append(self)  # Keras then calls this method once more, as the last
            return
        while every.callbacks.count(self) > 1:
            every.callbacks.remove(self)
        self._list, self._fit = every, caller.f_back.f_code
        self.stopped, self._signalled, self._pending = False, False, None
        self._check_length(caller.f_back.f_locals.get("steps_per_epoch"))
        self._settings = run_settings(self.model, self._data)
        if self._found:
            check_settings(self._found, self._settings)
            build_optimizer(self.model)
            self._load(self._found)
            self._report_start(self._found)
        for line in callback_warnings(list(self._others().values()), self._writer.folder):
            say(f"warning: {line}")
        self._interval.restart(self._before + self._first)
        self._take_sigterm()

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:  # noqa: ARG002
        """Let the data and the batch numbers begin where the checkpoint was written.

        Raises:
            ResumeError: `fit` begins at another epoch than the checkpoint.
        """
        if epoch != self._epoch:
            raise ResumeError(
                f"fit begins at epoch {epoch}, but {self._epoch} epochs are done.",
                "Pass initial_epoch=resume.epoch to fit.",
            )
        self._done = self._first
        if self._data:
            self._data.begin(epoch, self._first, self._stride())
        if self._found and self._first:
            self._load(self._found)  # other callbacks have begun this epoch a second time
            self._enter_middle(self._found)

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:  # noqa: ARG002 -- versions count it differently
        """Write a checkpoint if it is due; end the epoch after a SIGTERM."""
        if self._data:
            self._data.check_read()
        self._done += self._stride()
        step, steps = self._done, self.params["steps"]
        if steps is not None and step >= steps:
            if self._first and not self.model.stop_training:
                self.model.stop_training = _EPOCH_DONE
            return
        if self._signalled:
            if self._can_stop_at_a_step():
                self._take(step)
            self._cut_epoch()
        # A stop during the validation resumes before the last step: the validation changes the metrics.
        elif self._can_stop_at_a_step() and (
            step + self._stride() == steps or self._interval.is_due(self._before + step, self._writer)
        ):
            self._take(step)

    def on_test_begin(self, logs: Any = None) -> None:  # noqa: ARG002
        """After a SIGTERM, end the validation after one batch."""
        if self._signalled:
            self.model.stop_evaluating = True

    def on_test_batch_end(self, batch: int, logs: Any = None) -> None:  # noqa: ARG002
        """After a SIGTERM, end the validation."""
        if self._signalled:
            self.model.stop_evaluating = True

    def on_test_end(self, logs: Any = None) -> None:  # noqa: ARG002
        """After a SIGTERM, the validation is not whole, and so the epoch is not."""
        if self._signalled and self._hidden is None:
            self._cut_epoch()

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:  # noqa: ARG002
        """Take a copy of the state; after a SIGTERM, end the training."""
        self._leave_middle()
        if self._hidden is not None:
            self._list.callbacks, self._hidden = self._hidden, None
            return
        if self.model.stop_training is _EPOCH_DONE:
            self.model.stop_training = False
        self._epoch, self._ended = epoch + 1, bool(self.model.stop_training)
        self._before += self._done
        self.history = {name: list(values) for name, values in self._keras_history().history.items()}
        self._take(0)
        if self._signalled:
            self.model.stop_training = self.stopped = True

    def on_train_end(self, logs: Any = None) -> None:  # noqa: ARG002
        """Write the newest state, and give SIGTERM back."""
        if self._pending:
            self._writer.submit(self._pending)
            self._pending = None
        self._writer.wait()
        if self.stopped:
            say(f"stopped by SIGTERM; {self._writer.describe()}")
        self._give_sigterm_back()
        self._list = None

    # Parts of these.

    def _check_length(self, steps_per_epoch: int | None) -> None:
        if self.params["epochs"] < self._epoch + bool(self._first):
            raise ResumeError(
                f"The checkpoint is past the end of this fit: epochs={self.params['epochs']}, {self._epoch} are done.",
                "Give fit more epochs, or give Resume an empty folder to start anew.",
            )
        # With steps_per_epoch, Keras would go on reading an iterator of the epoch before.
        if self._data and (self.params["steps"] != self._data.steps or steps_per_epoch is not None):
            raise ResumeError(
                f"fit has {self.params['steps']} batches in an epoch, resume.batches gave {self._data.steps}, and "
                f"steps_per_epoch is {steps_per_epoch}.",
                "Give fit this dataset, without repeat, unbatch and steps_per_epoch.",
            )

    def _stride(self) -> int:
        """Batches from one call of a callback to the next."""
        return int(self.model.steps_per_execution)

    def _can_stop_at_a_step(self) -> bool:
        return self._data is not None and self._data.steps % self._stride() == 0

    def _keras_history(self) -> Any:
        every = [each for each in self._list.callbacks if isinstance(each, callbacks.History)]
        return every[0] if every else callbacks.History()

    def _others(self) -> dict[str, Any]:
        """The other callbacks, by their class and their number in it."""
        named: dict[str, Any] = {}
        for each in self._list.callbacks:
            if each is not self:
                kind = type(each).__name__
                named[f"{kind}-{sum(name.startswith(f'{kind}-') for name in named)}"] = each
        return named

    def _snapshot(self, step: int) -> "State":
        """A copy of the whole state.

        Args:
            step: batches of the epoch so far; 0 after its end.
        """
        before = time.monotonic()
        arrays = {
            f"{group}/{number:06}": copy_array(variable)
            for group, variables in state_variables(self.model, with_metrics=step > 0).items()
            for number, variable in enumerate(variables)
        }
        about = {
            "program": "trainyard.Resume",
            "batches": self._before + step,
            "epoch": self._epoch,
            "step": step,
            "ended": self._ended,
            "history": pack(self.history, "history", arrays),
            "callbacks": {name: pack(callback_state(each), name, arrays) for name, each in self._others().items()},
            "settings": self._settings,
        }
        return State(arrays, about, time.monotonic() - before)

    def _take(self, step: int) -> None:
        """Take a copy of the state. If a checkpoint is due, write it; else keep it for the end of `fit`."""
        if self._writer.folder is None:
            return
        self._pending = self._snapshot(step)
        if self._interval.is_due(self._pending.batches, self._writer):
            self._writer.submit(self._pending)
            self._interval.restart(self._pending.batches)
            self._pending = None

    def _load(self, found: "State") -> None:
        """Load the whole state, except the metrics: Keras has not built them yet."""
        groups = state_variables(self.model, with_metrics=False)
        for group, variables in groups.items():
            check_shapes(found, group, variables)
            assign(variables, found.group(group))
        history = self._keras_history()
        history.history = {name: list(values) for name, values in self.history.items()}
        history.epoch = list(range(self._epoch))
        others = self._others()
        for name in others.keys() & found.about["callbacks"].keys():
            restore_callback(others[name], unpack(found.about["callbacks"][name], found.arrays))

    def _report_start(self, found: "State") -> None:
        if self._ended:
            say(f"the run in {found.path} has ended: a callback ended it after epoch {self._epoch}")
        elif self._epoch == self.params["epochs"]:
            say(f"the run in {found.path} has ended: all {self._epoch} epochs are done")
        else:
            at = f"epoch {self._epoch + 1}" + (f", after step {self._first}" if self._first else "")
            say(f"resumes from {found.path}: {at}")
        for name in sorted(set(found.about["callbacks"]) - set(self._others())):
            say(f"note: the checkpoint has the state of {name.rpartition('-')[0]}, which is no callback of this fit")

    def _enter_middle(self, found: "State") -> None:
        """Let this epoch begin after its first `self._first` batches, with the metrics of these.

        Keras builds the metrics in the first batch. So the data give that batch twice. The first time only builds, and
        what it changed is undone.
        """
        train = self.model.train_function

        def build_and_train(iterator: Any) -> Any:
            self.model.train_function = train
            variables = [each for group in state_variables(self.model, with_metrics=False).values() for each in group]
            before = [copy_array(each) for each in variables]
            train(iterator)
            assign(variables, before)
            check_shapes(found, "metrics", self.model.metrics_variables)
            assign(self.model.metrics_variables, found.group("metrics"))
            return train(iterator)

        self.model.train_function = build_and_train
        for name in ("on_train_batch_begin", "on_train_batch_end"):
            method = getattr(self._list, name)
            setattr(self._list, name, functools.partial(call_shifted, method, self._first))

    def _leave_middle(self) -> None:
        for name in ("on_train_batch_begin", "on_train_batch_end"):
            vars(self._list).pop(name, None)
        self._first, self._found = 0, None

    def _cut_epoch(self) -> None:
        """End an epoch that is not whole, and hide its end from the other callbacks."""
        self._hidden, self._list.callbacks = self._list.callbacks, [self]
        self.model.stop_training = self.stopped = True

    def _take_sigterm(self) -> None:
        in_main_thread = threading.current_thread() is threading.main_thread()
        if in_main_thread and signal.getsignal(signal.SIGTERM) != self._on_sigterm:
            self._former = signal.signal(signal.SIGTERM, self._on_sigterm)

    def _give_sigterm_back(self) -> None:
        if signal.getsignal(signal.SIGTERM) == self._on_sigterm:
            signal.signal(signal.SIGTERM, self._former or signal.SIG_DFL)

    def _on_sigterm(self, number: int, frame: FrameType | None) -> None:
        """Remember it. If an exception has ended `fit`, the signal is for the former handler."""
        while frame and frame.f_code is not self._fit:
            frame = frame.f_back
        if frame:
            self._signalled = True
        else:
            self._give_sigterm_back()
            signal.raise_signal(number)


def call_shifted(method: Callable[..., None], by: int, batch: int, logs: Any = None) -> None:
    """Call a method of a callback with a higher number of the batch."""
    method(batch + by, logs)


class ShuffledBatches:
    """Batches of arrays; each is a function of the seed, the epoch and the step.

    Args:
        data: an array, or a tuple or dict of arrays, nested or not.
        batch_size: examples in a batch.
        seed: of the order.

    Raises:
        ResumeError: the arrays have no or different numbers of examples, or have neither numbers nor text.
    """

    def __init__(self, data: Any, batch_size: int, seed: int) -> None:
        import tensorflow as tf

        self._data = as_arrays(data)
        self._leaves = tf.nest.flatten(self._data)
        sizes = {len(leaf) if leaf.ndim else 0 for leaf in self._leaves}
        if len(sizes) != 1 or 0 in sizes:
            raise ResumeError(
                f"The arrays have {' and '.join(map(str, sorted(sizes)))} examples.",
                "Give resume.batches arrays with the same number of examples, at least one.",
            )
        self.size, self.batch_size, self.seed = sizes.pop(), batch_size, seed
        self._at = (0, 0, 1)
        self._order: tuple[int, NDArray[Any]] = (-1, np.empty(0))
        self._read = False

    @property
    def steps(self) -> int:
        """Batches in an epoch."""
        return -(-self.size // self.batch_size)

    def begin(self, epoch: int, first: int, repeated: int) -> None:
        """Set the next epoch: the batches from `first`. If it is not 0, the first `repeated` ones come twice."""
        self._at, self._read = (epoch, first, repeated), False

    def check_read(self) -> None:
        """Check that `fit` reads this epoch from here.

        Raises:
            ResumeError: it reads other data, or those of an earlier epoch.
        """
        if not self._read:
            raise ResumeError(
                "fit does not read resume.batches in this epoch.", "Give fit the dataset that it returned, not cached."
            )

    def rows(self, number: int) -> NDArray[np.intp]:
        """The examples of a batch.

        Args:
            number: counts the batches of this epoch that were given so far.
        """
        self._read = True
        epoch, first, repeated = self._at
        step = number if not first else first + (number if number < repeated else number - repeated)
        order = self._order  # the thread of an earlier iterator may replace it
        if order[0] != epoch:
            order = self._order = (epoch, permutation(self.size, self.seed, epoch))
        # What comes after the end of a shorter epoch is prefetched and never used.
        step = min(step, self.steps - 1)
        return order[1][step * self.batch_size : (step + 1) * self.batch_size]

    def settings(self) -> dict[str, Any]:
        """What the batches depend on, with a digest of the first numbers, such as labels: text may be paths."""
        first = permutation(self.size, self.seed, 0)[: self.batch_size]
        digest = hashlib.sha256()
        for leaf in self._leaves:
            digest.update(b"" if leaf.dtype.kind == "S" else leaf[first].tobytes())
        return {
            "examples": self.size,
            "batch_size": self.batch_size,
            "seed": self.seed,
            "first numbers": digest.hexdigest()[:12],
        }

    def dataset(self) -> Any:
        """The `tf.data.Dataset` of one epoch. Its iterator gives the epoch that `begin` has set."""
        import tensorflow as tf

        types = [tf.string if leaf.dtype.kind == "S" else tf.as_dtype(leaf.dtype) for leaf in self._leaves]

        def take(number: Any) -> Any:
            rows = self.rows(int(number))
            return [leaf[rows] for leaf in self._leaves]

        def read(number: Any) -> Any:
            batch = tf.numpy_function(take, [number], types)
            for tensor, leaf in zip(batch, self._leaves, strict=True):
                tensor.set_shape((None, *leaf.shape[1:]))
            return tf.nest.pack_sequence_as(self._data, batch)

        as_written = tf.autograph.experimental.do_not_convert(read)  # there is nothing to convert
        return tf.data.Dataset.range(self.steps).map(as_written).prefetch(2)


def as_arrays(data: Any) -> Any:
    """The same tuples and dicts, with an array for everything else. Text becomes UTF-8, as TensorFlow has it.

    Raises:
        ResumeError: an array has neither numbers nor text.
    """
    if isinstance(data, dict):
        return {name: as_arrays(value) for name, value in data.items()}
    if isinstance(data, tuple):
        return tuple(as_arrays(value) for value in data)
    array = np.asarray(data)
    if array.dtype.hasobject:
        array = np.array(array.tolist())
    if array.dtype.kind not in _STORABLE:
        raise ResumeError(
            f"The examples are of the type {array.dtype}.", "Give resume.batches arrays of numbers or text."
        )
    return np.char.encode(array, "utf-8") if array.dtype.kind == "U" else array


def permutation(size: int, seed: int, epoch: int) -> NDArray[np.intp]:
    """The order of an epoch: the same in every version of NumPy, which promises that for Philox's raw numbers.

    https://numpy.org/neps/nep-0019-rng-policy.html
    """
    return np.argsort(np.random.Philox(key=[seed, epoch]).random_raw(size), kind="stable")


# The state: variables and callbacks.


def state_variables(model: Any, with_metrics: bool) -> dict[str, Sequence[Any]]:
    """The variables of the model, of each optimizer that is an attribute of it, and of the metrics."""
    groups = {"model": model.variables}
    groups.update((name, optimizer.variables) for name, optimizer in optimizers(model).items())
    return {**groups, "metrics": model.metrics_variables} if with_metrics else groups


def optimizers(model: Any) -> dict[str, Any]:
    """The optimizers that are attributes of the model, by their names."""
    return {name: value for name, value in vars(model).items() if isinstance(value, keras.optimizers.Optimizer)}


def build_optimizer(model: Any) -> None:
    """Create the optimizer's variables; Keras does it in the first batch."""
    if model.optimizer is not None and not model.optimizer.built:
        with model.distribute_strategy.scope():
            model.optimizer.build(model.trainable_variables)


def copy_array(value: Any) -> NDArray[Any]:
    """A copy of a value. NumPy's files cannot hold bfloat16 and the like, and float32 holds them exactly."""
    if isinstance(value, keras.Variable) or keras.ops.is_tensor(value):
        value = keras.ops.convert_to_tensor(value).numpy()
    array = np.array(value)
    return array.astype(np.float32) if array.dtype.kind == "V" else array


def assign(variables: Sequence[Any], arrays: Sequence[NDArray[Any]]) -> None:
    """Set the variables."""
    for variable, array in zip(variables, arrays, strict=True):
        variable.assign(array)


def callback_state(callback: Any) -> dict[str, Any]:
    """What a callback remembers: numbers, text, arrays, and lists and dicts of these."""
    if has_own_state(callback):
        return {"own": callback.get_state()}
    if isinstance(callback, callbacks.CSVLogger):
        path = Path(callback.filename)
        return {"text": path.read_bytes().decode() if path.exists() else "", "keys": callback.keys}
    return {name: getattr(callback, name) for name in kept_attributes(callback)}


def restore_callback(callback: Any, state: dict[str, Any]) -> None:
    """The reverse of `callback_state`, after the callback's `on_train_begin`."""
    if has_own_state(callback):
        callback.set_state(state["own"])
    elif isinstance(callback, callbacks.CSVLogger):
        # Its on_train_begin has emptied the file, or the file has lines that were written after the checkpoint.
        callback.csv_file.close()
        Path(callback.filename).write_bytes(state["text"].encode())
        callback.csv_file = Path(callback.filename).open("a", encoding="utf-8")  # noqa: SIM115 -- it closes it
        callback.append_header, callback.keys, callback.writer = not state["text"], state["keys"], None
    else:
        for name in kept_attributes(callback):
            setattr(callback, name, state[name])


def kept_attributes(callback: Any) -> list[str]:
    """The attributes of one of Keras's callbacks that are its state; not every version has all."""
    names = [name for kind, names in KEPT_ATTRIBUTES.items() if isinstance(callback, kind) for name in names]
    return [name for name in names if hasattr(callback, name)]


def has_own_state(callback: Any) -> bool:
    """Whether a callback has `get_state` and `set_state`."""
    return hasattr(callback, "get_state") and hasattr(callback, "set_state")


def callback_warnings(others: Sequence[Any], folder: Path | None) -> list[str]:
    """What of these callbacks is lost in an interruption.

    Args:
        others: all callbacks but `Resume`.
        folder: of the checkpoints.
    """
    lines = []
    for each in others:
        from_keras = type(each).__module__.partition(".")[0] == "keras"
        if not from_keras and not has_own_state(each) and vars(each).keys() - {"params", "_model"}:
            lines.append(
                f"what {type(each).__name__} remembers is not kept: give it get_state() and set_state(state), "
                "with numbers, text, arrays, lists and dicts"
            )
        saves_model = isinstance(each, callbacks.ModelCheckpoint)
        kept = folder is not None and SAGEMAKER_FOLDER in (folder, folder.parent)
        if saves_model and folder and kept and folder not in Path(each.filepath).absolute().parents:
            lines.append(f"ModelCheckpoint writes {each.filepath}, which a new machine lacks: let it write to {folder}")
    return lines


def pack(value: Any, name: str, arrays: Arrays) -> Any:
    """Plain data for JSON; the arrays in it are added to `arrays`.

    Raises:
        ResumeError: it has something else than numbers, text, arrays, and lists and dicts of these.
    """
    if isinstance(value, dict):
        return {"dict": {str(key): pack(each, f"{name}/{key}", arrays) for key, each in value.items()}}
    if isinstance(value, list | tuple):
        return [pack(each, f"{name}/{number}", arrays) for number, each in enumerate(value)]
    if value is None or isinstance(value, bool | int | float | str):
        return value
    array = copy_array(value)
    if array.dtype.kind not in _STORABLE:
        raise ResumeError(
            f"{name} has a {type(value).__name__}, which a checkpoint cannot hold.",
            "Let get_state() return numbers, text, arrays, lists and dicts.",
        )
    arrays[name] = array
    return {"array": name}


def unpack(packed: Any, arrays: Arrays) -> Any:
    """The reverse of `pack`; a tuple has become a list."""
    if isinstance(packed, list):
        return [unpack(each, arrays) for each in packed]
    if not isinstance(packed, dict):
        return packed
    if "array" in packed:
        return arrays[packed["array"]][()]
    return {name: unpack(each, arrays) for name, each in packed["dict"].items()}


# What may be resumed.


def check_model(model: Any) -> None:
    """Check that a model has weights.

    Raises:
        ResumeError: it has none yet, or Keras does not run on TensorFlow.
    """
    if keras.backend.backend() != "tensorflow":
        raise ResumeError(
            f"Resume works with Keras on TensorFlow, and Keras runs on {keras.backend.backend()}.",
            "Set the variable KERAS_BACKEND to tensorflow.",
        )
    if not (model.built and model.variables):
        raise ResumeError(
            f"The model {model.name} has no weights yet, so none can be loaded.",
            "Make keras.Input(shape) its first layer, or call model.build(input_shape) before Resume.",
        )


def check_callbacks(every: Any) -> None:
    """Check the caller of `on_train_begin`: the list of the callbacks.

    Raises:
        ResumeError: it is none of Keras's lists, or another callback resumes too.
    """
    if not isinstance(every, callbacks.CallbackList):
        raise ResumeError("Resume is not called by Keras.", "Pass it to fit itself: callbacks=[…, resume].")
    if any(isinstance(each, callbacks.BackupAndRestore) for each in every.callbacks):
        raise ResumeError("BackupAndRestore and Resume would both load a state.", "Leave out BackupAndRestore.")


def check_shapes(found: "State", group: str, variables: Sequence[Any]) -> None:
    """Compare the variables with the arrays of a checkpoint.

    Raises:
        ResumeError: their number or a shape differs.
    """
    saved = [array.shape for array in found.group(group)]
    current = [tuple(variable.shape) for variable in variables]
    if saved == current:
        return
    number = next((n for n, (old, new) in enumerate(zip(saved, current)) if old != new), None)  # noqa: B905
    problem = f"{len(saved)} variables there, {len(current)} here"
    if number is not None:
        problem = f"{variables[number].path} has the shape {saved[number]} there, {current[number]} here"
    raise ResumeError(
        f"{found.path} does not fit the {group} of this fit: {problem}.",
        "Build and compile the model as before, or give Resume an empty folder to start anew.",
    )


def run_settings(model: Any, data: ShuffledBatches | None) -> dict[str, Any]:
    """The settings that the results depend on, as plain data."""
    settings = {
        "optimizers": {
            name: {"class": type(each).__name__, **each.get_config()} for name, each in optimizers(model).items()
        },
        "batches": data.settings() if data else "not ours",
        "steps_per_execution": int(model.steps_per_execution),
    }
    loaded: dict[str, Any] = json.loads(json.dumps(settings, default=lambda value: type(value).__name__))
    return loaded


def differences(saved: Any, current: Any, name: str = "") -> list[str]:
    """The settings that both have and that differ. Keras numbers the names of its objects, so these do not count."""
    if isinstance(saved, dict) and isinstance(current, dict):
        return [
            line
            for key in saved
            if key in current and key != "name"
            for line in differences(saved[key], current[key], f"{name} {key}".strip())
        ]
    if saved == current:
        return []
    before, now = (f"{value:.7g}" if isinstance(value, float) else value for value in (saved, current))
    return [f"{name} was {before}, is {now}"]


def check_settings(found: "State", settings: Mapping[str, Any]) -> None:
    """Compare the settings with those of the checkpoint.

    Raises:
        ResumeError: they differ, and so would the results.
    """
    if lines := differences(found.about["settings"], dict(settings)):
        raise ResumeError(
            f"{found.path} is of a run with other settings: {'; '.join(lines)}.",
            "Use the settings of that run, or give Resume an empty folder to start anew.",
        )


# Checkpoints on the disk.


@dataclass(frozen=True)
class State:
    """The whole state after a batch.

    Args:
        arrays: by their names.
        about: everything else, as plain data.
        seconds: that the copy took.
        path: the checkpoint that it was read from.
    """

    arrays: Arrays
    about: dict[str, Any]
    seconds: float = 0.0
    path: Path | None = None

    @property
    def batches(self) -> int:
        """Batches trained so far."""
        return int(self.about["batches"])

    def group(self, name: str) -> list[NDArray[Any]]:
        """The arrays of a group of variables, in the order of the variables."""
        return [array for key, array in sorted(self.arrays.items()) if key.startswith(f"{name}/")]


class Interval:
    """When a checkpoint is due.

    Args:
        seconds: the least time between two.
        steps: batches between two, instead.
    """

    def __init__(self, seconds: float, steps: int | None) -> None:
        self._seconds, self._steps = seconds, steps
        self.restart(0)

    def restart(self, batches: int) -> None:
        """Count from here."""
        self._batches, self._time = batches, time.monotonic()

    def is_due(self, batches: int, writer: "Writer") -> bool:
        """Whether to write one after so many batches."""
        if self._steps is not None:
            return batches - self._batches >= self._steps
        return not writer.busy and time.monotonic() - self._time >= max(self._seconds, 100 * writer.cost)


class Writer:
    """Writes checkpoints in another thread, one at a time. Python does not exit before that is done.

    Args:
        folder: for the checkpoints; None to write none.
    """

    def __init__(self, folder: Path | None) -> None:
        self.folder = folder
        self.cost = 0.0
        self._newest: Path | None = None
        self._failed = False
        self._thread: threading.Thread | None = None

    @property
    def busy(self) -> bool:
        """Whether a checkpoint is being written."""
        return self._thread is not None and self._thread.is_alive()

    def submit(self, state: State) -> None:
        """Start to write a checkpoint, once the one before is done."""
        self.wait()
        if self.folder is not None:
            self._thread = threading.Thread(target=self._write, args=(self.folder, state), name="checkpoint")
            self._thread.start()

    def wait(self) -> None:
        """Wait until the checkpoint is written."""
        if self._thread is not None:
            self._thread.join()

    def describe(self) -> str:
        """Where the newest checkpoint is."""
        if self._newest is None:
            return "no checkpoint was written"
        return f"{'the newest whole checkpoint' if self._failed else 'the checkpoint'} is {self._newest}"

    def _write(self, folder: Path, state: State) -> None:
        before, self._failed = time.thread_time(), True
        try:
            make_room(folder, sum(array.nbytes for array in state.arrays.values()) + SPARE_BYTES, time.time())
            self._newest = write_checkpoint(folder, state)
            prune(folder, time.time())
            self._failed = False
        except OSError as error:
            needed = sum(array.nbytes for array in state.arrays.values())
            say(
                f"warning: the checkpoint after batch {state.batches}, {needed:,} bytes, cannot be written to "
                f"{folder}: {error.strerror}. The training continues; {self.describe()}"
            )
        self.cost = state.seconds + time.thread_time() - before


def say(line: str) -> None:
    """Print a line."""
    print(f"trainyard: {line}", flush=True)


def job_folder(folder: Path) -> Path:
    """The folder itself, or, for a training job of a hyperparameter tuning job, one in it with the job's name.

    All jobs of a tuning job have one place in S3. SageMaker adds one hyperparameter to those of each:
    https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_HyperParameterTrainingJobDefinition.html.
    """
    sent, name = SAGEMAKER_FOLDER.parent / "input" / "config" / "hyperparameters.json", os.environ.get(JOB_NAME, "")
    try:
        tuned = "_tuning_objective_metric" in json.loads(sent.read_text(encoding="utf-8"))
    except (OSError, ValueError, TypeError):
        tuned = False
    return folder / name if tuned and re.fullmatch(r"[a-zA-Z0-9-]{1,63}", name) else folder


def usable_folder(folder: str | Path | None) -> Path | None:
    """The folder for checkpoints, which exists then; None where nothing is kept.

    Raises:
        ResumeError: it cannot be created or written.
    """
    if folder is None and not SAGEMAKER_FOLDER.is_dir():
        say(f"nothing is kept, as there is no {SAGEMAKER_FOLDER}; Resume(model, folder) keeps checkpoints in a folder")
        return None
    path = job_folder(Path(folder or SAGEMAKER_FOLDER))
    try:
        path.mkdir(parents=True, exist_ok=True)
        for partial in path.glob("partial-*"):
            shutil.rmtree(partial)
        if not os.access(path, os.W_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    except OSError as error:
        raise ResumeError(
            f"The folder {path} cannot hold checkpoints: {error.strerror}.", "Give Resume a folder that you can write."
        ) from error
    return path


def find_newest(folder: Path) -> State | None:
    """Read the newest complete checkpoint. Incomplete ones are renamed to `aside-…`, with a warning.

    Raises:
        ResumeError: a checkpoint cannot be read, or is of another program.
    """
    try:
        for path in list_checkpoints(folder):
            found = read_checkpoint(path)
            if isinstance(found, State):
                if found.about.get("program") != "trainyard.Resume":
                    raise ResumeError(f"{path} is a checkpoint of another program.", "Give Resume an empty folder.")
                return found
            aside = path.with_name(path.name.replace("step-", "aside-"))
            shutil.rmtree(aside, ignore_errors=True)
            path.rename(aside)
            say(f"warning: {path} is not complete: {found}; renamed to {aside.name}")
    except OSError as error:
        raise ResumeError(
            f"The checkpoints in {folder} cannot be read: {error.strerror}.",
            "Make them readable, or use another folder.",
        ) from error
    if any(folder.glob("aside-*")):
        say(f"warning: {folder} has no complete checkpoint: the training starts from the beginning")
    return None


def list_checkpoints(folder: Path) -> list[Path]:
    """The checkpoints of a folder, the newest first."""
    found = [path for path in folder.iterdir() if re.fullmatch(r"step-[0-9]{8,}", path.name)]
    return sorted(found, key=lambda path: int(path.name[5:]), reverse=True)


def read_checkpoint(path: Path) -> State | str:
    """Read and verify a checkpoint.

    Returns:
        Its state; or why it is not complete.

    Raises:
        OSError: a file exists but cannot be read.
    """
    try:
        files = json.loads((path / MANIFEST).read_bytes())["files"]
        for name in (STATE, ABOUT):
            if files[name] != size_and_digest(path / name):
                return f"{name} does not match {MANIFEST}"
        about = json.loads((path / ABOUT).read_bytes())
        with np.load(path / STATE, allow_pickle=False) as arrays:
            return State(dict(arrays), about, path=path)
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError) as error:
        return f"the file {Path(error.filename).name} is missing"
    except (ValueError, KeyError, TypeError):
        return f"{MANIFEST} is damaged"


def write_checkpoint(folder: Path, state: State) -> Path:
    """Write a checkpoint under a temporary name, and rename it when it is on the disk.

    Raises:
        OSError: the disk is full or the like; nothing of it is left.
    """
    partial, target = folder / f"partial-{state.batches:08}", folder / f"step-{state.batches:08}"
    try:
        partial.mkdir()
        with (partial / STATE).open("wb") as file:
            np.savez(file, **state.arrays)  # type: ignore[arg-type]  # NumPy's own option has another name than these
            synced(file)
        for name, content in ((ABOUT, state.about), (MANIFEST, None)):
            if name == MANIFEST:
                content = {"files": {each: size_and_digest(partial / each) for each in (STATE, ABOUT)}}
            with (partial / name).open("w", encoding="utf-8") as file:
                json.dump(content, file, indent=1)
                synced(file)
        shutil.rmtree(target, ignore_errors=True)
        partial.rename(target)
        sync_folder(folder)
    except OSError:
        shutil.rmtree(partial, ignore_errors=True)
        raise
    return target


def prune(folder: Path, now: float) -> None:
    """Remove old checkpoints: all that are older than two which S3 has. What is removed here, SageMaker removes there.

    Args:
        folder: of the checkpoints.
        now: the time, as `time.time` gives it.
    """
    found = list_checkpoints(folder)
    uploaded = uploaded_of(found, now)
    for path in found[found.index(uploaded[1]) + 1 :] if len(uploaded) > 1 else []:
        shutil.rmtree(path, ignore_errors=True)


def make_room(folder: Path, needed: int, now: float) -> None:
    """Remove the oldest checkpoints as long as the disk has no room for another one.

    The newest one stays, and the newest one that S3 has.

    Args:
        folder: of the checkpoints.
        needed: bytes of the next checkpoint.
        now: the time, as `time.time` gives it.
    """
    found = list_checkpoints(folder)
    uploaded = uploaded_of(found, now)
    for path in reversed(found):
        if path not in (*found[:1], *uploaded[:1]) and shutil.disk_usage(folder).free < needed:
            shutil.rmtree(path, ignore_errors=True)


def uploaded_of(found: list[Path], now: float) -> list[Path]:
    """Those of some checkpoints that S3 has."""
    return [path for path in found if now - path.stat().st_mtime >= UPLOAD_SECONDS]


def size_and_digest(path: Path) -> dict[str, int | str]:
    """The manifest's entry for a file."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(1 << 20):
            digest.update(chunk)
        return {"bytes": file.tell(), "sha256": digest.hexdigest()}


def synced(file: Any) -> None:
    """Put an open file on the disk."""
    file.flush()
    os.fsync(file.fileno())


def sync_folder(folder: Path) -> None:
    """Put the names in a folder on the disk."""
    number = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)
