"""The Docker engine of this machine, and its errors in two lines."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from scripts.core.errors import UserError

if TYPE_CHECKING:
    import docker

PLATFORM = "linux/amd64"
INSTALL = "Install Docker and start it: https://docs.docker.com/engine/install/"
SECONDS = 120  # the engine's longest time for an answer: unpacking and removing layers is slow on slow disks


def connect() -> "docker.DockerClient":
    """A client of the engine that the docker command line would use (DOCKER_HOST, otherwise its context).

    Raises:
        UserError: Docker is not installed, no engine answers, or the user may not use it.
    """
    import docker

    try:
        client = docker.from_env(timeout=SECONDS, use_ssh_client=True)
        client.ping()
    except Exception as error:
        raise _connect_error(error) from None
    return client


@contextmanager
def explain_errors() -> Iterator[None]:
    """Turn Docker errors that a user can correct into a UserError; other errors pass through.

    Raises:
        UserError: the engine's disk is full, an image is for another platform, or the engine stopped answering.
    """
    import docker
    import requests

    try:
        yield
    except (docker.errors.DockerException, requests.exceptions.RequestException) as error:
        explained = explain(error_message(error))
        if explained is None and isinstance(error, requests.exceptions.ConnectionError):
            explained = UserError(
                f"The Docker engine stopped answering: {error_message(error)}", "Start it, then try again."
            )
        if explained is None:
            raise
        raise explained from error


def explain(message: str) -> UserError | None:
    """The two-line error for a message of Docker; None for a message that is not known here."""
    lower = message.lower()
    if "no space left on device" in lower:
        return UserError(
            f"There is no space left on the Docker engine's disk: {message}",
            "Free some: `docker system df` shows what uses it, `docker image prune` deletes images without a name.",
        )
    if "does not match the specified platform" in lower or "no matching manifest" in lower:
        return wrong_platform(message)
    if "exec format error" in lower:
        return UserError(
            f"This machine cannot run programs for {PLATFORM}, the platform of SageMaker's instances: {message}",
            "Set up emulation: https://docs.docker.com/build/building/multi-platform/#qemu",
        )
    return None


def wrong_platform(what: str) -> UserError:
    """The error of an image that SageMaker's instances cannot run."""
    return UserError(
        f"The image is not for {PLATFORM}, the platform of SageMaker's instances: {what}",
        f"Name an image for {PLATFORM}.",
    )


def error_message(error: Exception) -> str:
    """The engine's message, in one line."""
    return " ".join(str(getattr(error, "explanation", None) or error).split())


def _connect_error(error: Any) -> UserError:
    message = error_message(error)
    if shutil.which("docker") is None:
        return UserError("Docker is not installed: there is no `docker` on PATH.", INSTALL)
    if "permission denied" in message.lower():
        return UserError(
            f"You may not use the Docker engine: {message}",
            "Join its group (`sudo usermod -aG docker $USER`), then log in again.",
        )
    return UserError(f"No Docker engine answers: {message}", "Start it (Docker Desktop, or `systemctl start docker`).")
