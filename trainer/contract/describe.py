"""What a job may set and what it prints, as data: for those who build a request and those who read its log."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from trainer.contract import hyperparameters

Direction = Literal["maximize", "minimize"]


@dataclass(frozen=True)
class Metric:
    """A number in the epoch line.

    Args:
        name: its word in the line, and its name in SageMaker.
        direction: which way is better, or None where that is no question.
        help: one line.
    """

    name: str
    direction: Direction | None
    help: str

    @property
    def regex(self) -> str:
        """SageMaker's rule: searched for in every line of the log, the first group is the number.

        https://docs.aws.amazon.com/sagemaker/latest/dg/define-train-metrics.html
        """
        # \b, or loss= would be found in val_loss=.
        return rf"\b{re.escape(self.name)}=([-+0-9.eE]+)"


METRICS = (
    Metric("loss", "minimize", "cross-entropy on the training images of this epoch"),
    Metric("accuracy", "maximize", "share of this epoch's training images labelled rightly, as they came by"),
    Metric("val_loss", "minimize", "cross-entropy on the validation images"),
    Metric("val_accuracy", "maximize", "share of the validation images labelled rightly"),
    Metric("learning_rate", None, "learning rate that the next step takes"),
    Metric("seconds", None, "duration of the epoch, validation included"),
    Metric("images_per_second", None, "training images per second, validation not counted"),
)


def describe() -> dict[str, Any]:
    """Hyperparameters and metrics as plain data."""
    metrics = [{"name": m.name, "regex": m.regex, "direction": m.direction, "help": m.help} for m in METRICS]
    return {"hyperparameters": hyperparameters.describe(), "metrics": metrics}


def epoch_line(values: Mapping[str, float]) -> str:
    """One line of ``name=number`` words, in the order of ``values``; the regexes of METRICS find them."""
    return " ".join(f"{name}={_number(value)}" for name, value in values.items())


def _number(value: float) -> str:
    if isinstance(value, int):
        return str(value)
    return f"{value:.0f}" if 1000 <= abs(value) < 1e9 else f"{value:.4g}"


def duration(seconds: float) -> str:
    """A time as people say it: 50 s, 14 min, 3 h 20 min."""
    minutes = round(seconds / 60)
    if seconds < 60:
        return f"{seconds:.0f} s"
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"
