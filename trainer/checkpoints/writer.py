"""Writes checkpoints while the training goes on."""

import time
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from trainer.checkpoints import checkpoint
from trainer.checkpoints.checkpoint import Checkpoint


class Writer:
    """A thread that saves one checkpoint at a time, then removes the old ones. Used by one other thread.

    Python does not end before a save that has begun has ended.

    Args:
        folder: for the checkpoints; the torn ones have been set aside.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._thread = ThreadPoolExecutor(1, "checkpoints")
        self._latest: Future[None] | None = None
        self._finished: dict[int, float] = {}
        self._saved: Checkpoint | None = None
        self._cost = 0.0

    @property
    def busy(self) -> bool:
        """Whether a save is under way."""
        return self._latest is not None and not self._latest.done()

    @property
    def saved(self) -> Checkpoint | None:
        """The newest that is finished, of those submitted."""
        return self._saved

    @property
    def cost(self) -> float:
        """Seconds that the last finished save took from the training: it was held up, or its CPU had other work."""
        return self._cost

    def submit(self, step: int, arrays: Mapping[str, NDArray[Any]], about: Mapping[str, Any], blocked: float) -> None:
        """Begin to save a checkpoint, and return.

        Args:
            step: the optimizer steps done so far.
            arrays: the state; not to be changed any more.
            about: JSON that is to come back with it; not to be changed either.
            blocked: seconds that the training was held up by the copying of its state.

        Raises:
            ValueError: another save is under way.
            JobError: an earlier one has failed; whatever else an earlier one raised.
        """
        if self.busy:
            raise ValueError(f"the checkpoint of step {step} has to wait: another is being written")
        self.check()
        self._latest = self._thread.submit(self._save, step, arrays, about, blocked)

    def check(self) -> None:
        """Find out whether the last save has failed, as far as that is known yet.

        Raises:
            JobError: it has; whatever else it raised.
        """
        if not self.busy:
            self.wait()

    def wait(self) -> Checkpoint | None:
        """Wait for the save that is under way.

        Returns:
            The newest that is finished; None where nothing was submitted.

        Raises:
            JobError: the last save has failed; whatever else it raised.
        """
        if self._latest is not None:
            self._latest.result()
        return self._saved

    def close(self) -> None:
        """Wait for the save that is under way, and end the thread. Whether it has failed, ``wait`` says."""
        self._thread.shutdown()

    def _save(self, step: int, arrays: Mapping[str, NDArray[Any]], about: Mapping[str, Any], blocked: float) -> None:
        before = time.thread_time()
        self._saved = checkpoint.save(self._folder, step, arrays, about)
        self._finished[step] = time.monotonic()
        checkpoint.prune(self._folder, self._finished, time.monotonic())
        self._cost = blocked + time.thread_time() - before
