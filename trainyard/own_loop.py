"""`trainyard.train`: the training loop for a model and data of your own. It reads from top to bottom."""

import json
import math
import os
import signal
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf

from trainyard.batches import Batch, Batches, Source, as_validation, count, fingerprint, validation_batches
from trainyard.checkpoints import resume
from trainyard.checkpoints.interval import Interval
from trainyard.checkpoints.job_folder import job_folder
from trainyard.checkpoints.saver import CheckpointSaver
from trainyard.errors import JobError
from trainyard.hosts import cluster
from trainyard.hosts.cluster import Team
from trainyard.hosts.link import Link
from trainyard.loop.training import Feed, Training
from trainyard.networks import precision, twin
from trainyard.run import Epoch, Plan, Run, Score, Stage
from trainyard.stop import Stop


@dataclass(frozen=True)
class Result:
    """How a training ended.

    Args:
        step: optimizer steps of the whole run, those of earlier jobs too.
        history: the results of each epoch, by name: loss, metrics, the same with ``val_``, seconds and the like.
        best_epoch: the epoch whose weights the model has, counted from 1; None if the first epoch has not ended.
        stopped: whether SIGTERM ended it before its last epoch.
    """

    step: int
    history: tuple[Epoch, ...]
    best_epoch: int | None
    stopped: bool


def train(
    model: Any,
    optimizer: Any,
    loss: Any,
    batches: Batches,
    *,
    epochs: int,
    steps_per_epoch: int,
    metrics: Mapping[str, Score] | None = None,
    validation: Batch | None = None,
    checkpoints: str | Path | None = None,
    checkpoint_steps: int = 0,
) -> Result:
    """Train a model on all GPUs of this machine or on its CPU; in the scope of a strategy, on the strategy's devices.

    If the checkpoint folder has a complete checkpoint, the training resumes from its step. On SIGTERM, it finishes the
    current steps (half a second), writes a checkpoint and returns: the lines after it can still save the model.

    At the end, the model has the weights of the best epoch. That is the one of the highest validation metric
    ``accuracy``, if there is one of this name; of equal ones, of the lowest validation loss. Without validation, it is
    the last epoch; before the end of the first epoch, the current weights.

    On a CPU, an interrupted run ends with the same bits as an uninterrupted one. This needs the same first weights
    (`keras.utils.set_random_seed`) and a function ``batches`` that depends on the steps alone. Therefore TensorFlow's
    op determinism is on from here, if there is no GPU.

    Args:
        model: a `keras.Sequential` or a functional `keras.Model`. A copy of it is trained, whose dropout and batch
            normalization work on the whole batch, on all devices.
        optimizer: its settings count; the copy has an optimizer of its own.
        loss: a `keras.losses.Loss`, or a function of (targets, outputs) that returns a number for each example.
            The model's own losses, such as regularization, are added.
        batches: a function of a range of steps, counted from 0. It gives a pair (inputs, targets) for each step: arrays
            with the examples as first axis, or dicts of arrays. All batches have the same shapes and types. The
            devices share a batch equally.
        epochs: after each epoch, the model is validated and a line with the results is printed. You may raise it later.
        steps_per_epoch: optimizer steps in an epoch.
        metrics: functions of (targets, outputs) that return a number for each example, such as
            `keras.metrics.sparse_categorical_accuracy`, by name. An epoch's result is their mean over its examples.
        validation: a pair (inputs, targets) of arrays, which fit into memory.
        checkpoints: the folder. The default is /opt/ml/checkpoints, which SageMaker copies to S3; where it does not
            exist, nothing is kept.
        checkpoint_steps: steps between two checkpoints; 0 writes them at most every 30 s, in at most 1% of the time.

    Returns:
        How it ended.

    Raises:
        JobError: something that you can correct: the message says what is wrong, and what to do.
    """
    _check_one_host(os.environ)
    with _listening() as stop:
        team = _team(stop)
        source = Source(batches, epochs * steps_per_epoch)
        held_out = None if validation is None else as_validation(validation)
        task = _Task(model, optimizer, loss, metrics or {}, source, held_out)
        plan = _plan(task, epochs, steps_per_epoch, team)
        run = _make_run(task, team)
        folder = _folder(checkpoints, os.environ)
        newest = resume.resume(run, plan, resume.find(folder, team), team, weights_only=False) if folder else None
        with CheckpointSaver(
            folder, Interval(steps=checkpoint_steps), run, resume.checkpoint_facts(plan, team), newest
        ) as saver:
            try:
                ending = Training(run, plan, _feed(task, team), saver, stop, team).train()
            except tf.errors.OpError:
                if source.error:
                    raise source.error from None
                raise
            last = saver.save_now()
    if last:
        print(f"state after step {last.step} of {plan.steps}: sha256 {last.digest}; in {last.path}", flush=True)
    if run.best_epoch is None:
        run.copy_weights_to_best()
    team.say(f"ended: {ending}")
    return Result(run.step, tuple(run.history), run.best_epoch, stopped=len(run.history) < plan.epochs)


def _check_one_host(environ: Mapping[str, str]) -> None:
    hosts = json.loads(environ.get("SM_HOSTS") or "[]")
    if len(hosts) > 1:
        raise JobError(
            f"This job has {len(hosts)} hosts, and trainyard.train trains on the devices of one.",
            "Set instance_count = 1.",
        )


@contextmanager
def _listening() -> Iterator[Stop]:
    """Record SIGTERM meanwhile; afterwards, the former handler is back."""
    former = signal.getsignal(signal.SIGTERM)
    stop = Stop()
    stop.listen()
    try:
        yield stop
    finally:
        signal.signal(signal.SIGTERM, former or signal.SIG_DFL)


