"""Which TensorFlow containers AWS has for training, in which region's registry (bases.toml). Pure."""

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
"""The same images for everybody, without a token. A training job itself takes images from a private registry only."""


@dataclass(frozen=True)
class Release:
    """A version of the container: one image for GPU instances, one for the others.

    Args:
        tensorflow: its version of TensorFlow.
        python: its version of Python.
        cuda: of the GPU image.
        os: the operating system in it.
        patched_until: the last day on which AWS mends what is found in it.
        gpu: the tag for instances with GPUs.
        cpu: the tag for the others.
        partitions: the parts of AWS whose registries hold it.
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

    def is_over(self, today: date) -> bool:
        """Whether it is patched no more."""
        return today > self.patched_until


def account(region: str) -> str:
    """The account whose registry holds the containers in ``region``.

    Raises:
        UserError: AWS has none there.
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
        UserError: AWS has none there.
    """
    suffix = ".cn" if partition(region) == "aws-cn" else ""
    return f"{account(region)}.dkr.ecr.{region}.amazonaws.com{suffix}/{NAME}"


def releases(region: str) -> tuple[Release, ...]:
    """What there is in ``region``, the newest first."""
    return tuple(one for one in _releases() if partition(region) in one.partitions)


def warning(image: str, today: date) -> str | None:
    """What is to be said before building on an image that AWS patches no more.

    Args:
        image: a name with one of AWS's tags in it, or any other.
        today: the day.
    """
    over = (one for one in _releases() if one.is_over(today) and (one.gpu in image or one.cpu in image))
    found = next(over, None)
    if found is None:
        return None
    return (
        f"Warning: AWS's container of TensorFlow {found.tensorflow} has not been patched since {found.patched_until}; "
        "`make base LIST=1` shows what there is."
    )


def partition(region: str) -> str:
    """The part of AWS that a region belongs to, by its name."""
    starts = {"cn-": "aws-cn", "us-gov-": "aws-us-gov"}
    return next((name for start, name in starts.items() if region.startswith(start)), "aws")


def has_gpu(instance_type: str) -> bool:
    """Whether instances of a type such as ``ml.g5.xlarge`` have GPUs of NVIDIA's."""
    return re.match(r"ml\.(g|gr|p)\d", instance_type) is not None


def _releases() -> tuple[Release, ...]:
    return tuple(Release(**{**row, "partitions": tuple(row["partitions"])}) for row in _table()["release"])


@lru_cache(maxsize=1)
def _table() -> dict[str, Any]:
    return tomllib.loads(Path(__file__).with_name("bases.toml").read_text(encoding="utf-8"))
