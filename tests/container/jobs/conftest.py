"""A local cloud that runs jobs in containers of a small image.

The image contains only Python, a shell and a program that runs the hyperparameter ``code``. So each test contains the
code of its own job.
"""

import io
import ipaddress
import socket
import tarfile
import uuid
from collections.abc import Iterator
from typing import Any

import docker
import pytest

from scripts import localcloud
from tests.container.jobs.clouds import account_with_image, local_cloud
from tests.unit.localcloud.account import Account

PROGRAM = """
import json, os, pathlib, signal, socket, sys, time
base = pathlib.Path("/opt/ml")
host = json.loads((base / "input/config/resourceconfig.json").read_text())["current_host"]
exec(json.loads(json.loads((base / "input/config/hyperparameters.json").read_text())["code"]))
"""
DOCKERFILE = """
FROM scratch
ADD files.tar /
COPY program.py /opt/ml/code/program.py
ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 FROM_IMAGE=yes
VOLUME /scratch
ENTRYPOINT ["python3", "/opt/ml/code/program.py"]
"""
# Copies the base's Python, a few tools and the libraries that they need.
GATHER = """
python=$(python3 -c 'import os, sys; print(os.path.realpath(sys.executable))')
library=$(python3 -c 'import sysconfig; print(sysconfig.get_path("stdlib"))')
tools="/bin/sh /bin/chown /bin/sleep /bin/cat"
linked=$(ldd $tools $python $library/lib-dynload/*.so | grep '(0x' | grep -o '/[^ ]*' | sort -u)
ln -s $python /usr/bin/python3 2>/dev/null
exec tar --dereference --hard-dereference --exclude=__pycache__ --exclude=test --exclude='config-3*' -cf /to/files.tar \
    $python /usr/bin/python3 $library $tools $linked
"""
# Each worker of the tests has its own, and removes it.
REFERENCE = f"trainyard-test-jobs:{uuid.uuid4().hex[:12]}"


@pytest.fixture(scope="session")
def small_image(
    engine: docker.DockerClient, base_image: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Any]:
    """The image. It is built from files of the base, not on the base: that would be 1.7 GB to push."""
    folder = tmp_path_factory.mktemp("image")
    engine.containers.run(base_image, entrypoint=["sh", "-c", GATHER], volumes=[f"{folder}:/to"], remove=True)
    (folder / "program.py").write_text(PROGRAM)
    (folder / "Dockerfile").write_text(DOCKERFILE)
    context = io.BytesIO()
    with tarfile.open(fileobj=context, mode="w") as packed:
        for name in ("files.tar", "program.py", "Dockerfile"):
            packed.add(folder / name, name)
    context.seek(0)
    image, _ = engine.images.build(fileobj=context, custom_context=True, tag=REFERENCE, rm=True)
    yield image
    engine.images.remove(REFERENCE, force=True)


@pytest.fixture(scope="session")
def cloud(engine: docker.DockerClient, tmp_path_factory: pytest.TempPathFactory) -> Iterator[localcloud.Cloud]:
    with local_cloud(tmp_path_factory.mktemp("cloud")) as started:
        yield started


@pytest.fixture(scope="session")
def account(cloud: localcloud.Cloud, engine: docker.DockerClient, small_image: Any) -> Iterator[Account]:
    with account_with_image(cloud, engine, small_image) as made:
        yield made


@pytest.fixture(scope="session")
def listener(engine: docker.DockerClient) -> Iterator[tuple[str, int]]:
    """A server outside of all jobs' networks that accepts connections: this machine, at Docker's own bridge."""
    config = engine.networks.get("bridge").attrs["IPAM"]["Config"][0]
    address = config.get("Gateway") or str(next(ipaddress.ip_network(config["Subnet"]).hosts()))
    with socket.create_server((address, 0), backlog=32) as server:
        yield address, server.getsockname()[1]
