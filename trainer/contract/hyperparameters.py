"""The hyperparameters, declared once: the parser, ``describe`` and the training use the same declaration."""

import argparse
import dataclasses
import difflib
import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any, cast

# The models of keras.applications that train on one GPU. The list is written here, because importing Keras is slow.
APPLICATIONS = (
    *("ConvNeXtTiny", "ConvNeXtSmall", "ConvNeXtBase", "DenseNet121", "DenseNet169", "DenseNet201"),
    *("EfficientNetB0", "EfficientNetB1", "EfficientNetB2", "EfficientNetB3", "EfficientNetB4"),
    *("EfficientNetV2B0", "EfficientNetV2B1", "EfficientNetV2B2", "EfficientNetV2B3", "EfficientNetV2S"),
    *("InceptionResNetV2", "InceptionV3", "MobileNet", "MobileNetV2", "MobileNetV3Large", "MobileNetV3Small"),
    *("NASNetMobile", "ResNet50", "ResNet101", "ResNet152", "ResNet50V2", "ResNet101V2", "ResNet152V2"),
    *("VGG16", "VGG19", "Xception"),
)

# When the results of a run depend on a hyperparameter. If they do, a resumed run must have the same value. The mapping
# holds values of other hyperparameters: the results depend on this one if all of them match.
Conditions = Mapping[str, Any]
ALWAYS: Conditions = {}
EXACT_RESUME: Conditions = {"resume": "exact"}


def _declare(
    default: Any,
    text: str,
    minimum: float | None = None,
    maximum: float | None = None,
    choices: tuple[Any, ...] | None = None,
    decisive: Conditions | None = None,
) -> Any:
    """Declare a hyperparameter.

    Args:
        default: its value if the job does not set it.
        text: the help text.
        minimum: the lowest value allowed.
        maximum: the highest value allowed.
        choices: all values allowed.
        decisive: when the results depend on it; None if they never do, or if only the trainer can decide.
    """
    metadata = {"help": text, "min": minimum, "max": maximum, "choices": choices, "decisive": decisive}
    return dataclasses.field(default=default, metadata=metadata)


@dataclasses.dataclass(frozen=True)
class Hyperparameters:
    """The hyperparameters of a job. Each field declares the type, default and limits of one."""

    model: str = _declare(
        "small_cnn",
        "network: small_cnn, or a keras.applications model",
        choices=("small_cnn", *APPLICATIONS),
        decisive=ALWAYS,
    )
    image_size: int = _declare(
        224,
        "height and width in pixels; every image is resized to it",
        8,
        1024,
        decisive=EXACT_RESUME,
    )
    channels: int = _declare(
        3,
        "colour channels: 1 grey, 3 RGB; every image is converted to it",
        choices=(1, 3),
        decisive=ALWAYS,
    )
    epochs: int = _declare(
        10,
        "number of passes through the training images",
        1,
        10_000,
        decisive={**EXACT_RESUME, "learning_rate_schedule": "cosine", "schedule_epochs": 0},
    )
    batch_size: int = _declare(64, "images in one optimizer step", 1, 65_536, decisive=EXACT_RESUME)
    learning_rate: float = _declare(
        0.001, "learning rate of the optimizer (Adam) at the start", 1e-8, 10, decisive=EXACT_RESUME
    )
    learning_rate_schedule: str = _declare(
        "cosine",
        "constant, or cosine: falls to 0 along half a cosine, until the end of schedule_epochs",
        choices=("constant", "cosine"),
        decisive=EXACT_RESUME,
    )
    schedule_epochs: int = _declare(
        0, "length of the learning rate schedule; set it if epochs will grow later; 0: the same as epochs", 0, 10_000
    )
    patience: int = _declare(
        0, "stop after this many epochs without a better result on the validation images; 0: never", 0, 10_000
    )
    precision: str = _declare(
        "auto",
        "number format of the layers; auto: bfloat16 or float16 if every GPU supports it, else float32",
        choices=("auto", "float32", "float16", "bfloat16"),
    )
    dropout: float = _declare(
        0.2, "share of the features dropped before the last layer during training", 0, 0.9, decisive=EXACT_RESUME
    )
    unreadable: str = _declare(
        "fail",
        "files that are not images: fail ends the job and names them, skip ignores them",
        choices=("fail", "skip"),
    )
    checkpoint_seconds: float = _declare(
        0.0, "seconds between checkpoints; 0: checkpoints take 1% of the time, at least 30 s apart", 0, 86_400
    )
    checkpoint_steps: int = _declare(0, "steps between checkpoints; 0: use checkpoint_seconds", 0, 10**9)
    resume: str = _declare(
        "exact",
        "how to use existing checkpoints: exact gives the same result as an uninterrupted run, "
        "weights starts a new run with their weights",
        choices=("exact", "weights"),
    )
    seed: int = _declare(
        0, "seed of the initial weights, the order of the images and the dropout", 0, 2**31 - 1, decisive=EXACT_RESUME
    )


