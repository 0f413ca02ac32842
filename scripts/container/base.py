"""The image that the trainer's image is built on: AWS's, at the committed digest, or the one that BASE= named.

This needs neither Docker nor AWS, because `make train` computes the image's tag from the base.
"""

import json
from dataclasses import dataclass
from pathlib import Path

from scripts.container import catalogue
from scripts.core.errors import UserError

LOCK = Path("trainer/base.lock.json")
"""The digest of each of AWS's tags that was ever pulled. The file is committed, and not part of the image."""


@dataclass(frozen=True)
class Base:
    """An image to build on.

    Args:
        reference: its name for Docker.
        pin: its digest in its registry; the image's id if it is in no registry; empty if nobody has pulled it yet.
        tag: AWS's tag; empty for an image that BASE= named.
    """

    reference: str
    pin: str
    tag: str = ""

    @property
    def identity(self) -> str:
        """What the tags of derived images depend on: it is the same in every region and on every machine."""
        name = f"{catalogue.NAME}:{self.tag}" if self.tag else self.reference
        return f"{name}@{self.pin}" if self.pin else name


def current_base(region: str, gpu: bool, environment: str) -> Base:
    """The base to build on: the one that BASE= named last for this environment, otherwise AWS's newest.

    Args:
        region: the stack's region.
        gpu: whether the instances have GPUs.
        environment: a name in terraform/environments/.

    Raises:
        UserError: AWS has no container in this region, or a file that names the base is broken.
    """
    return remembered_base(environment) or aws_base(region, gpu)


def aws_base(region: str, gpu: bool) -> Base:
    """AWS's newest container in a region, at the digest in the lock file if that has one.

    Raises:
        UserError: AWS has no container in this region, or the lock file is broken.
    """
    repository = catalogue.repository(region)
    tag = catalogue.releases(region)[0].tag(gpu)
    pin = read_lock().get(tag, "")
    return Base(f"{repository}@{pin}" if pin else f"{repository}:{tag}", pin, tag)


def read_lock() -> dict[str, str]:
    """The digests in the lock file, by tag.

    Raises:
        UserError: the file is broken.
    """
    return _read(LOCK, "Restore the committed file: `git checkout trainer/base.lock.json`.")


def write_lock(tag: str, digest: str) -> None:
    """Write a tag's digest to the lock file."""
    _write(LOCK, read_lock() | {tag: digest})


def remembered_base(environment: str) -> Base | None:
    """The image that BASE= named for this environment, or None.

    Raises:
        UserError: the file is broken.
    """
    path = _base_file(environment)
    found = _read(path, f"Delete it (`rm {path}`), then name the base again: `make base BASE=…`.")
    return Base(found["reference"], found["id"]) if {"reference", "id"} <= found.keys() else None


def remember_base(environment: str, base: Base) -> None:
    """Build this environment's images on ``base``, until `forget_base`."""
    _write(_base_file(environment), {"reference": base.reference, "id": base.pin})


def forget_base(environment: str) -> None:
    """Build this environment's images on AWS's container again."""
    _base_file(environment).unlink(missing_ok=True)


def _base_file(environment: str) -> Path:
    from scripts.stack import environments

    return environments.build_folder(environment) / "base.json"


def _read(path: Path, fix: str) -> dict[str, str]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except ValueError as error:
        raise UserError(f"{path} is not valid JSON: {error}.", fix) from None
    if not isinstance(found, dict) or not all(isinstance(value, str) for value in found.values()):
        raise UserError(f"{path} is not a JSON object whose values are strings.", fix)
    return found


def _write(path: Path, values: dict[str, str]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(values, indent=2, sort_keys=True) + "\n", encoding="utf-8")
