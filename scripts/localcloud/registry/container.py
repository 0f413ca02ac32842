"""The registry's program as a container of the image ``registry:2``, for machines without the program."""

import json
import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scripts.core.ports import LOOPBACK
from scripts.localcloud.engine import NoEngineError, connect
from scripts.localcloud.registry.configuration import FILE, configuration

if TYPE_CHECKING:
    import docker

IMAGE = "registry:2"
LABEL = "trainyard.registry"
PORT = "5000/tcp"
MOUNTED = "/var/lib/registry"  # The image declares a volume there. Another path would leave an unused volume.


def missing() -> str | None:
    """Return why no such container is possible, or None if one is."""
    import docker.errors

    install = f"this machine has no registry program: install docker-registry, or `docker pull {IMAGE}`"
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
    """A running container of the registry.

    Args:
        folder: where it writes its files.

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
            user=f"{os.getuid()}:{os.getgid()}",  # So that make cloud-clean may delete the files.
            ports={PORT: (LOOPBACK, None)},
            volumes=[f"{folder}:{MOUNTED}"],
            labels={LABEL: str(folder)},
        )
        self._container.reload()
        self.port = int(self._container.ports[PORT][0]["HostPort"])

    def is_running(self) -> bool:
        """Return whether the program is still running."""
        import docker.errors

        try:
            self._container.reload()
        except docker.errors.NotFound:
            return False
        return bool(self._container.status == "running")

    def last_log_line(self) -> str:
        """Return the last line of the program's log."""
        return self._container.logs(tail=1).decode(errors="replace").strip() or "its log is empty"

    def stop(self) -> None:
        """Stop and remove the container."""
        import docker.errors

        with suppress(docker.errors.NotFound):
            self._container.remove(v=True, force=True)
        self._client.close()


def remove_stale(folder: Path) -> None:
    """Remove the container that a killed local cloud left behind, if an engine answers."""
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
