"""ECR's images while no container is run: each tag of an existing repository names one synthetic image.

So a job names an image and preflight looks it up as on AWS, though nothing was pushed. What really was put into
moto's repository, and a repository that does not exist, are moto's to answer.
"""

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC
from typing import Any

from moto.ecr.models import Repository, ecr_backends

from scripts.localcloud.awsjson import Call, ServiceError
from scripts.localcloud.environment import ACCOUNT

TARGET = "AmazonEC2ContainerRegistry_V20150921."
MANIFEST_TYPE = "application/vnd.oci.image.manifest.v1+json"


def answer(call: Call) -> dict[str, Any] | None:
    """The answer to DescribeImages or BatchGetImage, or None where the call is moto's.

    Raises:
        ServiceError: DescribeImages of a digest that is not the synthetic image's.
    """
    wanted = call.parameters.get("imageIds")
    if call.operation not in ("DescribeImages", "BatchGetImage") or not wanted:
        return None
    repository = _repository(call)
    if repository is None or any(_is_in(repository, image) for image in wanted):
        return None
    if call.operation == "DescribeImages":
        return _described(repository, wanted)
    return _gotten(repository, wanted)


def _repository(call: Call) -> Repository | None:
    registry = call.parameters.get("registryId", ACCOUNT)
    if registry != ACCOUNT:
        return None
    return ecr_backends[ACCOUNT][call.region].repositories.get(call.parameters.get("repositoryName"))


def _is_in(repository: Repository, wanted: Mapping[str, str]) -> bool:
    return any(
        wanted.get("imageTag") in image.image_tags or wanted.get("imageDigest") == image.get_image_digest()
        for image in repository.images
    )


def manifest(repository: str) -> str:
    """The manifest of a repository's one synthetic image."""
    config = {"mediaType": "application/vnd.oci.image.config.v1+json", "size": 0, "digest": f"sha256:{'0' * 64}"}
    annotations = {"trainyard.synthetic": repository}
    return json.dumps(
        {
            "schemaVersion": 2,
            "mediaType": MANIFEST_TYPE,
            "config": config,
            "layers": [],
            "annotations": annotations,
        },
        sort_keys=True,
    )


def digest(repository: str) -> str:
    """The digest of ``manifest(repository)``."""
    return "sha256:" + hashlib.sha256(manifest(repository).encode()).hexdigest()


def _described(repository: Repository, wanted: list[dict[str, str]]) -> dict[str, Any]:
    ours = digest(repository.name)
    for image in wanted:
        if image.get("imageDigest", ours) != ours:
            raise ServiceError(
                "ImageNotFoundException",
                f"The image with imageId {{imageDigest:'{image['imageDigest']}'}} does not exist within the "
                f"repository with name '{repository.name}' in the registry with id '{ACCOUNT}'",
            )
    detail = {
        "registryId": ACCOUNT,
        "repositoryName": repository.name,
        "imageDigest": ours,
        "imageTags": sorted({image["imageTag"] for image in wanted if "imageTag" in image}),
        "imageSizeInBytes": 0,
        "imagePushedAt": repository.created_at.replace(tzinfo=UTC).timestamp(),
        "imageManifestMediaType": MANIFEST_TYPE,
    }
    return {"imageDetails": [detail]}


def _gotten(repository: Repository, wanted: list[dict[str, str]]) -> dict[str, Any]:
    ours = digest(repository.name)
    images, failures = [], []
    for image in wanted:
        if image.get("imageDigest", ours) == ours:
            images.append(
                {
                    "registryId": ACCOUNT,
                    "repositoryName": repository.name,
                    "imageId": image | {"imageDigest": ours},
                    "imageManifest": manifest(repository.name),
                    "imageManifestMediaType": MANIFEST_TYPE,
                }
            )
        else:
            reason = {"failureCode": "ImageNotFound", "failureReason": "Requested image not found"}
            failures.append({"imageId": image} | reason)
    return {"images": images, "failures": failures}
