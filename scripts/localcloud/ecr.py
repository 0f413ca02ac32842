"""ECR's calls about images: they report what was pushed to the registry. moto answers all other calls of ECR."""

import base64
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from moto.ecr.models import ECR_REPOSITORY_NAME_PATTERN, Repository

from scripts.localcloud.access import gate
from scripts.localcloud.awsjson import Call, ServiceError
from scripts.localcloud.environment import ACCOUNT
from scripts.localcloud.registry import Image, Registry, repositories, synthetic
from scripts.localcloud.registry.front import USER

TARGET = "AmazonEC2ContainerRegistry_V20150921."
LAYER_TYPE = "application/vnd.docker.image.rootfs.diff.tar.gzip"
PAGE = 100  # https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_DescribeImages.html
# These calls upload an image without docker. moto would keep it, and the registry would not have it.
UNSUPPORTED = ("PutImage", "InitiateLayerUpload", "UploadLayerPart", "CompleteLayerUpload")

ImageId = Mapping[str, str]
Response = dict[str, Any]


class Ecr:
    """Answers calls of ECR.

    Args:
        registry: holds the pushed images.
        containers_possible: returns whether jobs can run in containers. While they cannot, every tag of a repository
            names an image.
    """

    def __init__(self, registry: Registry, containers_possible: Callable[[], bool]) -> None:
        self._registry = registry
        self._storage = registry.storage
        self._containers_possible = containers_possible
        self._operations: dict[str, Callable[[Call, Repository], Response | None]] = {
            "DeleteRepository": self._delete_repository,
            "DescribeImages": self._describe_images,
            "ListImages": self._list_images,
            "BatchGetImage": self._batch_get_image,
            "BatchDeleteImage": self._batch_delete_image,
            "BatchCheckLayerAvailability": self._batch_check_layers,
            "GetDownloadUrlForLayer": self._get_download_url,
        }

    def __call__(self, call: Call) -> Response | None:
        """Return the response to a call, or None if moto answers it.

        Raises:
            ServiceError: AWS would refuse the call.
        """
        if call.operation == "GetAuthorizationToken":
            return self._authorization(call.parameters.get("registryIds") or [ACCOUNT])
        if call.operation == "CreateRepository":
            self._clear_old_images(call)
            return None
        if call.operation in UNSUPPORTED:
            raise ServiceError(
                "UnknownOperationException", f"The local cloud has no {call.operation}: push the image with docker."
            )
        operation = self._operations.get(call.operation)
        return None if operation is None else operation(call, _repository(call))

    def _authorization(self, accounts: Iterable[str]) -> Response:
        """Return a token for each account. Every token is valid at this registry only, which is its endpoint."""
        token, end = self._registry.tokens.new(USER, gate.caller())
        data = {
            "authorizationToken": base64.b64encode(f"{USER}:{token}".encode()).decode(),
            "expiresAt": end,
            "proxyEndpoint": f"http://{self._registry.address}",
        }
        return {"authorizationData": [data for _ in accounts]}

    def _clear_old_images(self, call: Call) -> None:
        """Delete images of a former repository with the same name: a new repository is empty."""
        name = str(call.parameters.get("repositoryName"))
        if re.fullmatch(ECR_REPOSITORY_NAME_PATTERN, name) and repositories.find(name) is None:
            self._storage.empty(name)

    def _delete_repository(self, call: Call, repository: Repository) -> None:
        if self._storage.images(repository.name) and not call.parameters.get("force"):
            raise ServiceError(
                "RepositoryNotEmptyException",
                f"The repository with name '{repository.name}' in registry with id '{ACCOUNT}' cannot be deleted "
                "because it still contains images",
            )
        self._storage.empty(repository.name)

    def _describe_images(self, call: Call, repository: Repository) -> Response:
        wanted = call.parameters.get("imageIds")
        if not wanted:
            images, more = _page(self._filtered(call, repository), call.parameters)
            return {"imageDetails": [_detail(image, repository) for image in images]} | more
        found: dict[str, Image] = {}
        for image_id in wanted:
            image = self._find(repository, image_id)
            if image is None:
                raise _not_found(image_id, repository)
            tags = {*image.tags, *(found[image.digest].tags if image.digest in found else ())}
            found[image.digest] = replace(image, tags=tuple(sorted(tags)))
        return {"imageDetails": [_detail(image, repository) for image in found.values()]}

    def _list_images(self, call: Call, repository: Repository) -> Response:
        ids = [image_id for image in self._filtered(call, repository) for image_id in _ids(image)]
        page, more = _page(ids, call.parameters)
        return {"imageIds": page} | more

    def _batch_get_image(self, call: Call, repository: Repository) -> Response:
        images, failures = [], []
        accepted = call.parameters.get("acceptedMediaTypes")
        for image_id in call.parameters["imageIds"]:
            image = self._find(repository, image_id)
            if image is None or (accepted and image.media_type not in accepted):
                failures.append(_failure(image_id))
                continue
            images.append(
                {
                    "registryId": ACCOUNT,
                    "repositoryName": repository.name,
                    "imageId": {**image_id, "imageDigest": image.digest},
                    "imageManifest": image.manifest,
                    "imageManifestMediaType": image.media_type,
                }
            )
        return {"images": images, "failures": failures}

    def _batch_delete_image(self, call: Call, repository: Repository) -> Response:
        """Delete images by digest, or by tag: then an image is deleted with its last tag.

        https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_BatchDeleteImage.html
        """
        deleted: list[ImageId] = []
        failures = []
        for image_id in call.parameters["imageIds"]:
            image = _match(self._storage.images(repository.name), image_id)
            if image is None:
                failures.append(_failure(image_id))
            elif "imageDigest" not in image_id and len(image.tags) > 1:
                self._storage.untag(repository.name, image_id["imageTag"])
                deleted.append({"imageDigest": image.digest, "imageTag": image_id["imageTag"]})
            else:
                self._storage.remove(repository.name, image)
                deleted.extend(_ids(image))
        return {"imageIds": deleted, "failures": failures}

    def _batch_check_layers(self, call: Call, repository: Repository) -> Response:
        layers: list[Response] = []
        for digest in call.parameters["layerDigests"]:
            size = self._storage.layer_size(repository.name, digest)
            if size is None:
                layers.append({"layerDigest": digest, "layerAvailability": "UNAVAILABLE"})
            else:
                available = {"layerAvailability": "AVAILABLE", "layerSize": size, "mediaType": LAYER_TYPE}
                layers.append({"layerDigest": digest} | available)
        return {"layers": layers, "failures": []}

    def _get_download_url(self, call: Call, repository: Repository) -> Response:
        digest = call.parameters["layerDigest"]
        if self._storage.layer_size(repository.name, digest) is None:
            raise ServiceError(
                "LayersNotFoundException",
                f"The layer with digest '{digest}' does not exist within the repository with name "
                f"'{repository.name}' in the registry with id '{ACCOUNT}'",
            )
        path = f"/v2/{repository.name}/blobs/{digest}"
        token, _ = self._registry.tokens.new(path)
        return {"downloadUrl": f"http://{self._registry.address}{path}?token={token}", "layerDigest": digest}

    def _find(self, repository: Repository, image_id: ImageId) -> Image | None:
        image = _match(self._storage.images(repository.name), image_id)
        if image is None and image_id and not self._containers_possible():
            image = synthetic.image(repository, image_id)
        return image

    def _filtered(self, call: Call, repository: Repository) -> list[Image]:
        images = self._storage.images(repository.name)
        status = call.parameters.get("filter", {}).get("tagStatus", "ANY")
        return [image for image in images if status == "ANY" or bool(image.tags) == (status == "TAGGED")]