FIELDS = dataclasses.fields(Hyperparameters)
NAMES = tuple(field.name for field in FIELDS)
DECISIVE = tuple(field.name for field in FIELDS if field.metadata["decisive"] in (ALWAYS, EXACT_RESUME))
"""The hyperparameters whose values are part of a run's identity."""


def describe() -> list[dict[str, Any]]:
    """Return every hyperparameter as plain data: name, type, default, min, max, choices, decisive, help."""
    return [
        {
            "name": field.name,
            "type": _kind(field).__name__,
            "default": field.default,
            "min": field.metadata["min"],
            "max": field.metadata["max"],
            "choices": field.metadata["choices"],
            "decisive": field.metadata["decisive"],
            "help": field.metadata["help"],
        }
        for field in FIELDS
    ]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add an argument ``--name`` to ``parser`` for every hyperparameter."""
    group = parser.add_argument_group("hyperparameters")
    for field in FIELDS:
        text = f"{field.metadata['help']} (default {field.default})".replace("%", "%%")
        group.add_argument(
            f"--{field.name}", type=_reader(field), default=field.default, metavar=_kind(field).__name__, help=text
        )


def from_namespace(namespace: argparse.Namespace) -> Hyperparameters:
    """Take the hyperparameters from the parsed arguments."""
    return Hyperparameters(**{name: getattr(namespace, name) for name in NAMES})


def nearest(word: str, known: Iterable[str]) -> str | None:
    """Return the known word most like ``word``, or None if none is similar."""
    found = difflib.get_close_matches(word, list(known), n=1, cutoff=0.5)
    return found[0] if found else None


def _kind(field: "dataclasses.Field[Any]") -> type[int] | type[float] | type[str]:
    return cast("type[int] | type[float] | type[str]", field.type)


def _reader(field: "dataclasses.Field[Any]") -> Callable[[str], Any]:
    """Return the function that reads a value for argparse; it raises ArgumentTypeError if the value is not allowed."""
    kind = _kind(field)
    low, high, choices = (field.metadata[key] for key in ("min", "max", "choices"))

    def read(text: str) -> int | float | str:
        try:
            value = kind(text)
        except ValueError:
            raise argparse.ArgumentTypeError(
                f"{text!r} is not a {'whole number' if kind is int else 'number'}"
            ) from None
        if choices is not None and value not in choices:
            close = nearest(text, map(str, choices))
            hint = f"did you mean {close}?" if close else f"allowed are {', '.join(map(str, choices))}"
            raise argparse.ArgumentTypeError(f"{text!r} is not allowed; {hint}")
        if low is not None and not (math.isfinite(float(value)) and low <= float(value) <= high):
            raise argparse.ArgumentTypeError(f"{text} is not between {low} and {high}")
        return value

    return read
