"""SIGTERM, from the first moment on: this module imports next to nothing, so that it can come before all others."""

import signal


class Stop:
    """Whether SageMaker has asked the job to end: SIGTERM, then 120 seconds, then SIGKILL."""

    def __init__(self) -> None:
        self.requested = False

    def listen(self) -> None:
        """Take SIGTERM. Called again once TensorFlow is set up, which replaces an earlier handler."""
        signal.signal(signal.SIGTERM, self._note)

    def _note(self, _signal: int, _frame: object) -> None:
        self.requested = True
