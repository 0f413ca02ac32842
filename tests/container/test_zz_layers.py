"""What stays of the pushed layers. Last of this folder: it takes the dock's local cloud down."""

import re

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
