"""Image classification: a folder per label in, a model folder out. One job from beginning to end."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf

from trainer.checkpoints import resume
from trainer.checkpoints.interval import Interval
from trainer.checkpoints.keeper import Keeper
from trainer.contract import hyperparameters
from trainer.contract.errors import JobError
from trainer.contract.hyperparameters import Hyperparameters
from trainer.contract.job import Job, check_gpu
from trainer.contract.stop import Stop
from trainer.hosts import cluster
from trainer.hosts.cluster import Team
from trainer.images import folders, host_input
from trainer.images.host_input import Input
from trainer.loop import errors
from trainer.loop.training import Feed, Training
from trainer.networks import architectures, export, precision, twin
from trainer.run import Plan, Run


def train(job: Job, stop: Stop) -> None:
    """Run the job: train, or go on training, and leave the best model, also where it is stopped early.

    Raises:
        JobError: something that the job's owner can mend.
    """
    gpus = len(tf.config.list_physical_devices("GPU"))
    check_gpu(job.instance_type, gpus, os.environ)
    keras.utils.set_random_seed(job.hyperparameters.seed)
    if not gpus:
        tf.config.experimental.enable_op_determinism()  # costs nothing on a CPU; on a GPU it does

    team = cluster.join(job.hosts, job.current_host, stop, os.environ)
    if team is None:
        print("stopped while other hosts were awaited: nothing has been trained", flush=True)
        return
    with team.together():
        train_with(team, job, stop)


def train_with(team: Team, job: Job, stop: Stop) -> None:
    """What each host of a team does for the job.

    Raises:
        JobError: something that the job's owner can mend.
    """
    settings = job.hyperparameters
    if team.chief:
        for folder in (job.checkpoint_dir, job.model_dir, job.output_data_dir):
            folders.check_writable(folder)  # now, and not after hours that were paid for
    given = host_input.read(job, team)
    computes_in = precision.choose(settings.precision)
    plan = _plan(settings, given, computes_in)
    team.agree(plan.identity)

    run = _make_run(settings, given, plan, computes_in, job.weights, team)
    newest = resume.resume(run, plan, job.checkpoint_dir, team, weights_only=settings.resume == "weights")
    _announce(given, run.model, computes_in, team)

    with _explained(given, settings, computes_in, team):
        feed = Feed(
            training=lambda steps: team.distribute(given.batches(steps)),
            validation=lambda: team.distribute(given.validation_batches()),
            files=given.files,
        )
        interval = Interval(settings.checkpoint_seconds, settings.checkpoint_steps)
        told = resume.told(plan, team)
        with Keeper(job.checkpoint_dir if team.chief else None, interval, run, told, newest) as keeper:
            ending = Training(run, plan, feed, keeper, stop, team).go()
            last = keeper.now()
    if last:  # on the chief
        print(f"state after step {last.step} of {plan.steps}: sha256 {last.digest}; in {last.path}", flush=True)
        _leave(run, plan, given, job, ending)


def _plan(settings: Hyperparameters, given: Input, computes_in: str) -> Plan:
    """What is to be done; in its identity, all that the results depend on."""
    cosine = settings.learning_rate_schedule == "cosine"
    schedule = {"schedule_epochs": settings.schedule_epochs or settings.epochs} if cosine else {}
    identity = {
        **{name: getattr(settings, name) for name in hyperparameters.DECISIVE},
        **schedule,
        "precision": computes_in,
        "labels": list(given.training.labels),
        **given.fingerprints,
    }
    return Plan(
        settings.epochs,
        given.steps_per_epoch,
        settings.batch_size,
        given.validation_steps,
        settings.patience,
        identity,
    )


def _make_run(
    settings: Hyperparameters, given: Input, plan: Plan, computes_in: str, weights: Path | None, team: Team
) -> Run:
    with tf.device("CPU"):  # of no use to the devices, and in their memory as often as there are
        best = architectures.build(settings, len(given.training.labels), weights)
    rate: Any = settings.learning_rate
    if schedule_epochs := plan.identity.get("schedule_epochs"):
        # A pure function of the optimizer's step number, which the checkpoint holds.
        rate = keras.optimizers.schedules.CosineDecay(rate, schedule_epochs * plan.steps_per_epoch)
    with team.strategy.scope():
        model = twin.for_training(best, computes_in, team.replicas)
        optimizer = precision.optimizer(keras.optimizers.Adam(rate), computes_in)
        # Before tracing: made lazily, its variables would belong to the trace.
        optimizer.build(model.trainable_variables)
        return Run(model, best, optimizer)


def _announce(given: Input, model: Any, computes_in: str, team: Team) -> None:
    team.say(
        f"{sum(given.counts)} training images of {len(given.training.labels)} labels, "
        f"{given.held_back} validation images; "
        f"{model.name} with {model.count_params():,} parameters, {computes_in}; {team.described()}"
    )


@contextmanager
def _explained(given: Input, settings: Hyperparameters, computes_in: str, team: Team) -> Iterator[None]:
    """Tell what can be mended of TensorFlow's own errors.

    Raises:
        JobError: an image that cannot be decoded, or too little memory.
    """
    try:
        yield
    except tf.errors.InvalidArgumentError:
        given.check_readable()
        raise
    except tf.errors.ResourceExhaustedError as error:
        raise errors.out_of_memory(
            settings.batch_size, team.replicas, settings.image_size, computes_in, error.message
        ) from error


def _leave(run: Run, plan: Plan, given: Input, job: Job, ending: str) -> None:
    """Write what the job is for: the best model, and how it came about.

    Raises:
        JobError: it cannot be written.
    """
    if run.best_epoch is None:
        run.keep_best()
    written = {"steps": run.step, "steps_planned": plan.steps, "best_epoch": run.best_epoch, "ended": ending}
    try:
        export.export(run.best, given.training.labels, job.model_dir)
        job.output_data_dir.mkdir(parents=True, exist_ok=True)
        text = json.dumps({**written, "history": run.history}, indent=2) + "\n"
        (job.output_data_dir / "history.json").write_text(text, encoding="utf-8")
    except OSError as error:
        raise JobError(
            f"The results cannot be written: {error}.",
            "The last checkpoint is whole: make room, and start again with the same checkpoint folder.",
        ) from error
    best = f"of epoch {run.best_epoch}" if run.best_epoch else "as it is before its first epoch's end"
    print(f"ended: {ending}; model {best} saved to {job.model_dir}", flush=True)
