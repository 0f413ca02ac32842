"""Local clouds with an image in their ECR."""

import base64
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import docker
import pytest

from scripts import localcloud
from tests.conftest import ROOT
from tests.unit.localcloud.account import Account, clients_of


@contextmanager
def local_cloud(folder: Path) -> Iterator[localcloud.Cloud]:
    """A local cloud in a folder of its own; it is stopped at the end of the ``with`` block."""
    with within(folder):
        cloud = localcloud.start(lifetime=True)
    try:
        yield cloud
    finally:
        with within(folder):
            localcloud.stop()


@contextmanager
def within(folder: Path) -> Iterator[None]:
    """Work in that folder, without AWS settings, for the time of the block."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("PYTHONPATH", str(ROOT))
        for name in [name for name in os.environ if name.startswith("AWS_")]:
            patch.delenv(name)
        yield


@contextmanager
def account_with_image(cloud: localcloud.Cloud, engine: docker.DockerClient, image: Any) -> Iterator[Account]:
    """An account whose repository ``trainer`` has an image; its jobs name the image by digest."""
    account = Account(cloud)
    token = clients_of(cloud)("ecr").get_authorization_token()["authorizationData"][0]["authorizationToken"]
    user, _, password = base64.b64decode(token).decode().partition(":")
    image.tag(account.repository, "v1")
    try:
        for line in engine.images.push(
            account.repository, "v1", stream=True, decode=True, auth_config={"username": user, "password": password}
        ):
            assert "error" not in line, line
        described = clients_of(cloud)("ecr").describe_images(repositoryName="trainer", imageIds=[{"imageTag": "v1"}])
        account.image = f"{account.repository}@{described['imageDetails'][0]['imageDigest']}"
        yield account
    finally:
        for name in engine.images.get(image.id).tags:
            if name.startswith(account.repository):
                engine.images.remove(name)
