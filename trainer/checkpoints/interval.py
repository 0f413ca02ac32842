"""When the next checkpoint is due."""

from dataclasses import dataclass

# Of the training's time, what checkpoints may take where nothing else is asked for.
SHARE = 0.01
# Seconds; more often, and S3's price for each file would count for more than what an interruption loses.
LEAST_SECONDS = 30.0


@dataclass(frozen=True)
class Interval:
    """How often checkpoints are made.

    Args:
        seconds: between two; 0 adapts, so that they take at most SHARE of the time.
        steps: between two; 0 goes by time.
    """

    seconds: float = 0.0
    steps: int = 0

    def wait(self, cost: float) -> float:
        """Seconds from one checkpoint to the next, where it goes by time.

        Args:
            cost: seconds that the last checkpoint took from the training.
        """
        return self.seconds or max(LEAST_SECONDS, cost / SHARE)

    def is_due(self, steps: int, seconds: float, cost: float) -> bool:
        """Whether it is time for one.

        Args:
            steps: done since the last checkpoint.
            seconds: gone by since then.
            cost: seconds that the last one took from the training.
        """
        if self.steps:
            return steps >= self.steps
        return steps > 0 and seconds >= self.wait(cost)

    def steps_left(self, steps: int) -> int | None:
        """How many more steps may be done before the next one, having done so many; None where it goes by time."""
        return max(1, self.steps - steps) if self.steps else None
