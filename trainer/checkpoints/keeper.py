"""A run's checkpoints while it trains: when they are made, and by whom."""

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from trainer.checkpoints import checkpoint
from trainer.checkpoints.checkpoint import Checkpoint
from trainer.checkpoints.interval import Interval
from trainer.checkpoints.writer import Writer
from trainer.run import Run


class Keeper:
    """Makes the checkpoints of a run on the chief; on other hosts, where the state is the same, it does nothing.

    Args:
        folder: for the checkpoints; None on other hosts.
        interval: how often.
        run: whose.
        told: plain data that every checkpoint holds beside the run's own: its identity, its devices.
        newest: the checkpoint that the run went on from.
    """

    def __init__(
        self, folder: Path | None, interval: Interval, run: Run, told: Mapping[str, Any], newest: Checkpoint | None
    ) -> None:
        self._writer = Writer(folder) if folder else None
        self._interval = interval
        self._run = run
        self._told = told
        self._newest = newest
        self._step = run.step
        self._time = time.monotonic()

    def steps_left(self) -> int | None:
        """How many steps may be done at once, so that a checkpoint can be made when it is due; None for any number."""
        return self._interval.steps_left(self._run.step - self._step) if self._writer else None

    def look(self) -> None:
        """Begin a checkpoint if it is time; the disk is not waited for.

        Raises:
            JobError: an earlier one could not be written.
        """
        if self._writer is None:
            return
        self._writer.check()
        since = time.monotonic() - self._time
        if not self._interval.is_due(self._run.step - self._step, since, self._writer.cost):
            return
        if self._interval.steps:
            self._writer.wait()  # whoever counts in steps wants each of them
        if not self._writer.busy:
            self._submit(self._writer)

    def now(self) -> Checkpoint | None:
        """Have a checkpoint of the present state, written to its end; None on other hosts.

        Raises:
            JobError: it could not be written.
        """
        if self._writer is None:
            return None
        self._newest = self._writer.wait() or self._newest
        if self._newest and self._newest.step == self._run.step:
            if len(self._newest.about["history"]) == len(self._run.history):
                return self._newest
            # A stop came while the epoch that ends with this step was scored: its results were not known then.
            checkpoint.set_aside(self._newest.path)
        self._submit(self._writer)
        self._newest = self._writer.wait()
        return self._newest

    def __enter__(self) -> "Keeper":
        return self

    def __exit__(self, *_: object) -> None:
        """Let what is being written end."""
        if self._writer:
            self._writer.close()

    def _submit(self, writer: Writer) -> None:
        before = time.monotonic()
        arrays = self._run.arrays()
        self._step, self._time = self._run.step, time.monotonic()
        writer.submit(self._step, arrays, {**self._told, **self._run.about()}, blocked=self._time - before)
