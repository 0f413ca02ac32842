"""The registry behind the local cloud's ECR: the reference registry, with a front that checks what ECR checks.

It keeps pushed images in ``build/registry/``. When the local cloud stops, the layers stay, so that a base image of
2 GB is pushed only once. Tags and manifests are deleted, because a new repository must be empty.
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
        folder: where pushed images are kept; it is created at the first push.
        address: the front's address, ``localhost:PORT``.
        tokens: the tokens with which callers log in.
    """

    def __init__(self, folder: Path, address: str, tokens: Tokens | None = None) -> None:
        self.address = address
        self.tokens = tokens or Tokens()
        self.storage = Storage(folder)
        self.storage.empty_all()
        self._program = Program(folder)
        self.app = Front(self._program.connections, self.storage, self.tokens)

    def missing(self) -> str | None:
        """Return why no registry program is available here, or None if one is."""
        return self._program.missing()

    def is_reachable_from(self, client: "docker.DockerClient") -> bool:
        """Return whether a Docker engine reaches the front, by a pull from a repository with a random name."""
        import docker

        name = f"probe-{secrets.token_hex(8)}"
        event = self.app.expect_request(name)
        try:
            with suppress(docker.errors.DockerException):
                client.api.pull(f"{self.address}/{name}", tag="probe", auth_config=self.auth())
            return event.is_set()
        finally:
            self.app.stop_expecting(name)

    def find(self, uri: str) -> str | None:
        """Return the front's name, with digest, of the image that ``uri`` names. None if no such image was pushed.

        Args:
            uri: an image by tag or digest, at the front's address or at an ECR address of AWS.
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
        """Return a login in the form that the docker SDK takes as ``auth_config``."""
        return {"username": USER, "password": self.tokens.new(USER)[0]}

    def close(self) -> None:
        """Stop the registry's program."""
        self._program.close()
