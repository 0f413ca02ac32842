"""The Docker engine of this machine, and what it says when it cannot."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from scripts.core.errors import UserError

if TYPE_CHECKING:
    import docker

PLATFORM = "linux/amd64"
INSTALL = "Install Docker and start it: https://docs.docker.com/engine/install/"
SECONDS = 120  # that the engine may take for an answer: unpacking and removing layers is slow on slow disks


def connect() -> "docker.DockerClient":
    """A client of the engine that the docker command line would use (DOCKER_HOST, else its context).

    Raises:
        UserError: there is no Docker here, no engine answers, or the user may not use it.
    """
    import docker

    try:
        client = docker.from_env(timeout=SECONDS, use_ssh_client=True)
        client.ping()
    except Exception as error:
        raise _absent(error) from None
    return client


@contextmanager
def explained() -> Iterator[None]:
    """Turn what Docker refuses for reasons that a user can mend into a UserError; the rest goes on as it is.

    Raises:
        UserError: no space on the engine's disk, another architecture, or an engine that has gone away.
    """
    import docker
    import requests

    try:
        yield
    except (docker.errors.DockerException, requests.exceptions.RequestException) as error:
        told = explain(message_of(error))
        if told is None and isinstance(error, requests.exceptions.ConnectionError):
            told = UserError(f"The Docker engine has gone away: {message_of(error)}", "Start it, then try again.")
        if told is None:
            raise
        raise told from error


def explain(message: str) -> UserError | None:
    """The two lines for a message of Docker's; None where it is another one."""
    lower = message.lower()
    if "no space left on device" in lower:
        return UserError(
            f"There is no space left on the Docker engine's disk: {message}",
            "Free some: `docker system df` shows what takes it, `docker image prune` removes what has no name.",
        )
    if "does not match the specified platform" in lower or "no matching manifest" in lower:
        return other_architecture(message)
    if "exec format error" in lower:
        return UserError(
            f"This machine cannot run programs for {PLATFORM}, which SageMaker's instances are: {message}",
            "Let it emulate them: https://docs.docker.com/build/building/multi-platform/#qemu",
        )
    return None


def other_architecture(what: str) -> UserError:
    """The error of an image that SageMaker's instances cannot run."""
    return UserError(f"This is no image for {PLATFORM}, which SageMaker's instances are: {what}", "Name one that is.")


def message_of(error: Exception) -> str:
    """What the engine said, in one line."""
    return " ".join(str(getattr(error, "explanation", None) or error).split())


def _absent(error: Any) -> UserError:
    said = message_of(error)
    if shutil.which("docker") is None:
        return UserError("Docker is not installed: there is no `docker` on PATH.", INSTALL)
    if "permission denied" in said.lower():
        return UserError(
            f"You may not use the Docker engine: {said}",
            "Become a member of its group (`sudo usermod -aG docker $USER`), then log in anew.",
        )
    return UserError(f"No Docker engine answers: {said}", "Start it (Docker Desktop, or `systemctl start docker`).")
