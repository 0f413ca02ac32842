"""Measures `make image` from an edit to the pushed digest, compared with a Dockerfile that copies before it installs.

Run it from the repository's root on an idle machine: ``python -m benchmarks.image BASE``. BASE is a TensorFlow image on
this machine. The benchmark starts its own local cloud and applies its own stack, which takes some minutes. It measures
both images twice: unchanged, when pip has nothing to download, and with a package of 20 MB in requirements.txt.
"""

import base64
import ipaddress
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import zipfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import chdir, contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import boto3
import docker

from scripts import localcloud
from scripts.core import console

EDITS = 5
PACKAGE_SIZE = 20_000_000
EDITED = Path("trainer/networks/architectures.py")
PLAIN = "plain"
# A common Dockerfile: after every edit, it installs the packages again.
DOCKERFILE = """
ARG BASE_IMAGE
FROM ${BASE_IMAGE}
WORKDIR /opt/ml/code
COPY . ./
RUN pip install --no-cache-dir --requirement requirements.txt
ENTRYPOINT ["python", "-m", "trainer"]
"""


def main(base: str) -> None:
    """Measure everything and print one line per figure."""
    root = Path.cwd()
    with tempfile.TemporaryDirectory() as folder, chdir(folder):
        for name in ("scripts", "terraform", "jobs", "trainyard"):
            Path(name).symlink_to(root / name)
        shutil.copytree(root / "trainer", "trainer", ignore=shutil.ignore_patterns("__pycache__"))
        Path("plain.Dockerfile").write_text(DOCKERFILE)
        cloud = localcloud.start(lifetime=True)
        try:
            _measure(cloud, base)
        finally:
            localcloud.stop()


def _measure(cloud: localcloud.Cloud, base: str) -> None:
    environment = localcloud.environment(cloud, os.environ)
    _verb(environment, "infra", "apply", "--yes")
    # boto3's types know each service by its literal name only.
    ecr: Any = boto3.Session("local", "local", region_name=cloud.region).client("ecr", endpoint_url=cloud.url)
    ours = ecr.describe_repositories()["repositories"][0]["repositoryName"]
    plain = ecr.create_repository(repositoryName=PLAIN)["repository"]["repositoryUri"]

    def image() -> None:
        _verb(environment, "image", "--env=local")

    def plain_image() -> None:
        _build_plain_image(base, plain)
        _push_plain_image(ecr, plain)

    _verb(environment, "image", "--env=local", f"--base={base}")
    print(f"`make image`, nothing changed: {statistics.median(_measure_seconds(image) for _ in range(EDITS)):.1f} s")
    with _served_package() as requirement:
        for case in ("nothing to fetch", f"a package of {console.size(PACKAGE_SIZE)}"):
            image()
            _edits(f"`make image` after an edit, {case}", image, lambda: _newest_layers(ecr, ours))
            plain_image()
            _edits(f"A Dockerfile that copies first, {case}", plain_image, lambda: _newest_layers(ecr, PLAIN))
            with Path("trainer/requirements.txt").open("a") as file:
                file.write(f"{requirement}\n")
    _remove_images(
        plain, (tag for one in ecr.describe_images(repositoryName=ours)["imageDetails"] for tag in one["imageTags"])
    )


@contextmanager
def _served_package() -> Iterator[str]:
    """Serve a package of random bytes to containers on the Docker network; give its line for requirements.txt."""
    bridge = docker.from_env().networks.get("bridge").attrs["IPAM"]["Config"][0]
    host = str(
        ipaddress.ip_network(bridge["Subnet"])[1]
    )  # by default, Docker gives this machine the network's first address
    with tempfile.TemporaryDirectory() as folder:
        wheel = "bulk-1-py3-none-any.whl"
        with zipfile.ZipFile(Path(folder) / wheel, "w") as archive:
            archive.writestr("bulk.bin", os.urandom(PACKAGE_SIZE))
            archive.writestr("bulk-1.dist-info/METADATA", "Metadata-Version: 2.1\nName: bulk\nVersion: 1\n")
            archive.writestr("bulk-1.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
            archive.writestr("bulk-1.dist-info/RECORD", "")
        handler = partial(_SilentHandler, directory=folder)
        with ThreadingHTTPServer((host, 0), handler) as server:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            yield f"bulk @ http://{host}:{server.server_port}/{wheel}"
            server.shutdown()


class _SilentHandler(SimpleHTTPRequestHandler):
    def log_message(self, *_arguments: object) -> None:
        """Print nothing."""


def _edits(what: str, run: Callable[[], None], layers: Callable[[], dict[str, int]]) -> None:
    """Edit and run several times; print the time and the bytes that were sent."""
    times, sent = [], []
    for number in range(EDITS):
        before = layers()
        with EDITED.open("a") as file:
            file.write(f"# {what}, {number}\n")
        times.append(_measure_seconds(run))
        sent.append(sum(size for digest, size in layers().items() if digest not in before))
    print(f"{what}: {statistics.median(times):.1f} s (most: {max(times):.1f} s), {console.size(max(sent))} sent")


def _newest_layers(ecr: Any, repository: str) -> dict[str, int]:
    """The sizes of the last pushed image's layers, by digest."""
    details = ecr.describe_images(repositoryName=repository)["imageDetails"]
    wanted = {"imageDigest": max(details, key=lambda one: one["imagePushedAt"])["imageDigest"]}
    (image,) = ecr.batch_get_image(repositoryName=repository, imageIds=[wanted])["images"]
    return {layer["digest"]: layer["size"] for layer in json.loads(image["imageManifest"])["layers"]}


def _verb(environment: dict[str, str], *arguments: str) -> None:
    command = [sys.executable, "-m", f"scripts.{arguments[0]}", *arguments[1:]]
    subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, check=True)


def _build_plain_image(base: str, uri: str) -> None:
    command = ["docker", "build", "--quiet", f"--build-arg=BASE_IMAGE={base}", "--file=plain.Dockerfile"]
    subprocess.run([*command, f"--tag={uri}", "trainer"], capture_output=True, check=True)


def _push_plain_image(ecr: Any, uri: str) -> None:
    token = ecr.get_authorization_token()["authorizationData"][0]["authorizationToken"]
    user, _, password = base64.b64decode(token).decode().partition(":")
    auth = {"username": user, "password": password}
    for event in docker.from_env().api.push(uri, "latest", auth_config=auth, stream=True, decode=True):
        if "error" in event:
            raise RuntimeError(event["error"])


def _measure_seconds(run: Callable[[], None]) -> float:
    started = time.perf_counter()
    run()
    return time.perf_counter() - started


def _remove_images(plain: str, tags: Iterable[str]) -> None:
    """Remove all images that this benchmark made, under all their names."""
    client = docker.from_env()
    for image in client.images.list(plain):
        client.images.remove(image.id, force=True)
    for tag in tags:
        client.images.remove(f"trainyard:{tag}")


if __name__ == "__main__":
    main(*sys.argv[1:])
