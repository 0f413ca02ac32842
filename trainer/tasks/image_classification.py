"""Image classification: a folder per label in, a model folder out. One job from beginning to end."""

import dataclasses
import json
import math
import os
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf

from trainer import data, export, models, training
from trainer.contract import Job, JobError, Stop, check_gpu
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

    images = data.list_images(job.training)
    held_back = data.list_images(job.validation, images.labels) if job.validation else None
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
        raise_for_file(settings.channels, images, held_back)
        raise

    run.take_best()
    export.export(model, images.labels, job.model_dir)
    _write_history(run, plan, job.output_data_dir)
    best = f"of epoch {run.best_epoch}" if run.best_epoch else "as it is before its first epoch's end"
    print(f"model {best} saved to {job.model_dir}", flush=True)


def raise_for_file(channels: int, *listed: data.Images | None) -> None:
    """Name the file that cannot be read, where one is to blame.

    Raises:
        JobError: there is such a file.
    """
    for images in listed:
        path = data.unreadable(images, channels) if images else None
        if path:
            raise JobError(f"{path} cannot be read as an image.")


def _plan(settings: Hyperparameters, images: data.Images) -> training.Plan:
    # Rounded up: an epoch sees every image, and the next one goes on where its last batch ended.
    steps = math.ceil(len(images.paths) / settings.batch_size)
    identity = {**dataclasses.asdict(settings), "labels": list(images.labels), "images": len(images.paths)}
    return training.Plan(settings.epochs, steps, settings.batch_size, identity)


def _learning_rate(settings: Hyperparameters, steps: int) -> Any:
    """A pure function of the optimizer's step number, which the checkpoint holds."""
    if settings.learning_rate_schedule == "cosine":
        return keras.optimizers.schedules.CosineDecay(settings.learning_rate, steps)
    return settings.learning_rate


def _announce(images: data.Images, held_back: data.Images | None, model: Any, gpus: int) -> None:
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
