"""AWS's TensorFlow training containers, and the registry that holds them in each region (bases.toml). Pure."""

import re
import tomllib
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any

from scripts.core.errors import UserError, nearest

NAME = "tensorflow-training"
PUBLIC = f"public.ecr.aws/deep-learning-containers/{NAME}"
"""The same images for everybody, without a token. A training job itself pulls only from a private registry."""


@dataclass(frozen=True)
class Release:
    """A version of the container: one image for GPU instances, one for the others.

    Args:
        tensorflow: its version of TensorFlow.
        python: its version of Python.
        cuda: the CUDA version of the GPU image.
        os: its operating system.
        patched_until: the last day on which AWS patches it.
        gpu: the tag for instances with GPUs.
        cpu: the tag for the others.
        partitions: the AWS partitions whose registries hold it.
    """

    tensorflow: str
    python: str
    cuda: str
    os: str
    patched_until: date
    gpu: str
    cpu: str
    partitions: tuple[str, ...]

    def tag(self, gpu: bool) -> str:
        """The image's tag in the registry."""
        return self.gpu if gpu else self.cpu

    def is_unpatched(self, today: date) -> bool:
        """Whether AWS no longer patches it."""
        return today > self.patched_until


def account(region: str) -> str:
    """The account whose registry holds the containers in ``region``.

    Raises:
        UserError: AWS has no containers there.
    """
    accounts = _table()["accounts"]
    if region not in accounts:
        raise UserError(
            f"AWS has no Deep Learning Containers in {region} (known as of {_table()['as_of']}).",
            f"Use another region, such as {nearest(region, accounts) or 'us-east-1'}, "
            f"or name the image to build on: BASE={PUBLIC}:{releases('us-east-1')[0].gpu}.",
        )
    return str(accounts[region])


def repository(region: str) -> str:
    """The repository that holds the containers in ``region``.

    Raises:
        UserError: AWS has no containers there.
    """
    suffix = ".cn" if partition(region) == "aws-cn" else ""
    return f"{account(region)}.dkr.ecr.{region}.amazonaws.com{suffix}/{NAME}"


def arn(region: str) -> str:
    """The ARN of this repository.

    Raises:
        UserError: AWS has no containers there.
    """
    return f"arn:{partition(region)}:ecr:{region}:{account(region)}:repository/{NAME}"


def releases(region: str) -> tuple[Release, ...]:
    """The releases in ``region``, the newest first."""
    return tuple(one for one in _releases() if partition(region) in one.partitions)


def patch_warning(image: str, today: date) -> str | None:
    """A warning if AWS no longer patches an image; otherwise None.

    Args:
        image: the image's name; only names that contain one of AWS's tags can give a warning.
        today: the current date.
    """
    unpatched = (one for one in _releases() if one.is_unpatched(today) and (one.gpu in image or one.cpu in image))
    found = next(unpatched, None)
    if found is None:
        return None
    return (
        f"Warning: AWS's container of TensorFlow {found.tensorflow} has not been patched since {found.patched_until}; "
        "`make base LIST=1` lists all containers."
    )


def partition(region: str) -> str:
    """The AWS partition of a region, by the region's name."""
    starts = {"cn-": "aws-cn", "us-gov-": "aws-us-gov"}
    return next((name for start, name in starts.items() if region.startswith(start)), "aws")


def has_gpu(instance_type: str) -> bool:
    """Whether instances of a type such as ``ml.g5.xlarge`` have NVIDIA GPUs."""
    return re.match(r"ml\.(g|gr|p)\d", instance_type) is not None


def _releases() -> tuple[Release, ...]:
    return tuple(Release(**{**row, "partitions": tuple(row["partitions"])}) for row in _table()["release"])


@lru_cache(maxsize=1)
def _table() -> dict[str, Any]:
    return tomllib.loads(Path(__file__).with_name("bases.toml").read_text(encoding="utf-8"))
