"""The hyperparameters, declared once: the parser, ``describe`` and the training use the same declaration."""

import argparse
import dataclasses
import re
from collections.abc import Collection
from typing import Any

from trainer.contract.declaration import ALWAYS, EXACT_RESUME, declare, described, kind_of, reader
from trainyard.errors import JobError

# The models of keras.applications that train on one GPU. The list is written here, because importing Keras is slow.
APPLICATIONS = (
    *("ConvNeXtTiny", "ConvNeXtSmall", "ConvNeXtBase", "DenseNet121", "DenseNet169", "DenseNet201"),
    *("EfficientNetB0", "EfficientNetB1", "EfficientNetB2", "EfficientNetB3", "EfficientNetB4"),
    *("EfficientNetV2B0", "EfficientNetV2B1", "EfficientNetV2B2", "EfficientNetV2B3", "EfficientNetV2S"),
    *("InceptionResNetV2", "InceptionV3", "MobileNet", "MobileNetV2", "MobileNetV3Large", "MobileNetV3Small"),
    *("NASNetMobile", "ResNet50", "ResNet101", "ResNet152", "ResNet50V2", "ResNet101V2", "ResNet152V2"),
    *("VGG16", "VGG19", "Xception"),
)


@dataclasses.dataclass(frozen=True)
class Hyperparameters:
    """The hyperparameters of a job. Each field declares the type, default and limits of one."""

    model: str = declare(
        "small_cnn",
        "network: small_cnn, or a keras.applications model",
        choices=("small_cnn", *APPLICATIONS),
        decisive=ALWAYS,
    )
    image_size: int = declare(
        224,
        "height and width in pixels; every image is resized to it",
        8,
        1024,
        decisive=EXACT_RESUME,
    )
    channels: int = declare(
        3,
        "colour channels: 1 grey, 3 RGB; every image is converted to it",
        choices=(1, 3),
        decisive=ALWAYS,
    )
    epochs: int = declare(
        10,
        "number of passes through the training images",
        1,
        10_000,
        decisive={**EXACT_RESUME, "learning_rate_schedule": "cosine", "schedule_epochs": 0},
    )
    batch_size: int = declare(
        64,
        "images in one optimizer step",
        1,
        65_536,
        decisive=EXACT_RESUME,
        # No larger than twice the default: a larger one may not fit into the memory of the job's devices.
        tune={"min": 8, "max": 128, "scaling": "Logarithmic"},
    )
    learning_rate: float = declare(
        0.001,
        "learning rate of the optimizer at the start",
        1e-8,
        10,
        decisive=EXACT_RESUME,
        tune={"min": 1e-4, "max": 3e-2, "scaling": "Logarithmic"},
    )
    learning_rate_schedule: str = declare(
        "cosine",
        "constant, or cosine: falls to 0 along half a cosine, until the end of schedule_epochs",
        choices=("constant", "cosine"),
        decisive=EXACT_RESUME,
    )
    schedule_epochs: int = declare(
        0, "length of the learning rate schedule; set it if epochs will grow later; 0: the same as epochs", 0, 10_000
    )
    patience: int = declare(
        0, "stop after this many epochs without a better result on the validation images; 0: never", 0, 10_000
    )
    precision: str = declare(
        "auto",
        "number format of the layers; auto: bfloat16 or float16 if every GPU supports it, else float32",
        choices=("auto", "float32", "float16", "bfloat16"),
    )
    dropout: float = declare(
        0.2,
        "share of the features dropped before the last layer during training",
        0,
        0.9,
        decisive=EXACT_RESUME,
        tune={"min": 0.0, "max": 0.5, "scaling": "Linear"},
    )
    decode: str = declare(
        "full",
        "how JPEGs are decoded: full; scaled: at a half, quarter or eighth of their size if image_size and "
        "augmentation need no more, which is faster",
        choices=("full", "scaled"),
        decisive=EXACT_RESUME,
    )
    augmentation: str = declare(
        "light",
        "how training images are varied: none; light: flip, crop and scale; standard: also rotation, colour, erasing",
        choices=("none", "light", "standard"),
        decisive=EXACT_RESUME,
        tune={"values": ["none", "light", "standard"]},
    )
    flip: bool = declare(
        True,
        "whether augmentation mirrors images left to right; set false where that changes the label, as of digits",
        decisive=EXACT_RESUME,
    )
    mixup: float = declare(
        0.0,
        "blends pairs of training images and their labels; the alpha of its distribution; 0: never",
        0,
        10,
        decisive=EXACT_RESUME,
    )
    optimizer: str = declare(
        "adamw",
        "adamw: Adam with weight decay; adam; sgd: with momentum; lion",
        choices=("adamw", "adam", "sgd", "lion"),
        decisive=EXACT_RESUME,
    )
    momentum: float = declare(0.9, "momentum of sgd", 0, 0.999, decisive=EXACT_RESUME)
    weight_decay: float = declare(
        0.004,
        "share of each weight, times the learning rate, that a step removes; not of biases and normalization; "
        "adam has none",
        0,
        1,
        decisive=EXACT_RESUME,
        tune={"min": 1e-4, "max": 1e-1, "scaling": "Logarithmic"},
    )
    clip_norm: float = declare(
        0.0,
        "largest norm of a step's whole gradient; a longer one is scaled down; 0: no limit",
        0,
        1e6,
        decisive=EXACT_RESUME,
    )
    warmup_epochs: int = declare(
        0, "epochs in which the learning rate rises from 0 to its schedule", 0, 10_000, decisive=EXACT_RESUME
    )
    accumulate_steps: int = declare(
        1,
        "parts in which the devices compute a batch, one after another, to use less memory; one optimizer step in all",
        1,
        65_536,
        decisive=EXACT_RESUME,
    )
    label_smoothing: float = declare(
        0.0, "share of each label that is spread over all labels in the training loss", 0, 0.9, decisive=EXACT_RESUME
    )
    class_weights: str = declare(
        "none",
        "weight of an image in the training loss; balanced: each label counts the same, however few its images",
        choices=("none", "balanced"),
        decisive=EXACT_RESUME,
    )
    ema: float = declare(
        0.0,
        "decay of an average of the weights, such as 0.999; the average is evaluated and exported; 0: no average",
        0,
        0.99999,
        decisive=EXACT_RESUME,
    )
    train_layers: str = declare(
        "all",
        "layers that are trained: all; head: the last layer only; last_N: the last N layers of the backbone, too",
        decisive=EXACT_RESUME,
    )
    head_epochs: int = declare(
        0, "epochs in which only the head is trained, before the other layers are too", 0, 10_000, decisive=EXACT_RESUME
    )
    backbone_learning_rate: float = declare(
        1.0, "learning rate of the backbone, as a factor of the head's", 0, 1, decisive=EXACT_RESUME
    )
    validation_split: float = declare(
        0.0,
        "share of the training images of each label to validate on, if there is no validation channel",
        0,
        0.9,
        decisive=EXACT_RESUME,
    )
    unreadable: str = declare(
        "fail",
        "files that are not images: fail ends the job and names them, skip ignores them",
        choices=("fail", "skip"),
    )
    predictions: bool = declare(False, "whether to write predictions.csv: the prediction of each validation image")
    checkpoint_seconds: float = declare(
        0.0, "seconds between checkpoints; 0: checkpoints take 1% of the time, at least 30 s apart", 0, 86_400
    )
    checkpoint_steps: int = declare(0, "steps between checkpoints; 0: use checkpoint_seconds", 0, 10**9)
    resume: str = declare(
        "exact",
        "how to use existing checkpoints: exact gives the same result as an uninterrupted run, "
        "weights starts a new run with their weights",
        choices=("exact", "weights"),
    )
    seed: int = declare(
        0,
        "seed of the initial weights, the order and augmentation of the images, and the dropout",
        0,
        2**31 - 1,
        decisive=EXACT_RESUME,
    )


