"""Records SIGTERM. This module imports almost nothing, so that the program can import it first and listen early."""

import signal


class Stop:
    """Whether SageMaker has asked the job to stop: it sends SIGTERM, and SIGKILL 120 seconds later."""

    def __init__(self) -> None:
        self.requested = False

    def listen(self) -> None:
        """Handle SIGTERM. Call it again after TensorFlow is set up, because TensorFlow replaces the handler."""
        signal.signal(signal.SIGTERM, self._record)

    def _record(self, _signal: int, _frame: object) -> None:
        self.requested = True
