"""The registry's program as a container of the image ``registry:2``, where the program is not installed."""

import json
import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scripts.localcloud.engine import NoEngineError, connect
from scripts.localcloud.registry.configuration import FILE, LOOPBACK, configuration

if TYPE_CHECKING:
    import docker

IMAGE = "registry:2"
LABEL = "trainyard.registry"
PORT = "5000/tcp"
MOUNTED = "/var/lib/registry"  # The image's own volume, which would be made beside it.


def missing() -> str | None:
    """Why there can be no such container; None where there can."""
    import docker.errors

    install = f"no registry program is here: install docker-registry, or `docker pull {IMAGE}`"
    try:
        client = connect()
    except NoEngineError:
        return install
    try:
        client.images.get(IMAGE)
    except docker.errors.DockerException:
        return install
    finally:
        client.close()
    return None


class Container:
    """A container that runs.

    Args:
        folder: keeps all that it writes.

    Raises:
        NoEngineError: no engine answers.
    """

    def __init__(self, folder: Path) -> None:
        self._client = connect()
        _remove(self._client, folder)
        (folder / FILE).write_text(json.dumps(configuration(MOUNTED, f":{PORT.partition('/')[0]}")))
        self._container: Any = self._client.containers.run(
            IMAGE,
            ["serve", f"{MOUNTED}/{FILE}"],
            detach=True,
            user=f"{os.getuid()}:{os.getgid()}",  # The files shall be ours: make cloud-clean removes them.
            ports={PORT: (LOOPBACK, None)},
            volumes=[f"{folder}:{MOUNTED}"],
            labels={LABEL: str(folder)},
        )
        self._container.reload()
        self.port = int(self._container.ports[PORT][0]["HostPort"])

    def runs(self) -> bool:
        """Whether it has not ended."""
        import docker.errors

        try:
            self._container.reload()
        except docker.errors.NotFound:
            return False
        return bool(self._container.status == "running")

    def last_words(self) -> str:
        """The last line that it wrote."""
        return self._container.logs(tail=1).decode(errors="replace").strip() or "it wrote nothing"

    def end(self) -> None:
        """End it and take it away."""
        import docker.errors

        with suppress(docker.errors.NotFound):
            self._container.remove(v=True, force=True)
        self._client.close()


def remove_left(folder: Path) -> None:
    """Take away what a local cloud that was killed has left, where an engine answers."""
    try:
        client = connect()
    except NoEngineError:
        return
    try:
        _remove(client, folder)
    finally:
        client.close()


def _remove(client: "docker.DockerClient", folder: Path) -> None:
    filters = {"label": f"{LABEL}={folder}"}
    for container in client.containers.list(all=True, filters=filters, ignore_removed=True):
        container.remove(v=True, force=True)
