"""What containers leave: files of their root, and after a crash of the local cloud themselves. Found by labels."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scripts.localcloud.engine import NoEngineError, connect

if TYPE_CHECKING:
    import docker

CLOUD_LABEL = "trainyard.local-cloud"
JOB_LABEL = "trainyard.job"
MOUNTED = "/left"


def labels(host_folder: Path) -> dict[str, str]:
    """What a job's containers and networks are found by.

    Args:
        host_folder: ``<local cloud>/jobs/<job>/<host>``.
    """
    job = host_folder.parent
    return {CLOUD_LABEL: str(job.parent.parent), JOB_LABEL: job.name}


def remove(cloud: Path) -> set[str]:
    """Remove what a local cloud that was killed has left in the engine, where one answers.

    Args:
        cloud: its absolute folder.

    Returns:
        The folders' names of the jobs whose containers were there.
    """
    try:
        client = connect()
    except NoEngineError:
        return set()
    jobs = set()
    try:
        mine = {"label": f"{CLOUD_LABEL}={cloud}"}
        for container in client.containers.list(all=True, filters=mine, ignore_removed=True):
            job = container.labels[JOB_LABEL]
            jobs.add(job)
            container.remove(v=True, force=True)
            hand_over(client, container.attrs["Image"], cloud / "jobs" / job)
        for network in client.networks.list(filters=mine):
            network.remove()
    finally:
        client.close()
    return jobs


def hand_over(client: "docker.DockerClient", image: str, folder: Path) -> None:
    """Give the files that a container's root has left below ``folder`` to us, by a container of the same image."""
    if os.getuid() == 0 or not _has_others(folder):
        return
    container: Any = client.containers.create(
        image,
        entrypoint=["chown", "-hR", f"{os.getuid()}:{os.getgid()}", MOUNTED],
        user="0:0",
        network_mode="none",
        volumes=[f"{folder}:{MOUNTED}"],
        labels=labels(folder / "any"),
    )
    try:
        container.start()
        code = container.wait()["StatusCode"]
        if code:
            raise OSError(f"chown in a container of {image} ended with {code}: {container.logs().decode()}")
    finally:
        container.remove(v=True, force=True)


def _has_others(folder: Path) -> bool:
    """Whether anything below belongs to somebody else; what cannot be looked into does."""
    mine = os.getuid()
    unreadable: list[OSError] = []
    for place, folders, files in os.walk(folder, onerror=unreadable.append):
        if any(Path(place, name).lstat().st_uid != mine for name in (*folders, *files)):
            return True
    return bool(unreadable)
