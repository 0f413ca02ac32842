"""The image that the trainer's is built on: AWS's, at the digest that is committed, or the one that BASE= named.

Which one it is can be told without Docker and without AWS, for `make train` computes the image's tag from it.
"""

import json
from dataclasses import dataclass
from pathlib import Path

from scripts.container import catalogue
from scripts.core.errors import UserError

LOCK = Path("trainer/base.lock.json")
"""The digest of each of AWS's tags that was ever pulled; committed, and no part of the image."""


@dataclass(frozen=True)
class Base:
    """An image to build on.

    Args:
        reference: its name for Docker.
        pin: its digest in its registry, or the id of an image that is in none; empty while nobody has pulled it.
        tag: AWS's tag; empty for an image that BASE= named.
    """

    reference: str
    pin: str
    tag: str = ""

    @property
    def identity(self) -> str:
        """What counts in the tag of what is built on it: the same in every region and on every machine."""
        name = f"{catalogue.NAME}:{self.tag}" if self.tag else self.reference
        return f"{name}@{self.pin}" if self.pin else name


def chosen(region: str, gpu: bool, environment: str) -> Base:
    """The base that is built on: what BASE= named last for this environment, else AWS's newest.

    Args:
        region: the stack's.
        gpu: whether for instances that have GPUs.
        environment: a name in terraform/environments/.

    Raises:
        UserError: AWS has none in this region, or a file that remembers one is broken.
    """
    return remembered(environment) or of_aws(region, gpu)


def of_aws(region: str, gpu: bool) -> Base:
    """AWS's newest container in a region, at the digest in the lock file where it has one.

    Raises:
        UserError: AWS has none in this region, or the lock file is broken.
    """
    repository = catalogue.repository(region)
    tag = catalogue.releases(region)[0].tag(gpu)
    pin = read_lock().get(tag, "")
    return Base(f"{repository}@{pin}" if pin else f"{repository}:{tag}", pin, tag)


def read_lock() -> dict[str, str]:
    """The digest of each tag that has one.

    Raises:
        UserError: the file is broken.
    """
    return _read(LOCK, "Take back what was committed: `git checkout trainer/base.lock.json`.")


def write_lock(tag: str, digest: str) -> None:
    """Put a tag's digest into the lock file."""
    _write(LOCK, read_lock() | {tag: digest})


def remembered(environment: str) -> Base | None:
    """The image that BASE= named for this environment, or None.

    Raises:
        UserError: the file is broken.
    """
    path = _memory(environment)
    found = _read(path, f"Remove it (`rm {path}`), then name the base again: `make base BASE=…`.")
    return Base(found["reference"], found["id"]) if {"reference", "id"} <= found.keys() else None


def remember(environment: str, base: Base) -> None:
    """Let ``base`` be what this environment's images are built on, until `forget`."""
    _write(_memory(environment), {"reference": base.reference, "id": base.pin})


def forget(environment: str) -> None:
    """Build on AWS's again."""
    _memory(environment).unlink(missing_ok=True)


def _memory(environment: str) -> Path:
    from scripts.stack import environments

    return environments.build_folder(environment) / "base.json"


def _read(path: Path, fix: str) -> dict[str, str]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except ValueError as error:
        raise UserError(f"{path} is no JSON: {error}.", fix) from None
    if not isinstance(found, dict) or not all(isinstance(value, str) for value in found.values()):
        raise UserError(f"{path} is not an object of names and texts.", fix)
    return found


def _write(path: Path, values: dict[str, str]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(values, indent=2, sort_keys=True) + "\n", encoding="utf-8")
