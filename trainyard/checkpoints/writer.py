"""Writes checkpoints in the background while the training continues."""

import time
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from trainyard.checkpoints import checkpoint
from trainyard.checkpoints.checkpoint import Checkpoint
from trainyard.errors import JobError

SPARE_BYTES = 1 << 16
"""A checkpoint's text and its folder, beside the arrays."""


class Writer:
    """A thread that saves one checkpoint at a time, then removes old ones. Only one other thread may use it.

    Python does not exit before a save that has started is finished.

    Args:
        folder: for the checkpoints; torn ones are already renamed.
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
        """Whether a save is running."""
        return self._latest is not None and not self._latest.done()

    @property
    def saved(self) -> Checkpoint | None:
        """The newest finished checkpoint of this writer."""
        return self._saved

    @property
    def cost(self) -> float:
        """Seconds of training time that the last finished save took: by blocking it, and by using the CPU."""
        return self._cost

    def submit(self, step: int, arrays: Mapping[str, NDArray[Any]], about: Mapping[str, Any], blocked: float) -> None:
        """Start to save a checkpoint, and return at once.

        Args:
            step: optimizer steps so far.
            arrays: the state; the caller must not change it any more.
            about: JSON that is stored with it; the caller must not change it either.
            blocked: seconds for which copying the state blocked the training.

        Raises:
            ValueError: another save is running.
            JobError: the save before failed; any other exception of that save is raised too.
        """
        if self.busy:
            raise ValueError(f"the checkpoint of step {step} has to wait: another is being written")
        self.check()
        self._latest = self._thread.submit(self._save, step, arrays, about, blocked)

    def check(self) -> None:
        """Raise the error of the last save, if it has already failed.

        Raises:
            JobError: it failed; any other exception of that save is raised too.
        """
        if not self.busy:
            self.wait()

    def wait(self) -> Checkpoint | None:
        """Wait until the running save is finished.

        Returns:
            The newest finished checkpoint; None if nothing was submitted.

        Raises:
            JobError: the last save failed; any other exception of that save is raised too.
        """
        if self._latest is not None:
            self._latest.result()
        return self._saved

    def close(self) -> None:
        """Wait until the running save is finished, and end the thread. Its error is raised by ``wait`` only."""
        self._thread.shutdown()

    def _save(self, step: int, arrays: Mapping[str, NDArray[Any]], about: Mapping[str, Any], blocked: float) -> None:
        before = time.thread_time()
        needed = sum(array.nbytes for array in arrays.values()) + SPARE_BYTES
        with suppress(JobError):  # a folder that cannot be read: the save says what is wrong
            checkpoint.make_room(self._folder, needed, self._finished, time.monotonic())
        self._saved = checkpoint.save(self._folder, step, arrays, about)
        self._finished[step] = time.monotonic()
        checkpoint.prune(self._folder, self._finished, time.monotonic())
        self._cost = blocked + time.thread_time() - before