def _team(stop: Stop) -> Team:
    """The devices: those of the strategy in whose scope this is, or all GPUs, or the CPU."""
    if not tf.config.list_physical_devices("GPU"):
        tf.config.experimental.enable_op_determinism()  # free on a CPU, slow on a GPU
    if tf.distribute.has_strategy():
        return Team(tf.distribute.get_strategy(), Link(["localhost"], 0, []))
    return cluster.this_host(stop)


@dataclass(frozen=True)
class _Task:
    """What is trained on what, as it was given to `train`."""

    model: Any
    optimizer: Any
    loss: Any
    metrics: Mapping[str, Score]
    source: Source
    held_out: Batch | None


def _plan(task: _Task, epochs: int, steps_per_epoch: int, team: Team) -> Plan:
    """The plan of the run; its identity holds what its results depend on, as far as it can be known."""
    source, held_out = task.source, task.held_out
    per_device = team.per_replica(source.size)
    identity = {
        "optimizer": type(task.optimizer).__name__,
        **{name: value for name, value in task.optimizer.get_config().items() if name != "name"},
        "loss": getattr(task.loss, "__name__", type(task.loss).__name__),
        "metrics": list(task.metrics),
        "steps_per_epoch": steps_per_epoch,
        "batch_size": source.size,
        "first batch": fingerprint(source.first),
        "validation": fingerprint(held_out) if held_out else None,
    }
    return Plan(
        epochs,
        steps_per_epoch,
        source.size,
        math.ceil(count(held_out) / (per_device * team.replicas)) if held_out else 0,
        patience=0,
        identity=json.loads(json.dumps(identity, default=str)),
        examples="examples",
    )


def _make_run(task: _Task, team: Team) -> Run:
    """Copy model and optimizer to the devices.

    Raises:
        JobError: the model cannot be copied, or a metric is no function.
    """
    model, optimizer = task.model, task.optimizer
    loss = _of_each_example("loss", task.loss)
    metrics = {name: _of_each_example(name, metric) for name, metric in task.metrics.items()}
    if not model.built:
        model(task.source.first[0])
    with team.strategy.scope():
        try:
            if not getattr(model, "outputs", None):
                raise ValueError("it is neither sequential nor functional")
            trained = twin.for_training(model, None, team.replicas)
        except (ValueError, NotImplementedError) as error:
            raise JobError(
                f"The model {model.name} cannot be copied for training: {error}.",
                "Build it as keras.Sequential or keras.Model(inputs, outputs), or use fit with trainyard.Resume.",
            ) from error
        scaled = isinstance(optimizer, keras.optimizers.LossScaleOptimizer)
        kind = precision.LossScaleOptimizer if scaled else type(optimizer)
        own = kind.from_config(optimizer.get_config())
        # Before tracing: variables that are created later would belong to the trace.
        own.build(trained.trainable_variables)
        return Run(trained, model, [Stage(0, own)], loss, metrics)


def _of_each_example(name: str, function: Any) -> Score:
    """A loss or metric as a function that returns one float32 for each example: [examples].

    Raises:
        JobError: it is no function; the returned function raises it if it does not give a number for each example.
    """
    fix = "Give a function of (targets, outputs), such as keras.metrics.sparse_categorical_accuracy."
    if isinstance(function, keras.metrics.Metric) or not callable(function):
        raise JobError(f"{name} is {type(function).__name__}, not a function for each example.", fix)
    if isinstance(function, keras.losses.Loss):
        function = type(function).from_config({**function.get_config(), "reduction": None})

    def score(targets: Any, outputs: Any) -> Any:
        values = tf.cast(function(targets, outputs), tf.float32)
        if not values.shape.rank:
            raise JobError(f"{name} returns one number for all examples, not a number for each.", fix)
        return tf.reduce_mean(values, axis=list(range(1, len(values.shape))))

    return score


def _feed(task: _Task, team: Team) -> Feed:
    def validation() -> Any:  # asked for only if there are validation arrays
        held_out: Any = task.held_out
        return team.distribute(validation_batches(held_out, team.per_replica(task.source.size)))

    return Feed(
        training=lambda steps: team.distribute(task.source.dataset(steps, team.replicas)),
        validation=validation,
        not_finite=_not_finite,
    )


def _not_finite(step: int, rate: float, saved: Path | None) -> JobError:
    state = f" The state before this step is in {saved}." if saved else ""
    return JobError(
        f"NaN or infinite loss or gradients in step {step}, counted from 0, at a learning rate of {rate:.3g}.{state}",
        f"Look at the batch that `batches(range({step}, {step + 1}))` gives, or lower the learning rate.",
    )


def _folder(checkpoints: str | Path | None, environ: Mapping[str, str]) -> Path | None:
    """The folder for checkpoints; None, with a warning, if there is none.

    Raises:
        JobError: the folder cannot be made.
    """
    # SAGEMAKER_BASE_DIR is /opt/ml elsewhere: where a job is a process, as in the local cloud without containers.
    base = Path(environ.get("SAGEMAKER_BASE_DIR") or "/opt/ml")
    usual = base / "checkpoints"
    if checkpoints is None and not usual.is_dir():
        print(f"warning: there is no folder {usual}, so no checkpoint is kept: name one with checkpoints=", flush=True)
        return None
    named = Path(usual if checkpoints is None else checkpoints)
    folder = job_folder(named, base / "input" / "config" / "hyperparameters.json", environ)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise JobError(
            f"The folder for checkpoints {folder} cannot be made: {error.strerror}.", "Name another."
        ) from None
    return folder
