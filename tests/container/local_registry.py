"""A Docker engine with a local cloud, to whose ECR and registry it pushes."""

import base64
import io
import json
import tarfile
from typing import Any

import boto3
import docker

from scripts import localcloud


class Dock:
    """An engine and a local cloud in the current folder, with short methods for what tests do with them."""

    def __init__(self, engine: Any) -> None:
        self.engine = engine
        self.image_ids: set[str] = set()
        self.cloud = localcloud.start(lifetime=True)

    @property
    def ecr(self) -> Any:
        return boto3.Session("local", "local", region_name="us-east-1").client("ecr", endpoint_url=self.cloud.url)

    @property
    def address(self) -> str:
        return f"localhost:{self.cloud.port}"

    def restart(self) -> None:
        localcloud.stop()
        self.cloud = localcloud.start(lifetime=True)

    def create(self, name: str = "trainer", mutability: str = "IMMUTABLE") -> None:
        self.ecr.create_repository(repositoryName=name, imageTagMutability=mutability)

    def image(self, content: bytes) -> str:
        """Make an image of one layer, and return its ID."""
        data = io.BytesIO()
        with tarfile.open(fileobj=data, mode="w") as tar:
            member = tarfile.TarInfo("content")
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
        response = json.loads(self.engine.api.import_image_from_data(data.getvalue()))
        self.image_ids.add(response["status"])
        return str(response["status"])

    def auth(self) -> dict[str, str]:
        (data,) = self.ecr.get_authorization_token()["authorizationData"]
        user, _, token = base64.b64decode(data["authorizationToken"]).decode().partition(":")
        return {"username": user, "password": token}

    def push(self, image: str, tag: str, name: str = "trainer", auth: dict[str, str] | None = None) -> list[str]:
        """Push an image, and return the engine's statuses of its layers, or its errors."""
        target = f"{self.address}/{name}"
        self.engine.images.get(image).tag(target, tag)
        client = docker.from_env()
        try:
            events = list(client.api.push(target, tag, stream=True, decode=True, auth_config=auth or self.auth()))
        finally:
            client.close()
        errors = [event["error"] for event in events if "error" in event]
        return errors or [event["status"] for event in events if "id" in event]

    def close(self) -> None:
        """Stop the local cloud of the current folder, and remove the images with all their tags."""
        localcloud.stop()
        for image in self.image_ids:
            self.engine.images.remove(image, force=True)

    def describe_images(self, name: str = "trainer", **members: Any) -> list[dict[str, Any]]:
        return list(self.ecr.describe_images(repositoryName=name, **members)["imageDetails"])