def _repository(call: Call) -> Repository:
    name, account = call.parameters.get("repositoryName", ""), call.parameters.get("registryId", ACCOUNT)
    found = repositories.find(name, call.region) if account == ACCOUNT else None
    if found is None:
        raise ServiceError("RepositoryNotFoundException", repositories.missing(name, account))
    return found


def _match(images: Iterable[Image], wanted: ImageId) -> Image | None:
    tag, digest = wanted.get("imageTag"), wanted.get("imageDigest")
    if tag is None and digest is None:
        return None
    fitting = (image for image in images if tag is None or tag in image.tags)
    return next((image for image in fitting if digest in (None, image.digest)), None)


def _page(items: Sequence[Any], parameters: Mapping[str, Any]) -> tuple[Sequence[Any], Response]:
    """Return a page of ``items`` and the ``nextToken`` for the next page. A token is the next item's number.

    Raises:
        ServiceError: InvalidParameterException for a token that no page gave.
    """
    token = parameters.get("nextToken", "0")
    if not token.isdecimal():
        raise ServiceError("InvalidParameterException", "Invalid parameter at 'nextToken' failed to satisfy constraint")
    start = int(token)
    end = start + parameters.get("maxResults", PAGE)
    return items[start:end], {"nextToken": str(end)} if end < len(items) else {}


def _detail(image: Image, repository: Repository) -> Response:
    detail = {
        "registryId": ACCOUNT,
        "repositoryName": repository.name,
        "imageDigest": image.digest,
        "imageSizeInBytes": image.size,
        "imagePushedAt": image.pushed,
        "imageManifestMediaType": image.media_type,
        "artifactMediaType": image.artifact_type,
    }
    return detail | ({"imageTags": image.tags} if image.tags else {})


def _ids(image: Image) -> list[ImageId]:
    return [{"imageDigest": image.digest, "imageTag": tag} for tag in image.tags] or [{"imageDigest": image.digest}]


def _not_found(image_id: ImageId, repository: Repository) -> ServiceError:
    digest, tag = image_id.get("imageDigest", "null"), image_id.get("imageTag", "null")
    return ServiceError(
        "ImageNotFoundException",
        f"The image with imageId {{imageDigest:'{digest}', imageTag:'{tag}'}} does not exist within the repository "
        f"with name '{repository.name}' in the registry with id '{ACCOUNT}'",
    )


def _failure(image_id: ImageId) -> Response:
    if not image_id:
        code, reason = "MissingDigestAndTag", "Invalid request parameters: both tag and digest cannot be null"
    else:
        code, reason = "ImageNotFound", "Requested image not found"
    return {"imageId": dict(image_id), "failureCode": code, "failureReason": reason}
