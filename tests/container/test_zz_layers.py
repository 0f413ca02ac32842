"""What stays of the pushed layers. Last of this folder: it takes the dock's local cloud down."""

import re
from pathlib import Path

import pytest

from tests.conftest import Project
from tests.container.conftest import SHARED

pytestmark = pytest.mark.e2e


def test_the_layers_outlast_the_local_cloud(dock: Project) -> None:
    status = dock.make("cloud-status")
    assert re.search(r"\d+(\.\d)? [MG]B", status), status
    dock.make("cloud-down")
    kept = sum(path.stat().st_size for path in SHARED.rglob("data") if path.is_file())
    assert kept > 100e6
    dock.make("cloud-up")
    assert not list(SHARED.rglob("_manifests/tags/*")), "a new cloud has no images"
    dock.make("cloud-down")


def test_cloud_clean_removes_the_layers(tmp_path: Path) -> None:
    project = Project(tmp_path / "clone")
    layer = project.folder / "build/registry/docker/registry/v2/blobs/sha256/00/00/data"
    layer.parent.mkdir(parents=True)
    layer.write_bytes(b"x" * 2_000_000)
    assert "2.0 MB" in project.make("cloud-clean")
    assert not layer.exists()
