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

RECHECK_SECONDS = 2
CONNECT_SECONDS = 3
# Calls of this project normally take less. Those that may take longer (a pull, waiting for a program) have no limit.
CALL_SECONDS = 60
BASE_LABEL = "trainyard.tensorflow"
_AWS_BASE = re.compile(r"(^|/)tensorflow-training[:@]")


class NoEngineError(Exception):
    """No Docker engine answers, or this user may not use it."""


@dataclass(frozen=True)
class ContainerSupport:
    """Whether jobs can run in containers.

    Attributes:
        missing: why they cannot, as a clause; None if they can.
        base: the name of a TensorFlow base image on this machine; None if there is none, or if no engine answers.
    """

    missing: str | None
    base: str | None


class Engine:
    """The Docker engine that the docker command line would use.

    Args:
        registry_missing: returns why no registry program is available, or None.
        is_reachable_from: returns whether an engine reaches the local cloud's registry on 127.0.0.1 of this machine.
    """

    def __init__(
        self, registry_missing: Callable[[], str | None], is_reachable_from: "Callable[[docker.DockerClient], bool]"
    ) -> None:
        self._registry_missing = registry_missing
        self._is_reachable_from = is_reachable_from
        self._lock = threading.Lock()
        self._client: docker.DockerClient | None = None
        self._support: ContainerSupport | None = None
        self._checked_at = 0.0

    def container_support(self) -> ContainerSupport:
        """Return whether jobs can run in containers. A yes is kept; a no is checked again after two seconds."""
        with self._lock:
            last = self._support
            if last is None or (last.missing and time.monotonic() - self._checked_at > RECHECK_SECONDS):
                last = self._support = self._check()
                self._checked_at = time.monotonic()
            return last

    @property
    def client(self) -> "docker.DockerClient":
        """A client of the engine.

        Raises:
            NoEngineError: no engine answers.
        """
        if self._client is None:
            self._client = connect()
        return self._client

    def _check(self) -> ContainerSupport:
        try:
            client = self.client
            client.ping()
        except Exception as error:  # Sockets, TLS and ssh raise different exceptions.
            self._client = None
            return ContainerSupport(_connection_problem(error), None)
        try:
            base = find_base_image(list(_images(client)))
            missing = self._registry_missing()
            if missing is None and not self._is_reachable_from(client):
                missing = "the Docker engine does not reach 127.0.0.1 of this machine, where the registry listens"
        except Exception as error:
            return ContainerSupport(f"the Docker engine fails: {error}", None)
        if missing is None and base is None:
            missing = "this machine has no TensorFlow base image (`make base` pulls one)"
        return ContainerSupport(missing, base)


def connect() -> "docker.DockerClient":
    """Connect to the engine that DOCKER_HOST or the context of the docker command line names.

    Raises:
        NoEngineError: no engine answers.
    """
    import docker

    try:
        docker.from_env(timeout=CONNECT_SECONDS).close()  # This asks for the engine's version.
        return docker.from_env(timeout=CALL_SECONDS)
    except Exception as error:  # Sockets, TLS and ssh raise different exceptions.
        raise NoEngineError(_connection_problem(error)) from error


def _connection_problem(error: Exception) -> str:
    if "Permission denied" in str(error):
        return "this user may not use the Docker engine (members of the group `docker` may)"
    if isinstance(error, NoEngineError):
        return str(error)
    return "no Docker engine answers (docker.io or Docker Desktop is not installed or not started)"


def _images(client: "docker.DockerClient") -> Iterator[Mapping[str, Any]]:
    import docker.errors

    for image in client.api.images():
        with suppress(docker.errors.ImageNotFound):  # It was removed after the list was made.
            yield client.api.inspect_image(image["Id"])


def find_base_image(images: Sequence[Mapping[str, Any]]) -> str | None:
    """Return the name of a TensorFlow base image, or None if there is none.

    AWS's images are recognized by their repository, others by the label ``trainyard.tensorflow``. An image that is
    built on a base inherits the label. So an image whose layers begin with all layers of another one is not a base.

    Args:
        images: the engine's description of each image (``GET /images/{name}/json``), newest first.
    """
    for image in images:
        name = _base_name(image)
        others = (_layers(other) for other in images if other is not image and _base_name(other))
        if name and not any(_layers(image)[: len(other)] == other != _layers(image) for other in others):
            return name
    return None


def _base_name(image: Mapping[str, Any]) -> str | None:
    """Return the name of a base image; None if the image is not a base or has no name that can be used."""
    labelled = BASE_LABEL in (image["Config"].get("Labels") or {})
    names = [*(image.get("RepoTags") or []), *(image.get("RepoDigests") or [])]
    # These names point to the registry of a local cloud, which may have stopped.
    pushed = [name for name in names if name.startswith("localhost:")]
    for name in names:
        if name not in pushed and (labelled or _AWS_BASE.search(name)):
            return str(name)
    return None


def _layers(image: Mapping[str, Any]) -> list[str]:
    return list(image["RootFS"].get("Layers") or [])
