"""What the stack's ECR repository holds, and the token that opens it."""

import base64
import json
import urllib.request
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from scripts.core import aws
from scripts.core.errors import UserError

if TYPE_CHECKING:
    from scripts.stack import Stack

LABEL = "trainyard.describe"
# One image for one platform; an index of several is none of them.
MANIFESTS = [
    "application/vnd.docker.distribution.manifest.v2+json",
    "application/vnd.oci.image.manifest.v1+json",
]
LARGEST_CONFIG = 8_000_000
SECONDS = 30


@dataclass(frozen=True)
class Image:
    """Where an image is in ECR.

    Args:
        account: the registry's.
        region: the repository's.
        repository: its name.
        version: ``{"imageTag": …}`` or ``{"imageDigest": …}``.
    """

    account: str
    region: str
    repository: str
    version: dict[str, str]


def find(stack: "Stack", tag: str) -> str | None:
    """The digest of the image that has ``tag``, or None where there is none.

    Raises:
        UserError: the repository does not exist.
    """
    ecr = aws.client("ecr")
    try:
        answer = ecr.describe_images(
            registryId=stack.repository_account, repositoryName=stack.repository_name, imageIds=[{"imageTag": tag}]
        )
    except ecr.exceptions.ImageNotFoundException:
        return None
    except ecr.exceptions.RepositoryNotFoundException:
        raise missing(stack) from None
    return str(answer["imageDetails"][0]["imageDigest"])


def missing(stack: "Stack") -> UserError:
    """The two lines for a repository that has gone since the stack was applied."""
    return UserError(
        f"The repository {stack.repository_name} does not exist in account {stack.repository_account}, "
        f"{stack.repository_region}.",
        "Build the stack again: `make infra`.",
    )


def credentials() -> dict[str, str]:
    """User name and a new password for the registry, as the docker SDK takes them. Good for twelve hours at most.

    https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_GetAuthorizationToken.html
    """
    given = aws.client("ecr").get_authorization_token()["authorizationData"][0]["authorizationToken"]
    username, _, password = base64.b64decode(given).decode().partition(":")
    return {"username": username, "password": password}


def manifest(image: Image) -> dict[str, Any] | None:
    """The manifest of an image for one platform; None where there is no such image."""
    answer = aws.client("ecr").batch_get_image(
        registryId=image.account,
        repositoryName=image.repository,
        imageIds=[image.version],
        acceptedMediaTypes=MANIFESTS,
    )
    for found in answer["images"]:
        read: dict[str, Any] = json.loads(found["imageManifest"])
        if "config" in read:
            return read
    return None


def describe(image: Image) -> dict[str, Any] | None:
    """What the image's program said about itself when it was built: its label ``trainyard.describe``.

    Returns:
        The label's JSON; None where it has none, or is no single image for one platform.

    Raises:
        OSError: the configuration cannot be read from where ECR keeps it.
    """
    found = manifest(image)
    if found is None:
        return None
    ecr = aws.client("ecr")
    try:
        address = ecr.get_download_url_for_layer(
            registryId=image.account, repositoryName=image.repository, layerDigest=found["config"]["digest"]
        )["downloadUrl"]
    except ecr.exceptions.LayersNotFoundException as error:
        raise OSError(aws.error_message(error)) from error
    with closing(urllib.request.urlopen(address, timeout=SECONDS)) as answer:
        content = answer.read(LARGEST_CONFIG)
    try:
        labels = json.loads(content)["config"].get("Labels") or {}
        said: dict[str, Any] = json.loads(labels[LABEL])
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
    return said
