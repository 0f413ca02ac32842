"""Reading and deleting images in the registry's files, which the tests write themselves."""

import hashlib
import json
import os
from pathlib import Path
from typing import Any

import pytest

from scripts.localcloud.registry.storage import Storage

DOCKER = "application/vnd.docker.distribution.manifest.v2+json"
CONFIGURATION = "application/vnd.docker.container.image.v1+json"


class RegistryFiles:
    """Writes the files that the registry would write."""

    def __init__(self, root: Path) -> None:
        self.base = root / "docker" / "registry" / "v2"

    def blob(self, content: bytes) -> str:
        value = hashlib.sha256(content).hexdigest()
        folder = self.base / "blobs" / "sha256" / value[:2] / value
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "data").write_bytes(content)
        return f"sha256:{value}"

    def link(self, digest: str, *place: str) -> Path:
        folder = self.base.joinpath("repositories", *place)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "link").write_text(digest)
        return folder / "link"

    def layer(self, repository: str, content: bytes) -> dict[str, Any]:
        digest = self.blob(content)
        self.link(digest, repository, "_layers", "sha256", digest[7:])
        return {"digest": digest, "size": len(content)}

    def push(self, repository: str, document: dict[str, Any], *tags: str, second: int = 0) -> str:
        digest = self.blob(json.dumps(document).encode())
        link = self.link(digest, repository, "_manifests", "revisions", "sha256", digest[7:])
        os.utime(link, (1_700_000_000 + second,) * 2)
        for tag in tags:
            self.link(digest, repository, "_manifests", "tags", tag, "current")
            self.link(digest, repository, "_manifests", "tags", tag, "index", "sha256", digest[7:])
        return digest

    def image(self, repository: str, content: bytes, *tags: str, second: int = 0) -> str:
        layer, configuration = self.layer(repository, content), self.layer(repository, b"{}")
        document = {"mediaType": DOCKER, "config": configuration | {"mediaType": CONFIGURATION}, "layers": [layer]}
        return self.push(repository, document, *tags, second=second)


@pytest.fixture
def files(tmp_path: Path) -> RegistryFiles:
    return RegistryFiles(tmp_path)


@pytest.fixture
def storage(tmp_path: Path) -> Storage:
    return Storage(tmp_path)


def test_nothing_is_there_before_the_first_push(storage: Storage) -> None:
    assert storage.images("a") == []
    assert storage.find_digest("a", "v1") is None
    assert storage.layer_size("a", "sha256:" + "0" * 64) is None
    storage.empty("a")
    storage.empty_all()


def test_images_are_listed_in_the_order_of_their_push(files: RegistryFiles, storage: Storage) -> None:
    second = files.image("deep/er", b"second", "b", "a", second=2)
    first = files.image("deep/er", b"one", second=1)
    files.image("deep", b"another repository's", "a")
    found = storage.images("deep/er")
    assert [image.digest for image in found] == [first, second]
    assert [image.tags for image in found] == [(), ("a", "b")]
    assert [image.size for image in found] == [len(b"one{}"), len(b"second{}")]
    assert found[0].pushed.timestamp() == 1_700_000_001
    assert found[0].media_type == DOCKER
    assert found[0].artifact_type == CONFIGURATION
    assert storage.find_digest("deep/er", "a") == second


def test_the_size_of_a_list_of_images_is_that_of_the_largest(files: RegistryFiles, storage: Storage) -> None:
    small, large = files.image("a", b"1"), files.image("a", b"12345")
    both = files.push(
        "a", {"manifests": [{"digest": small}, {"digest": large}, {"digest": "sha256:" + "0" * 64}]}, "v1"
    )
    (found,) = [image for image in storage.images("a") if image.digest == both]
    assert found.size == len(b"12345{}")
    assert found.media_type == "application/vnd.oci.image.index.v1+json"
    assert found.artifact_type is None


def test_half_written_links_are_ignored(files: RegistryFiles, storage: Storage) -> None:
    files.image("a", b"1", "v1")
    files.link("", "a", "_manifests", "tags", "v1", "current")
    files.link("", "a", "_manifests", "revisions", "sha256", "0" * 64)
    (image,) = storage.images("a")
    assert image.tags == ()
    assert storage.find_digest("a", "v1") is None


def test_a_layer_belongs_to_the_repository_it_was_pushed_to(files: RegistryFiles, storage: Storage) -> None:
    layer = files.layer("a", b"12345")["digest"]
    assert storage.layer_size("a", layer) == 5
    assert storage.layer_size("b", layer) is None
    assert storage.layer_size("a", "../../x") is None


def test_tags_and_images_are_deleted_one_by_one(files: RegistryFiles, storage: Storage) -> None:
    files.image("a", b"1", "x", "y", second=1)
    files.image("a", b"2", "z", second=2)
    storage.untag("a", "x")
    assert [image.tags for image in storage.images("a")] == [("y",), ("z",)]
    storage.remove("a", storage.images("a")[0])
    assert [image.tags for image in storage.images("a")] == [("z",)]
    assert storage.find_digest("a", "y") is None


def test_emptying_deletes_images_and_keeps_layers(files: RegistryFiles, storage: Storage) -> None:
    layers = {name: files.layer(name, b"12345")["digest"] for name in ("a", "b/c", "d")}
    for name in layers:
        files.image(name, b"1", "v1")
    upload = files.base / "repositories" / "a" / "_uploads" / "1"
    upload.mkdir(parents=True)
    storage.empty("d")
    assert storage.images("d") == []
    assert storage.images("a")
    storage.empty_all()
    for name, digest in layers.items():
        assert storage.images(name) == []
        assert storage.layer_size(name, digest) == 5
    assert not upload.exists()
