"""Image classification: a folder per label in, a model folder out. One job from beginning to end."""

import dataclasses
import json
import math
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf

from trainer import data, export, folders, models, training
from trainer.contract import Job, Stop, check_gpu
from trainer.hyperparameters import Hyperparameters


def train(job: Job, stop: Stop) -> None:
    """Run the job: train, or go on training, and leave the best model, also where it is stopped early.

    Raises:
        JobError: something that the job's owner can mend.
    """
    settings = job.hyperparameters

    gpus = len(tf.config.list_physical_devices("GPU"))
    check_gpu(job.instance_type, gpus, os.environ)
    keras.utils.set_random_seed(settings.seed)
    if not gpus:
        tf.config.experimental.enable_op_determinism()  # costs nothing on a CPU; on a GPU it does

    images = _listed(job.training, settings)
    held_back = _listed(job.validation, settings, images.labels) if job.validation else None
    folders.say_conversion(images, settings.image_size, settings.channels)
    plan = _plan(settings, images)

    model = models.build(settings, len(images.labels), job.weights)
    optimizer = keras.optimizers.Adam(_learning_rate(settings, plan.steps))
    optimizer.build(model.trainable_variables)  # before tracing: made lazily, its variables would belong to the trace
    run = training.Run(model, optimizer)
    training.resume(run, plan, job.checkpoint_dir)
    stop.listen()
    _announce(images, held_back, model, gpus)

    def batches(steps: range) -> tf.data.Dataset:
        return data.training_batches(
            images, settings.image_size, settings.channels, settings.batch_size, settings.seed, steps
        )

    validation = None
    if held_back:
        validation = data.ordered_batches(held_back, settings.image_size, settings.channels, settings.batch_size)
    try:
        training.train(run, plan, batches, validation, job.checkpoint_dir, stop)
    except tf.errors.InvalidArgumentError:
        for listed in filter(None, (images, held_back)):
            folders.check_readable(listed, data.undecodable(listed, settings.channels), skip=False)
        raise

    run.take_best()
    export.export(model, images.labels, job.model_dir)
    _write_history(run, plan, job.output_data_dir)
    best = f"of epoch {run.best_epoch}" if run.best_epoch else "as it is before its first epoch's end"
    print(f"model {best} saved to {job.model_dir}", flush=True)


def _listed(folder: Path, settings: Hyperparameters, labels: Sequence[str] | None = None) -> folders.Images:
    images = folders.list_images(folder, labels)
    skip = settings.unreadable == "skip"
    # Whoever goes on without some has to know all of them beforehand; else the first bytes will do, and what is
    # broken further on stops the training when it comes.
    broken = data.undecodable(images, settings.channels) if skip else folders.no_images(images)
    return folders.check_readable(images, broken, skip)


def _plan(settings: Hyperparameters, images: folders.Images) -> training.Plan:
    # Rounded up: an epoch sees every image, and the next one goes on where its last batch ended.
    steps = math.ceil(len(images.paths) / settings.batch_size)
    identity = {**dataclasses.asdict(settings), "labels": list(images.labels), "images": len(images.paths)}
    return training.Plan(settings.epochs, steps, settings.batch_size, identity)


def _learning_rate(settings: Hyperparameters, steps: int) -> Any:
    """A pure function of the optimizer's step number, which the checkpoint holds."""
    if settings.learning_rate_schedule == "cosine":
        return keras.optimizers.schedules.CosineDecay(settings.learning_rate, steps)
    return settings.learning_rate


def _announce(images: folders.Images, held_back: folders.Images | None, model: Any, gpus: int) -> None:
    print(
        f"{len(images.paths)} training images of {len(images.labels)} labels, "
        f"{len(held_back.paths) if held_back else 0} validation images; "
        f"{model.name} with {model.count_params():,} parameters; {f'{gpus} GPU' if gpus else 'CPU'}",
        flush=True,
    )


def _write_history(run: training.Run, plan: training.Plan, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    told = {"steps": run.step, "steps_planned": plan.steps, "best_epoch": run.best_epoch, "history": run.history}
    (folder / "history.json").write_text(json.dumps(told, indent=2) + "\n", encoding="utf-8")
