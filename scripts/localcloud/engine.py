"""The Docker engine of this machine, and whether jobs can run in containers of it."""

import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
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
        except Exception as error:  # Sockets, TLS and ssh each fail in their own way.
            self._client = None
            return Verdict(_why_silent(error), None)
        try:
            base = base_among(list(_images(client)))
            missing = self._registry_missing()
            if missing is None and not self._reached_by(client):
                missing = "the Docker engine does not reach this machine's loopback, where the registry listens"
        except Exception as error:
            return Verdict(f"the Docker engine fails: {error}", None)
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
        raise NoEngineError(_why_silent(error)) from error


def _why_silent(error: Exception) -> str:
    if "Permission denied" in str(error):
        return "this user may not call the Docker engine (the group `docker` may)"
    if isinstance(error, NoEngineError):
        return str(error)
    return "no Docker engine answers (docker.io, or Docker Desktop, is not there or not started)"


def _images(client: "docker.DockerClient") -> Iterator[Mapping[str, Any]]:
    import docker.errors

    for image in client.api.images():
        with suppress(docker.errors.ImageNotFound):  # Removed since the list was made.
            yield client.api.inspect_image(image["Id"])


def base_among(images: Sequence[Mapping[str, Any]]) -> str | None:
    """The name of a TensorFlow base: AWS's own by its repository, another by the label ``trainyard.tensorflow``.

    What is built on a base inherits its label: an image that begins with all of another's layers is none.

    Args:
        images: what the engine knows of each (``GET /images/{name}/json``), newest first.
    """
    for image in images:
        name = _base_name(image)
        others = (_layers(other) for other in images if other is not image and _base_name(other))
        if name and not any(_layers(image)[: len(other)] == other != _layers(image) for other in others):
            return name
    return None


def _base_name(image: Mapping[str, Any]) -> str | None:
    """What a base is called; None for an image that is none, and for one without a name of its own."""
    labelled = BASE_LABEL in (image["Config"].get("Labels") or {})
    names = [*(image.get("RepoTags") or []), *(image.get("RepoDigests") or [])]
    pushed = [name for name in names if name.startswith("localhost:")]  # To some local cloud, gone perhaps.
    for name in names:
        if name not in pushed and (labelled or _AWS_BASE.search(name)):
            return str(name)
    return None


def _layers(image: Mapping[str, Any]) -> list[str]:
    return list(image["RootFS"].get("Layers") or [])
