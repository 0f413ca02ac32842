"""The hyperparameters and metrics of a job as data, for programs that build a request or read the log."""

import re
from dataclasses import dataclass
from typing import Any, Literal

from trainer.contract import hyperparameters

Direction = Literal["maximize", "minimize"]


@dataclass(frozen=True)
class Metric:
    """A number in the epoch line.

    Args:
        name: its name in the line and in SageMaker.
        direction: whether higher or lower is better; None if neither is.
        help: one line.
    """

    name: str
    direction: Direction | None
    help: str

    @property
    def regex(self) -> str:
        """SageMaker searches every line of the log for this expression; the first group is the number.

        https://docs.aws.amazon.com/sagemaker/latest/dg/define-train-metrics.html
        """
        # Without \b, loss= would also match in val_loss=.
        return rf"\b{re.escape(self.name)}=([-+0-9.eE]+)"


METRICS = (
    Metric("loss", "minimize", "cross-entropy on the training images of this epoch"),
    Metric("accuracy", "maximize", "share of this epoch's training images labelled correctly, while training"),
    Metric("val_loss", "minimize", "cross-entropy on the validation images"),
    Metric("val_accuracy", "maximize", "share of the validation images labelled correctly"),
    Metric("learning_rate", None, "learning rate of the next step"),
    Metric("seconds", None, "duration of the epoch, including validation"),
    Metric("images_per_second", None, "training images per second, without validation"),
)


def describe() -> dict[str, Any]:
    """Return the hyperparameters and metrics as plain data."""
    metrics = [{"name": m.name, "regex": m.regex, "direction": m.direction, "help": m.help} for m in METRICS]
    return {"hyperparameters": hyperparameters.describe(), "metrics": metrics}
