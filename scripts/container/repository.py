"""The images in the stack's ECR repository, and the token for its registry."""

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
# Manifests of one image for one platform. An index of several images has another media type.
MANIFESTS = [
    "application/vnd.docker.distribution.manifest.v2+json",
    "application/vnd.oci.image.manifest.v1+json",
]
LARGEST_CONFIG = 8_000_000
SECONDS = 30


@dataclass(frozen=True)
class Image:
    """The place of an image in ECR.

    Args:
        account: the registry's account.
        region: the repository's region.
        repository: the repository's name.
        version: ``{"imageTag": …}`` or ``{"imageDigest": …}``.
    """

    account: str
    region: str
    repository: str
    version: dict[str, str]


def find(stack: "Stack", tag: str) -> str | None:
    """The digest of the image with this tag, or None if there is no such image.

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
        raise missing_repository(stack) from None
    return str(answer["imageDetails"][0]["imageDigest"])


def missing_repository(stack: "Stack") -> UserError:
    """The two-line error for a repository that was deleted after the stack was applied."""
    return UserError(
        f"The repository {stack.repository_name} does not exist in account {stack.repository_account}, "
        f"{stack.repository_region}.",
        "Apply the stack again: `make infra`.",
    )


def credentials() -> dict[str, str]:
    """The registry's user name and a new password, as the docker SDK takes them. They expire after twelve hours.

    https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_GetAuthorizationToken.html
    """
    token = aws.client("ecr").get_authorization_token()["authorizationData"][0]["authorizationToken"]
    username, _, password = base64.b64decode(token).decode().partition(":")
    return {"username": username, "password": password}


def manifest(image: Image) -> dict[str, Any] | None:
    """The manifest of an image for one platform; None if there is no such image."""
    response = aws.client("ecr").batch_get_image(
        registryId=image.account,
        repositoryName=image.repository,
        imageIds=[image.version],
        acceptedMediaTypes=MANIFESTS,
    )
    for image_found in response["images"]:
        content: dict[str, Any] = json.loads(image_found["imageManifest"])
        if "config" in content:
            return content
    return None


def describe(image: Image) -> dict[str, Any] | None:
    """The trainer's description in an image's label ``trainyard.describe``, written when the image was built.

    Returns:
        The label's JSON; None if the image has no such label, or is not one image for one platform.

    Raises:
        OSError: the image's configuration cannot be downloaded.
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
    with closing(urllib.request.urlopen(address, timeout=SECONDS)) as response:
        content = response.read(LARGEST_CONFIG)
    try:
        labels = json.loads(content)["config"].get("Labels") or {}
        description: dict[str, Any] = json.loads(labels[LABEL])
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
    return description
