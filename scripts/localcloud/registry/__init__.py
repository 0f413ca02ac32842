"""The registry behind the local cloud's ECR: the reference registry's program, with a front that checks as ECR does.

What was pushed is kept in ``build/registry/``. Layers stay there when the local cloud goes, so that a base image of
2 GB is pushed once; tags and manifests go with it, for a repository just created is empty.
"""

import re
import secrets
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from scripts.localcloud.registry import repositories
from scripts.localcloud.registry.front import USER, Front
from scripts.localcloud.registry.program import Program
from scripts.localcloud.registry.storage import Image, Storage
from scripts.localcloud.registry.tokens import Tokens

if TYPE_CHECKING:
    import docker

__all__ = ["Image", "Registry"]

_URI = re.compile(
    r"(?P<host>[^/]+)/(?P<name>[^:@]+)(?::(?P<tag>[^@]+))?(?:@(?P<digest>sha256:[0-9a-f]{64}))?",
)
_ECR = re.compile(r"\d{12}\.dkr\.ecr\.[a-z0-9-]+\.amazonaws\.com")


class Registry:
    """The registry of one local cloud.

    Args:
        folder: keeps what is pushed; it is made when there is something.
        address: of the front, ``localhost:PORT``.
        tokens: what callers log in with.
    """

    def __init__(self, folder: Path, address: str, tokens: Tokens | None = None) -> None:
        self.address = address
        self.tokens = tokens or Tokens()
        self.storage = Storage(folder)
        self.storage.empty_all()
        self._program = Program(folder)
        self.app = Front(self._program.connections, self.storage, self.tokens)

    def missing(self) -> str | None:
        """Why no registry program can be had here; None where one can."""
        return self._program.missing()

    def reached_by(self, client: "docker.DockerClient") -> bool:
        """Whether a Docker engine reaches the front: it is asked for a repository that nobody else can know of."""
        import docker

        name = f"probe-{secrets.token_hex(8)}"
        event = self.app.awaiting(name)
        try:
            with suppress(docker.errors.DockerException):
                client.api.pull(f"{self.address}/{name}", tag="probe", auth_config=self.auth())
            return event.is_set()
        finally:
            self.app.forget(name)

    def find(self, uri: str) -> str | None:
        """The image that ``uri`` names, by the digest and at the front, or None where none was really pushed.

        Args:
            uri: of an image by tag or digest, at the front's address or at ECR's own.
        """
        found = _URI.fullmatch(uri)
        if found is None or not (found["host"] == self.address or _ECR.fullmatch(found["host"])):
            return None
        if repositories.find(found["name"]) is None:
            return None
        digest, tag = found["digest"], found["tag"] or "latest"
        for image in self.storage.images(found["name"]):
            if image.digest == digest if digest else tag in image.tags:
                return f"{self.address}/{found['name']}@{image.digest}"
        return None

    def auth(self) -> dict[str, str]:
        """What to log in with, in the form that the docker SDK takes as ``auth_config``."""
        return {"username": USER, "password": self.tokens.new(USER)[0]}

    def close(self) -> None:
        """End the program."""
        self._program.close()
