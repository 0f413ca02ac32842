"""The hyperparameters in a run's identity, and their values in checkpoints that are older than some of them."""

import dataclasses
from collections.abc import Collection, Mapping
from typing import Any

from trainer.contract.declaration import ALWAYS, EXACT_RESUME
from trainer.contract.hyperparameters import FIELDS, Hyperparameters

DECISIVE = tuple(field.name for field in FIELDS if field.metadata["decisive"] in (ALWAYS, EXACT_RESUME))
"""The hyperparameters whose values are part of a run's identity."""

BEFORE: Mapping[str, Any] = {
    "accumulate_steps": 1,
    "augmentation": "none",
    "backbone_learning_rate": 1.0,
    "class_weights": "none",
    "clip_norm": 0.0,
    "decode": "full",
    "ema": 0.0,
    "flip": False,
    "head_epochs": 0,
    "label_smoothing": 0.0,
    "mixup": 0.0,
    "momentum": 0.0,
    "optimizer": "adam",
    "train_layers": "all",
    "validation_split": 0.0,
    "warmup_epochs": 0,
    "weight_decay": 0.0,
}
"""The value that the trainer used before each of these hyperparameters existed: that of a checkpoint that lacks it."""


def in_effect(settings: Hyperparameters) -> dict[str, Any]:
    """Return the decisive hyperparameters. One that has no effect with these settings gets a fixed value."""
    values = {name: getattr(settings, name) for name in DECISIVE}
    if settings.augmentation == "none":
        values["flip"] = False
    if settings.optimizer != "sgd":
        values["momentum"] = 0.0
    if settings.optimizer == "adam":
        values["weight_decay"] = 0.0
    return values


def adopt(settings: Hyperparameters, given: Collection[str], saved: Mapping[str, Any] | None) -> Hyperparameters:
    """Return the hyperparameters with which a job resumes a checkpoint.

    If the checkpoint is older than a hyperparameter, and the job does not set it, it gets its value in `BEFORE`.

    Args:
        settings: the job's.
        given: the names of those that the job sets.
        saved: the identity of the checkpoint's run; None if the job resumes from none.
    """
    older = {} if saved is None else {name: old for name, old in BEFORE.items() if name not in saved}
    adopted = dataclasses.replace(settings, **{name: old for name, old in older.items() if name not in given})
    if settings.resume == "weights" and saved is not None:
        # A new run with those weights has the defaults of now. Only that very run, resumed, keeps those of then.
        same = {**BEFORE, **saved}
        if any(same.get(name) != value for name, value in in_effect(adopted).items()):
            return settings
    return adopted
