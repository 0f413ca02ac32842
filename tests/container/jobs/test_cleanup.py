"""Containers that outlive a killed local cloud, and files that a container's root writes."""

import json
import os
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import docker
import pytest

from scripts import localcloud
from tests.conftest import ROOT, missing
from tests.container.jobs.clouds import account_with_image, local_cloud, within
from tests.unit.localcloud.processes import kill

pytestmark = pytest.mark.e2e

SOMEBODY = 12345
# For this command only: makes $1 readable. Its parent $2, which is closed to other users, then contains nothing else.
OPENED = """
mount --bind "$1" /mnt && mount -t tmpfs -o mode=0755 tmpfs "$2" && mkdir -p "$1" && mount --bind /mnt "$1" || exit
shift 2
exec "$@"
"""


def test_the_next_start_removes_the_containers_of_a_killed_local_cloud(
    tmp_path: Path, engine: docker.DockerClient, small_image: Any
) -> None:
    with local_cloud(tmp_path) as cloud, account_with_image(cloud, engine, small_image) as account:
        filters = {"label": f"trainyard.local-cloud={cloud.folder}"}
        two = {"InstanceType": "ml.m5.large", "InstanceCount": 2, "VolumeSizeInGB": 1}
        name = account.create("print('ready'); time.sleep(600)", ResourceConfig=two)
        account.wait_until(name, lambda _: account.lines(name) and account.lines(name, "algo-2"))
        with within(tmp_path):
            kill(cloud)
        assert len(engine.containers.list(filters=filters)) == 2
        assert len(engine.networks.list(filters=filters)) == 1
        with within(tmp_path):
            again = localcloud.start(lifetime=True)
        assert again.lost_jobs == (
            f"Training job {name} was running when the local cloud was killed; it is lost. Its containers were still "
            "there and were removed.",
        )
        assert not engine.containers.list(all=True, filters=filters)
        assert not engine.networks.list(filters=filters)
        assert not list(again.folder.glob("jobs/*"))


def test_containers_end_with_the_local_cloud(tmp_path: Path, engine: docker.DockerClient, small_image: Any) -> None:
    with local_cloud(tmp_path) as cloud, account_with_image(cloud, engine, small_image) as account:
        filters = {"label": f"trainyard.local-cloud={cloud.folder}"}
        account.wait_for_line(account.create("print('ready'); time.sleep(600)"), "ready")
        (container,) = engine.containers.list(filters=filters)
        (volume,) = (mount["Name"] for mount in container.attrs["Mounts"] if mount["Type"] == "volume")
        with within(tmp_path):
            localcloud.stop()
        assert not engine.containers.list(all=True, filters=filters)
        assert not engine.networks.list(filters=filters)
        assert volume not in [found.name for found in engine.volumes.list()]


@pytest.fixture
def anybodys_folder() -> Iterator[Path]:
    """A folder that every user may open; only the user who runs pytest may open pytest's own folders."""
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


def as_somebody() -> list[str]:
    """A command prefix that runs a command as a user who is not root and may call the Docker engine."""
    socket = Path("/var/run/docker.sock")
    if not socket.exists():
        missing("the Docker engine has no socket that a user could get access to through its group")
    python = Path(sys.base_prefix).resolve()
    closed = [folder for folder in python.parents if not folder.stat().st_mode & stat.S_IXOTH]
    mounts = ["unshare", "--mount", "sh", "-c", OPENED, "sh", str(python), str(closed[-1])] if closed else []
    return [*mounts, "setpriv", f"--reuid={SOMEBODY}", f"--regid={SOMEBODY}", f"--groups={socket.stat().st_gid}"]


def test_files_of_a_containers_root_become_the_callers(
    anybodys_folder: Path, engine: docker.DockerClient, small_image: Any
) -> None:
    user: list[str] = []
    if os.getuid() == 0:
        user = as_somebody()
        os.chown(anybodys_folder, SOMEBODY, SOMEBODY)
    ended = subprocess.run(
        [*user, sys.executable, "-m", "tests.container.jobs.as_user", str(anybodys_folder), small_image.tags[0]],
        cwd=ROOT,
        env=os.environ | {"HOME": str(anybodys_folder)},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    seen = json.loads(ended.stdout)
    assert seen.pop("user") != 0
    assert seen == {
        "reason": "AlgorithmError: secret reason, exit code: 1",
        "model": ["inner/file"],
        "checkpoints": ["user/inner/file"],
        "folders": [],
        "lost": 1,
        "left": [],
    }
