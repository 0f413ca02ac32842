"""Image classification: a folder per label in, a model folder out. One job from beginning to end."""

import dataclasses
import json
import os
from typing import Any

import keras
import tensorflow as tf

from trainer import cluster, export, models, training
from trainer.cluster import Team
from trainer.contract import Job, check_gpu
from trainer.hyperparameters import Hyperparameters
from trainer.stop import Stop
from trainer.tasks import image_input
from trainer.tasks.image_input import Input


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
    given = image_input.read(job, team)
    plan = _plan(settings, given)
    team.agree(plan.identity)

    with team.strategy.scope():
        model = models.build(settings, len(given.training.labels), job.weights)
        optimizer = keras.optimizers.Adam(_learning_rate(settings, plan.steps))
        # Before tracing: made lazily, its variables would belong to the trace.
        optimizer.build(model.trainable_variables)
        run = training.Run(model, optimizer)
    cluster.synchronize(model, whole_batch=team.replicas > 1)
    training.resume(run, plan, job.checkpoint_dir, team)
    _announce(given, model, team)

    validation = team.distribute(given.validation_batches())
    try:
        training.train(
            run,
            plan,
            lambda steps: team.distribute(given.batches(steps), endless=True),
            validation,
            job.checkpoint_dir,
            stop,
            team,
        )
    except tf.errors.InvalidArgumentError:
        given.check_readable()
        raise
    if team.chief:
        _leave(run, plan, given, job)


def _plan(settings: Hyperparameters, given: Input) -> training.Plan:
    count: int | list[int] = given.counts[0] if len(given.counts) == 1 else list(given.counts)
    identity = {**dataclasses.asdict(settings), "labels": list(given.training.labels), "images": count}
    return training.Plan(settings.epochs, given.steps_per_epoch, settings.batch_size, identity)


def _learning_rate(settings: Hyperparameters, steps: int) -> Any:
    """A pure function of the optimizer's step number, which the checkpoint holds."""
    if settings.learning_rate_schedule == "cosine":
        return keras.optimizers.schedules.CosineDecay(settings.learning_rate, steps)
    return settings.learning_rate


def _announce(given: Input, model: Any, team: Team) -> None:
    team.say(
        f"{sum(given.counts)} training images of {len(given.training.labels)} labels, "
        f"{given.held_back} validation images; "
        f"{model.name} with {model.count_params():,} parameters; {team.described()}"
    )


def _leave(run: training.Run, plan: training.Plan, given: Input, job: Job) -> None:
    """Write what the job is for: the best model, and how it came about."""
    run.take_best()
    cluster.synchronize(run.model, whole_batch=False)  # whoever goes on with the model may have one device
    export.export(run.model, given.training.labels, job.model_dir)
    job.output_data_dir.mkdir(parents=True, exist_ok=True)
    told = {"steps": run.step, "steps_planned": plan.steps, "best_epoch": run.best_epoch, "history": run.history}
    (job.output_data_dir / "history.json").write_text(json.dumps(told, indent=2) + "\n", encoding="utf-8")
    best = f"of epoch {run.best_epoch}" if run.best_epoch else "as it is before its first epoch's end"
    print(f"model {best} saved to {job.model_dir}", flush=True)
