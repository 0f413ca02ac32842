"""Reads and deletes images in the registry's files.

The registry has no cache in memory, so it sees each change at once.
Formats: https://distribution.github.io/distribution/spec/. Layout of the files (storage/paths.go of that project):

    blobs/sha256/AB/ABCD…/data                              the bytes of layers, configurations and manifests
    repositories/NAME/_layers/sha256/ABCD…/link             the layers that were pushed to a repository
    repositories/NAME/_manifests/revisions/sha256/ABCD…/link  its images
    repositories/NAME/_manifests/tags/TAG/current/link      the image that a tag names
    repositories/NAME/_uploads/                             uploads that have not ended
"""

import json
import os
import re
import shutil
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_OCI = "application/vnd.oci.image."


@dataclass(frozen=True)
class Image:
    """An image in a repository, with what ECR reports about it.

    Attributes:
        digest: the digest of its manifest.
        tags: the tags that name it, sorted.
        manifest: its manifest, as it was pushed.
        pushed: the time of its push.
        size: bytes of its compressed layers and its configuration; for a list of images, those of the largest image.
    """

    digest: str
    tags: tuple[str, ...]
    manifest: str
    pushed: datetime
    size: int

    @property
    def media_type(self) -> str:
        """The manifest's type. If the manifest does not give it, which OCI allows, it follows from its content."""
        document = json.loads(self.manifest)
        kind = "index" if "manifests" in document else "manifest"
        return str(document.get("mediaType") or f"{_OCI}{kind}.v1+json")

    @property
    def artifact_type(self) -> str | None:
        """The manifest's artifactType, or else the type of its configuration."""
        document = json.loads(self.manifest)
        found = document.get("artifactType") or document.get("config", {}).get("mediaType")
        return None if found is None else str(found)


class Storage:
    """The files of one registry.

    Args:
        root: its ``rootdirectory``, which may not exist yet.
    """

    def __init__(self, root: Path) -> None:
        self._base = root / "docker" / "registry" / "v2"

    def images(self, repository: str) -> list[Image]:
        """Return a repository's images, the oldest push first."""
        manifests = self._repository(repository) / "_manifests"
        tags = defaultdict(list)
        for folder in manifests.glob("tags/*"):
            named = _link(folder / "current")
            if named:
                tags[named].append(folder.name)
        found = []
        for folder in manifests.glob("revisions/sha256/*"):
            digest = _link(folder)
            if digest is None or (manifest := self._text(digest)) is None:
                continue
            pushed = datetime.fromtimestamp((folder / "link").stat().st_mtime, UTC)
            size = self._size(json.loads(manifest))
            found.append(Image(digest, tuple(sorted(tags[digest])), manifest, pushed, size))
        return sorted(found, key=lambda image: (image.pushed, image.digest))

    def find_digest(self, repository: str, tag: str) -> str | None:
        """Return the digest of the image that a tag names, or None if there is no such tag."""
        return _link(self._repository(repository) / "_manifests" / "tags" / tag / "current")

    def layer_size(self, repository: str, digest: str) -> int | None:
        """Return the size of a layer or configuration of a repository, or None if the repository lacks it."""
        algorithm, _, value = digest.partition(":")
        if _link(self._repository(repository) / "_layers" / algorithm / value) != digest:
            return None
        return self._blob(digest).stat().st_size

    def untag(self, repository: str, tag: str) -> None:
        """Delete a tag."""
        shutil.rmtree(self._repository(repository) / "_manifests" / "tags" / tag, ignore_errors=True)

    def remove(self, repository: str, image: Image) -> None:
        """Delete an image with its tags. Its layers stay."""
        for tag in image.tags:
            self.untag(repository, tag)
        value = image.digest.partition(":")[2]
        shutil.rmtree(self._repository(repository) / "_manifests" / "revisions" / "sha256" / value, ignore_errors=True)

    def empty(self, repository: str) -> None:
        """Delete all images of a repository. Their layers stay."""
        shutil.rmtree(self._repository(repository) / "_manifests", ignore_errors=True)

    def empty_all(self) -> None:
        """Delete all images of all repositories, and the files of interrupted pushes. Layers stay."""
        for folder in self._private_folders():
            if folder.name in ("_manifests", "_uploads"):
                shutil.rmtree(folder, ignore_errors=True)

    def _private_folders(self) -> Iterator[Path]:
        for folder, names, _ in os.walk(self._base / "repositories"):
            yield from (Path(folder, name) for name in names if name.startswith("_"))
            names[:] = [name for name in names if not name.startswith("_")]  # No repository's name begins with "_".

    def _repository(self, name: str) -> Path:
        return self._base / "repositories" / name

    def _blob(self, digest: str) -> Path:
        algorithm, _, value = digest.partition(":")
        return self._base / "blobs" / algorithm / value[:2] / value / "data"

    def _text(self, digest: str) -> str | None:
        try:
            return self._blob(digest).read_text()
        except FileNotFoundError:
            return None

    def _size(self, document: Any) -> int:
        if "manifests" in document:
            texts = (self._text(entry["digest"]) for entry in document["manifests"])
            return max((self._size(json.loads(text)) for text in texts if text), default=0)
        parts = [*document.get("layers", []), document.get("config", {})]
        return sum(int(part.get("size", 0)) for part in parts)


def _link(folder: Path) -> str | None:
    """Return the digest in a folder's link; None if there is no link, or the registry is still writing it."""
    try:
        text = (folder / "link").read_text()
    except FileNotFoundError:
        return None
    return text if _DIGEST.fullmatch(text) else None