FIELDS = dataclasses.fields(Hyperparameters)
NAMES = tuple(field.name for field in FIELDS)


def check(settings: Hyperparameters, given: Collection[str]) -> None:
    """Check what one hyperparameter alone does not show.

    Args:
        settings: the job's.
        given: the names of those that the job sets.

    Raises:
        JobError: two of them contradict each other, or train_layers names no layers.
    """
    if settings.optimizer == "adam" and settings.weight_decay and "weight_decay" in given:
        raise JobError(
            f"optimizer=adam has no weight decay, and weight_decay is {settings.weight_decay:g}.",
            "Set optimizer=adamw, which is Adam with weight decay, or leave weight_decay out.",
        )
    if not re.fullmatch(r"all|head|last_[1-9][0-9]*", settings.train_layers):
        raise JobError(
            f"train_layers={settings.train_layers} names no layers.",
            "Set all, head, or last_N with a number: last_20 trains the last 20 layers of the backbone and the head.",
        )


def describe() -> list[dict[str, Any]]:
    """Return every hyperparameter as plain data: name, type, default, min, max, choices, decisive, tune, help."""
    return [described(field) for field in FIELDS]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add an argument ``--name`` to ``parser`` for every hyperparameter. One that is not given gets no value."""
    group = parser.add_argument_group("hyperparameters")
    for field in FIELDS:
        text = f"{field.metadata['help']} (default {field.default})".replace("%", "%%")
        group.add_argument(
            f"--{field.name}", type=reader(field), default=argparse.SUPPRESS, metavar=kind_of(field).__name__, help=text
        )


def given_names(namespace: argparse.Namespace) -> frozenset[str]:
    """Return the names of the hyperparameters that the parsed arguments set."""
    return frozenset(name for name in NAMES if name in namespace)


def from_namespace(namespace: argparse.Namespace) -> Hyperparameters:
    """Take the hyperparameters from the parsed arguments.

    Raises:
        JobError: two of them contradict each other.
    """
    given = given_names(namespace)
    settings = Hyperparameters(**{name: getattr(namespace, name) for name in given})
    check(settings, given)
    return settings
