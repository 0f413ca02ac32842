"""The Docker engine of this machine, and whether jobs can run in containers of it."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import docker

AGAIN_SECONDS = 2


@dataclass(frozen=True)
class Verdict:
    """Whether jobs can run in containers.

    Attributes:
        missing: why not, in a plain clause; None when they can.
        base: a TensorFlow base image on this machine, whatever is missing.
    """

    missing: str | None
    base: str | None


class Engine:
    """A Docker engine, looked for as the docker command line looks for it.

    Args:
        registry_missing: why no registry program can be had, or None.
        reached_by: whether an engine reaches the local cloud's registry on this machine's loopback.
    """

    def __init__(
        self, registry_missing: Callable[[], str | None], reached_by: "Callable[[docker.DockerClient], bool]"
    ) -> None:
        self._registry_missing = registry_missing
        self._reached_by = reached_by
        self._lock = threading.Lock()
        self._verdict: Verdict | None = None
        self._examined = 0.0

    def verdict(self) -> Verdict:
        """Whether jobs can run in containers. A no is looked at again after two seconds, a yes stays."""
        with self._lock:
            last = self._verdict
            if last is None or (last.missing and time.monotonic() - self._examined > AGAIN_SECONDS):
                last = self._verdict = Verdict("containers are not here yet", None)
                self._examined = time.monotonic()
            return last

    @property
    def client(self) -> "docker.DockerClient":
        """The engine's client.

        Raises:
            NoEngine: none answers.
        """
        raise NoEngine("no Docker engine answers")


class NoEngine(Exception):
    """No Docker engine answers; its text says why."""
