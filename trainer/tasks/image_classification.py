"""Image classification: from a folder per label to a model folder. This file runs a job from start to end."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf

from trainer.contract import hyperparameters
from trainer.contract.hyperparameters import Hyperparameters
from trainer.contract.job import Job, check_gpu
from trainer.images import folders, host_input
from trainer.images.host_input import Input
from trainer.networks import architectures, export
from trainer.tasks import errors
from trainyard.checkpoints import resume
from trainyard.checkpoints.interval import Interval
from trainyard.checkpoints.saver import CheckpointSaver
from trainyard.errors import JobError
from trainyard.hosts import cluster
from trainyard.hosts.cluster import Team
from trainyard.loop.training import Feed, Training
from trainyard.networks import precision, twin
from trainyard.run import Plan, Run
from trainyard.stop import Stop


def train(job: Job, stop: Stop) -> None:
    """Run the job: start or resume the training, then write the best model, also after a stop.

    Raises:
        JobError: an error that the job's owner can fix.
    """
    gpus = len(tf.config.list_physical_devices("GPU"))
    check_gpu(job.instance_type, gpus, os.environ)
    keras.utils.set_random_seed(job.hyperparameters.seed)
    if not gpus:
        tf.config.experimental.enable_op_determinism()  # free on a CPU, slow on a GPU

    team = cluster.join(job.hosts, job.current_host, stop, os.environ)
    if team is None:
        print("stopped while waiting for other hosts: nothing was trained", flush=True)
        return
    with team.end_together():
        train_with(team, job, stop)


def train_with(team: Team, job: Job, stop: Stop) -> None:
    """Train on this host, together with the team's other hosts.

    Raises:
        JobError: an error that the job's owner can fix.
    """
    settings = job.hyperparameters
    if team.chief:
        for folder in (job.checkpoint_dir, job.model_dir, job.output_data_dir):
            folders.check_writable(folder)  # now, not after hours of paid training
    data = host_input.read(job, team)
    compute_type = precision.choose(settings.precision)
    plan = _plan(settings, data, compute_type)
    team.check_agreement(plan.identity)

    run = _make_run(settings, data, plan, compute_type, job.weights, team)
    try:
        newest = resume.resume(run, plan, job.checkpoint_dir, team, weights_only=settings.resume == "weights")
    except resume.OtherRunError as error:
        raise JobError(error.problem, errors.fix_for_other_run(error.saved, error.names)) from None
    _print_summary(data, run.model, compute_type, team)

    with _explain_tensorflow_errors(data, settings, compute_type, team):
        feed = Feed(
            training=lambda steps: team.distribute(data.batches(steps)),
            validation=lambda: team.distribute(data.validation_batches()),
            not_finite=lambda step, rate, saved: _not_finite(data, team, step, rate, saved),
        )
        interval = Interval(settings.checkpoint_seconds, settings.checkpoint_steps)
        facts = resume.checkpoint_facts(plan, team)
        with CheckpointSaver(job.checkpoint_dir if team.chief else None, interval, run, facts, newest) as saver:
            ending = Training(run, plan, feed, saver, stop, team).train()
            last = saver.save_now()
    if last:  # only on the chief
        print(f"state after step {last.step} of {plan.steps}: sha256 {last.digest}; in {last.path}", flush=True)
        _write_results(run, plan, data, job, ending)


def _plan(settings: Hyperparameters, data: Input, compute_type: str) -> Plan:
    """The plan of the run; its identity holds everything that the results depend on."""
    cosine = settings.learning_rate_schedule == "cosine"
    schedule = {"schedule_epochs": settings.schedule_epochs or settings.epochs} if cosine else {}
    identity = {
        **{name: getattr(settings, name) for name in hyperparameters.DECISIVE},
        **schedule,
        "precision": compute_type,
        "labels": list(data.training.labels),
        **data.fingerprints,
    }
    return Plan(
        settings.epochs,
        data.steps_per_epoch,
        settings.batch_size,
        data.validation_steps,
        settings.patience,
        identity,
        examples="images",
    )


def _make_run(
    settings: Hyperparameters, data: Input, plan: Plan, compute_type: str, weights: Path | None, team: Team
) -> Run:
    with tf.device("CPU"):  # GPUs do not need it; each would hold a copy in its memory
        best = architectures.build(settings, len(data.training.labels), weights)
    rate: Any = settings.learning_rate
    if schedule_epochs := plan.identity.get("schedule_epochs"):
        # It depends only on the optimizer's step number, which the checkpoint holds.
        rate = keras.optimizers.schedules.CosineDecay(rate, schedule_epochs * plan.steps_per_epoch)
    with team.strategy.scope():
        model = twin.for_training(best, compute_type, team.replicas)
        optimizer = precision.optimizer(keras.optimizers.Adam(rate), compute_type)
        # Before tracing: variables that are created later would belong to the trace.
        optimizer.build(model.trainable_variables)
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True, reduction=None)
        return Run(model, best, optimizer, loss, {"accuracy": _right})


def _right(numbers: Any, logits: Any) -> Any:
    """1 for each image whose highest logit is that of its label, 0 for the others: float64 [images]."""
    return tf.cast(tf.argmax(logits, 1, tf.int32) == numbers, tf.float64)


def _not_finite(data: Input, team: Team, step: int, rate: float, saved: Path | None) -> JobError:
    """Print the images of a batch with NaN or infinite results, and return its error."""
    files = [file for host in team.link.exchange(data.files(range(step, step + 1))) for file in host]
    print(f"the batch of step {step + 1}:", *files, sep="\n  ", flush=True)
    return errors.nan_or_infinite(step + 1, rate, files, saved)


def _print_summary(data: Input, model: Any, compute_type: str, team: Team) -> None:
    team.say(
        f"{sum(data.counts)} training images of {len(data.training.labels)} labels, "
        f"{data.validation_count} validation images; "
        f"{model.name} with {model.count_params():,} parameters, {compute_type}; {team.describe()}"
    )


@contextmanager
def _explain_tensorflow_errors(data: Input, settings: Hyperparameters, compute_type: str, team: Team) -> Iterator[None]:
    """Turn TensorFlow errors that the job's owner can fix into a JobError.

    Raises:
        JobError: an image cannot be decoded, or there is too little memory.
    """
    try:
        yield
    except tf.errors.InvalidArgumentError:
        data.check_readable()
        raise
    except tf.errors.ResourceExhaustedError as error:
        raise errors.out_of_memory(
            settings.batch_size, team.replicas, settings.image_size, compute_type, error.message
        ) from error


def _write_results(run: Run, plan: Plan, data: Input, job: Job, ending: str) -> None:
    """Write the best model and history.json.

    Raises:
        JobError: they cannot be written.
    """
    if run.best_epoch is None:
        run.copy_weights_to_best()
    summary = {"steps": run.step, "steps_planned": plan.steps, "best_epoch": run.best_epoch, "ended": ending}
    try:
        export.export(run.best, data.training.labels, job.model_dir)
        job.output_data_dir.mkdir(parents=True, exist_ok=True)
        text = json.dumps({**summary, "history": run.history}, indent=2) + "\n"
        (job.output_data_dir / "history.json").write_text(text, encoding="utf-8")
    except OSError as error:
        raise JobError(
            f"The results cannot be written: {error}.",
            "The last checkpoint is complete. Free some disk space, then start again with the same checkpoint folder.",
        ) from error
    best = f"of epoch {run.best_epoch}" if run.best_epoch else "of the unfinished first epoch"
    print(f"ended: {ending}; model {best} saved to {job.model_dir}", flush=True)
