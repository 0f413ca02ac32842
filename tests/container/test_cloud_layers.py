"""The layers of pushed images stay when the local cloud stops, until `make cloud-clean`."""

import re
from pathlib import Path

import pytest

from tests.conftest import Project

pytestmark = pytest.mark.e2e


def test_layers_stay_until_cloud_clean(tmp_path: Path) -> None:
    project = Project(tmp_path / "clone")
    layer = project.folder / "build/registry/docker/registry/v2/blobs/sha256/00/00/data"
    layer.parent.mkdir(parents=True)
    layer.write_bytes(b"x" * 2_000_000)
    project.make("cloud-up")
    assert re.search(r"2\.0 MB", project.make("cloud-status"))
    project.make("cloud-down")
    assert layer.exists()
    assert "2.0 MB" in project.make("cloud-clean")
    assert not layer.exists()
