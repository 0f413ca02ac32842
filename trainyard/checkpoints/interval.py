"""When the next checkpoint is due."""

from dataclasses import dataclass

# The largest share of the training time for checkpoints, if the interval is not set.
MAX_SHARE = 0.01
# Seconds. More often, S3's price for each file would exceed the cost of the repeated steps.
MIN_SECONDS = 30.0


@dataclass(frozen=True)
class Interval:
    """How often checkpoints are written.

    Args:
        seconds: between two checkpoints; 0 adapts, so that they take at most MAX_SHARE of the time.
        steps: between two checkpoints; 0 counts time instead.
    """

    seconds: float = 0.0
    steps: int = 0

    def wait(self, cost: float) -> float:
        """Seconds from one checkpoint to the next, if time counts.

        Args:
            cost: seconds of training time that the last checkpoint took.
        """
        return self.seconds or max(MIN_SECONDS, cost / MAX_SHARE)

    def is_due(self, steps: int, seconds: float, cost: float) -> bool:
        """Whether the next checkpoint is due.

        Args:
            steps: since the last checkpoint.
            seconds: since the last checkpoint.
            cost: seconds of training time that the last checkpoint took.
        """
        if self.steps:
            return steps >= self.steps
        return steps > 0 and seconds >= self.wait(cost)

    def steps_left(self, steps: int) -> int | None:
        """Steps until the next checkpoint, ``steps`` after the last one; None if time counts."""
        return max(1, self.steps - steps) if self.steps else None
