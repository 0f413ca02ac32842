"""The hyperparameters: declared once, for the parser, for ``describe`` and for the code that uses them."""

import argparse
import dataclasses
import difflib
import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any, cast

# Those of keras.applications that train on one GPU; Keras itself is too slow to import to be asked for its list.
APPLICATIONS = (
    *("ConvNeXtTiny", "ConvNeXtSmall", "ConvNeXtBase", "DenseNet121", "DenseNet169", "DenseNet201"),
    *("EfficientNetB0", "EfficientNetB1", "EfficientNetB2", "EfficientNetB3", "EfficientNetB4"),
    *("EfficientNetV2B0", "EfficientNetV2B1", "EfficientNetV2B2", "EfficientNetV2B3", "EfficientNetV2S"),
    *("InceptionResNetV2", "InceptionV3", "MobileNet", "MobileNetV2", "MobileNetV3Large", "MobileNetV3Small"),
    *("NASNetMobile", "ResNet50", "ResNet101", "ResNet152", "ResNet50V2", "ResNet101V2", "ResNet152V2"),
    *("VGG16", "VGG19", "Xception"),
)

# When results depend on a hyperparameter, so that a run that goes on from a checkpoint must have the same.
Decisive = Mapping[str, Any]
ALWAYS: Decisive = {}
IN_THE_SAME_RUN: Decisive = {"resume": "exact"}


def _declare(
    default: Any,
    text: str,
    minimum: float | None = None,
    maximum: float | None = None,
    choices: tuple[Any, ...] | None = None,
    decisive: Decisive | None = None,
) -> Any:
    """A hyperparameter.

    Args:
        default: its value where none is given.
        text: what it is.
        minimum: the least value.
        maximum: the greatest value.
        choices: all values.
        decisive: results depend on it where these others have these values; None for never, or where only the
            trainer can tell.
    """
    metadata = {"help": text, "min": minimum, "max": maximum, "choices": choices, "decisive": decisive}
    return dataclasses.field(default=default, metadata=metadata)


@dataclasses.dataclass(frozen=True)
class Hyperparameters:
    """What a job may set. Each field is one hyperparameter; its type, default and limits are what it accepts."""

    model: str = _declare(
        "small_cnn",
        "network: small_cnn, or a keras.applications model",
        choices=("small_cnn", *APPLICATIONS),
        decisive=ALWAYS,
    )
    image_size: int = _declare(
        224, "height and width that every image is resized to, in pixels", 8, 1024, decisive=IN_THE_SAME_RUN
    )
    channels: int = _declare(
        3, "colour channels that every image is converted to: 1 grey, 3 RGB", choices=(1, 3), decisive=ALWAYS
    )
    epochs: int = _declare(
        10,
        "how many times the training images are gone through",
        1,
        10_000,
        decisive={**IN_THE_SAME_RUN, "learning_rate_schedule": "cosine", "schedule_epochs": 0},
    )
    batch_size: int = _declare(64, "images in one optimizer step", 1, 65_536, decisive=IN_THE_SAME_RUN)
    learning_rate: float = _declare(
        0.001, "the optimizer's (Adam) learning rate at the start", 1e-8, 10, decisive=IN_THE_SAME_RUN
    )
    learning_rate_schedule: str = _declare(
        "cosine",
        "constant, or cosine: falls along half a cosine to 0 at the end of schedule_epochs",
        choices=("constant", "cosine"),
        decisive=IN_THE_SAME_RUN,
    )
    schedule_epochs: int = _declare(
        0, "the length of the learning rate's schedule, where epochs is to grow later; 0: as epochs", 0, 10_000
    )
    patience: int = _declare(
        0, "stop after so many epochs without a better one on the validation images; 0: never", 0, 10_000
    )
    precision: str = _declare(
        "auto",
        "what layers compute in; auto: bfloat16 or float16 where every GPU has it in hardware, else float32",
        choices=("auto", "float32", "float16", "bfloat16"),
    )
    dropout: float = _declare(
        0.2, "share of the features dropped before the last layer, while training", 0, 0.9, decisive=IN_THE_SAME_RUN
    )
    unreadable: str = _declare(
        "fail", "files that are no images: fail names them, skip trains without them", choices=("fail", "skip")
    )
    checkpoint_seconds: float = _declare(
        0.0, "seconds between checkpoints; 0: so many that they take 1% of the time, at least 30", 0, 86_400
    )
    checkpoint_steps: int = _declare(0, "steps between checkpoints, instead of seconds; 0: by time", 0, 10**9)
    resume: str = _declare(
        "exact",
        "what is taken from checkpoints that are there: exact goes on as if never interrupted, "
        "weights starts anew from their weights",
        choices=("exact", "weights"),
    )
    seed: int = _declare(
        0, "seed of the first weights, the order of the images and the dropout", 0, 2**31 - 1, decisive=IN_THE_SAME_RUN
    )


FIELDS = dataclasses.fields(Hyperparameters)
NAMES = tuple(field.name for field in FIELDS)
DECISIVE = tuple(field.name for field in FIELDS if field.metadata["decisive"] in (ALWAYS, IN_THE_SAME_RUN))
"""Those that a run's identity holds as they are."""


def describe() -> list[dict[str, Any]]:
    """Every hyperparameter as plain data: name, type, default, min, max, choices, decisive, help."""
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
    """Add ``--name`` for every hyperparameter to ``parser``."""
    group = parser.add_argument_group("hyperparameters")
    for field in FIELDS:
        text = f"{field.metadata['help']} (default {field.default})".replace("%", "%%")
        group.add_argument(
            f"--{field.name}", type=_reader(field), default=field.default, metavar=_kind(field).__name__, help=text
        )


def from_namespace(namespace: argparse.Namespace) -> Hyperparameters:
    """The hyperparameters among the parsed arguments."""
    return Hyperparameters(**{name: getattr(namespace, name) for name in NAMES})


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word most like ``word``, or None where nothing comes close."""
    found = difflib.get_close_matches(word, list(known), n=1, cutoff=0.5)
    return found[0] if found else None


def _kind(field: "dataclasses.Field[Any]") -> type[int] | type[float] | type[str]:
    return cast("type[int] | type[float] | type[str]", field.type)


def _reader(field: "dataclasses.Field[Any]") -> Callable[[str], Any]:
    """What argparse calls with the text of a value; raises ArgumentTypeError where the field does not take it."""
    kind = _kind(field)
    low, high, choices = (field.metadata[key] for key in ("min", "max", "choices"))

    def read(text: str) -> int | float | str:
        try:
            value = kind(text)
        except ValueError:
            raise argparse.ArgumentTypeError(f"{text!r} is no {'whole number' if kind is int else 'number'}") from None
        if choices is not None and value not in choices:
            close = nearest(text, map(str, choices))
            hint = f"nearest is {close}" if close else f"possible are {', '.join(map(str, choices))}"
            raise argparse.ArgumentTypeError(f"{text!r} is not possible; {hint}")
        if low is not None and not (math.isfinite(float(value)) and low <= float(value) <= high):
            raise argparse.ArgumentTypeError(f"{text} is outside {low} to {high}")
        return value

    return read
