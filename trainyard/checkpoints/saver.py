"""When a run writes checkpoints while it trains."""

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from trainyard.checkpoints import checkpoint
from trainyard.checkpoints.checkpoint import Checkpoint
from trainyard.checkpoints.interval import Interval
from trainyard.checkpoints.writer import Writer
from trainyard.run import Run


class CheckpointSaver:
    """Writes the checkpoints of a run on the chief. On other hosts the state is the same, so it writes none there.

    Args:
        folder: for the checkpoints; None on other hosts.
        interval: how often.
        run: the run to save.
        facts: plain data for every checkpoint, beside the run's own: its identity, its devices.
        newest: the checkpoint that the run resumed from.
    """

    def __init__(
        self, folder: Path | None, interval: Interval, run: Run, facts: Mapping[str, Any], newest: Checkpoint | None
    ) -> None:
        self._writer = Writer(folder) if folder else None
        self._interval = interval
        self._run = run
        self._facts = facts
        self._newest = newest
        self._last_step = run.step
        self._last_time = time.monotonic()

    @property
    def busy(self) -> bool:
        """Whether a checkpoint is being written."""
        return self._writer is not None and self._writer.busy

    @property
    def cost(self) -> float:
        """Seconds of training time that the last finished checkpoint took."""
        return self._writer.cost if self._writer else 0.0

    def steps_left(self) -> int | None:
        """Steps until the next checkpoint is due; None if the number of steps does not matter."""
        return self._interval.steps_left(self._run.step - self._last_step) if self._writer else None

    def save_if_due(self) -> None:
        """Start to write a checkpoint if it is due; do not wait for the disk.

        Raises:
            JobError: an earlier checkpoint could not be written.
        """
        if self._writer is None:
            return
        self._writer.check()
        elapsed = time.monotonic() - self._last_time
        if not self._interval.is_due(self._run.step - self._last_step, elapsed, self._writer.cost):
            return
        if self._interval.steps:
            self._writer.wait()  # with an interval in steps, no checkpoint may be skipped
        if not self._writer.busy:
            self._submit(self._writer)

    def save_now(self) -> Checkpoint | None:
        """Write a checkpoint of the current state and wait until it is on the disk; None on other hosts.

        Raises:
            JobError: it could not be written.
        """
        if self._writer is None:
            return None
        self._newest = self._writer.wait() or self._newest
        if self._newest and self._newest.step == self._run.step:
            if len(self._newest.about["history"]) == len(self._run.history):
                return self._newest
            # It was written by a stop during the validation after this step, so it lacks the epoch's results.
            checkpoint.rename_to_aside(self._newest.path)
        self._submit(self._writer)
        self._newest = self._writer.wait()
        return self._newest

    def __enter__(self) -> "CheckpointSaver":
        return self

    def __exit__(self, *_: object) -> None:
        """Wait for the checkpoint that is being written."""
        if self._writer:
            self._writer.close()

    def _submit(self, writer: Writer) -> None:
        before = time.monotonic()
        arrays = self._run.arrays()
        self._last_step, self._last_time = self._run.step, time.monotonic()
        writer.submit(self._last_step, arrays, {**self._facts, **self._run.about()}, blocked=self._last_time - before)
