"""The Docker engine of this machine, and whether jobs can run in containers of it."""

import re
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import docker

AGAIN_SECONDS = 2
ANSWER_SECONDS = 3
# No call that this project makes of an engine takes longer where all is well; those that may (a pull, the wait for a
# program's end) have no limit.
CALL_SECONDS = 60
BASE_LABEL = "trainyard.tensorflow"
# What ``make image`` builds on a base inherits the base's label, and has this one too.
BUILT_LABEL = "trainyard.describe"
_AWS_BASE = re.compile(r"(^|/)tensorflow-training[:@]")


class NoEngineError(Exception):
    """No Docker engine answers."""


@dataclass(frozen=True)
class Verdict:
    """Whether jobs can run in containers.

    Attributes:
        missing: why not, in a plain clause; None when they can.
        base: the name of a TensorFlow base image on this machine, as far as that was looked for.
    """

    missing: str | None
    base: str | None


class Engine:
    """A Docker engine, found as the docker command line finds it.

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
        self._client: docker.DockerClient | None = None
        self._verdict: Verdict | None = None
        self._examined = 0.0

    def verdict(self) -> Verdict:
        """Whether jobs can run in containers. A no is looked at again after two seconds, a yes stays."""
        with self._lock:
            last = self._verdict
            if last is None or (last.missing and time.monotonic() - self._examined > AGAIN_SECONDS):
                last = self._verdict = self._examine()
                self._examined = time.monotonic()
            return last

    @property
    def client(self) -> "docker.DockerClient":
        """The engine's client.

        Raises:
            NoEngineError: no engine answers.
        """
        if self._client is None:
            self._client = connect()
        return self._client

    def _examine(self) -> Verdict:
        try:
            client = self.client
            client.ping()
            base = base_among(client.api.images())
            missing = self._registry_missing()
            if missing is None and not self._reached_by(client):
                missing = "the Docker engine does not reach this machine's loopback, where the registry listens"
        except Exception as error:  # Sockets, TLS and ssh each fail in their own way.
            why = str(error) if isinstance(error, NoEngineError) else f"the Docker engine fails: {error}"
            return Verdict(why, None)
        if missing is None and base is None:
            missing = "no TensorFlow base image is on this machine (`make base` pulls one)"
        return Verdict(missing, base)


def connect() -> "docker.DockerClient":
    """A client of the engine that DOCKER_HOST or the docker command line's context names.

    Raises:
        NoEngineError: none answers.
    """
    import docker

    try:
        docker.from_env(timeout=ANSWER_SECONDS).close()  # It asks for the engine's version.
        return docker.from_env(timeout=CALL_SECONDS)
    except Exception as error:  # Sockets, TLS and ssh each fail in their own way.
        raise NoEngineError(
            "no Docker engine answers (docker.io, or Docker Desktop, is not there or not started)"
        ) from error


def base_among(images: Iterable[Mapping[str, Any]]) -> str | None:
    """The name of a TensorFlow base: AWS's own by its repository, another by the label ``trainyard.tensorflow``.

    Args:
        images: what the engine lists (``GET /images/json``), newest first.
    """
    for image in images:
        labels = image.get("Labels") or {}
        if BUILT_LABEL in labels:
            continue
        names = [*(image.get("RepoTags") or []), *(image.get("RepoDigests") or [])]
        for name in names:
            if not name.startswith("<none>") and (BASE_LABEL in labels or _AWS_BASE.search(name)):
                return str(name)
    return None
