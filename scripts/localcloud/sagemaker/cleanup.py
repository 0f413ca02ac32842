"""Cleans up after containers: files that belong to root, and containers and networks that a crash left.

Labels identify the containers and networks.
"""

import os
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scripts.localcloud.engine import NoEngineError, connect
from scripts.localcloud.sagemaker.program_files import ProgramFolder

if TYPE_CHECKING:
    import docker

CLOUD_LABEL = "trainyard.local-cloud"
JOB_LABEL = "trainyard.job"
MOUNTED = "/job"


def labels(host_folder: Path) -> dict[str, str]:
    """Return the labels of a job's containers and networks.

    Args:
        host_folder: ``<local cloud>/jobs/<job>/<host>``.
    """
    job = host_folder.parent
    return {CLOUD_LABEL: str(job.parent.parent), JOB_LABEL: job.name}


def try_to(clean_up: Callable[..., object], *positional: Any, **named: Any) -> None:
    """Clean up, and print a failure; the next start finds by label what this could not remove."""
    try:
        clean_up(*positional, **named)
    except Exception:
        traceback.print_exc()


def remove_containers(cloud: Path) -> set[str]:
    """Remove the containers and networks of a local cloud that was killed, if a Docker engine answers.

    Args:
        cloud: the absolute path of its folder.

    Returns:
        The folder names of the jobs whose containers were removed.
    """
    try:
        client = connect()
    except NoEngineError:
        return set()
    jobs = set()
    try:
        filters = {"label": f"{CLOUD_LABEL}={cloud}"}
        for container in client.containers.list(all=True, filters=filters, ignore_removed=True):
            job = container.labels[JOB_LABEL]
            jobs.add(job)
            container.remove(v=True, force=True)
            for folder in (cloud / "jobs" / job, *(cloud / "pools").glob("*")):
                take_ownership(client, container.attrs["Image"], folder)
        for network in client.networks.list(filters=filters):
            network.remove()
    finally:
        client.close()
    return jobs


def take_ownership(client: "docker.DockerClient", image: str, folder: Path) -> None:
    """Make the files below ``folder`` that belong to root ours, with ``chown`` in a container of the same image."""
    if os.getuid() == 0 or not ProgramFolder(folder.parent, folder.name).is_foreign(os.getuid()):
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
