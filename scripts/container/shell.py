"""A shell in a container of a job's image, with what SageMaker would put around it.

https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-training-algo-running-container.html
"""

import json
import os
import secrets
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scripts.container import engine, layers, repository
from scripts.core.errors import UserError

if TYPE_CHECKING:
    from scripts.jobfile.spec import JobSpec

HOST = "algo-1"
OPT_ML = "/opt/ml"
WRITABLE = ("model", "output", "checkpoints")
DOCKER_FAILED = 125  # https://docs.docker.com/engine/containers/run/#exit-status


@dataclass(frozen=True)
class Bench:
    """What stands ready for the container.

    Args:
        image: its name on this machine.
        scratch: the folder that holds its configuration, and keeps what it leaves.
        channels: its local channels, by name.
        environment: its variables.
        isolated: whether it is without a network.
        gpus: whether it gets the machine's GPUs.
    """

    image: str
    scratch: Path
    channels: Mapping[str, Path]
    environment: Mapping[str, str] = field(default_factory=dict)
    isolated: bool = False
    gpus: bool = False


def configuration(spec: "JobSpec", hyperparameters: Mapping[str, str]) -> dict[str, Any]:
    """The files of /opt/ml/input/config for a job on one instance; channels in S3 are left out.

    Args:
        spec: the job file.
        hyperparameters: as SageMaker carries them.
    """
    channels = {
        name: {
            "TrainingInputMode": channel.input_mode,
            "S3DistributionType": channel.distribution,
            "RecordWrapperType": "None",
            **({"ContentType": channel.content_type} if channel.content_type else {}),
        }
        for name, channel in spec.channels.items()
        if channel.is_local
    }
    group = {"instance_group_name": "homogeneousCluster", "instance_type": spec.instance_type, "hosts": [HOST]}
    files: dict[str, Any] = {
        "hyperparameters.json": dict(hyperparameters),
        "inputdataconfig.json": channels,
        "resourceconfig.json": {
            "current_host": HOST,
            "current_instance_type": spec.instance_type,
            "current_group_name": "homogeneousCluster",
            "hosts": [HOST],
            "instance_groups": [group],
            "network_interface_name": "eth0",
        },
    }
    if spec.checkpoints:
        files["checkpointconfig.json"] = {"LocalPath": f"{OPT_ML}/checkpoints"}
    return files


def prepare(scratch: Path, image: str, files: Mapping[str, Any]) -> None:
    """Make the scratch folder, empty but for the configuration, as a job begins.

    Args:
        scratch: what an earlier shell left there is removed.
        image: what removes it where that was the container's root's.
        files: what `configuration` gave.
    """
    if scratch.exists():
        hand_over(scratch, image)
        shutil.rmtree(scratch)
    for name in ("config", *WRITABLE, "output/data"):
        (scratch / name).mkdir(parents=True)
    for name, content in files.items():
        (scratch / "config" / name).write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


def command(bench: Bench, name: str, terminal: bool) -> list[str]:
    """The ``docker run`` that opens the shell.

    Args:
        bench: what it gets.
        name: the container's.
        terminal: whether a person types.
    """
    folders = [("config", f"{OPT_ML}/input/config", True), *((one, f"{OPT_ML}/{one}", False) for one in WRITABLE)]
    mounts = [mount(bench.scratch / one, target, readonly) for one, target, readonly in folders]
    mounts += [mount(folder, f"{OPT_ML}/input/data/{one}", True) for one, folder in bench.channels.items()]
    # A value goes by docker's own environment, not by its arguments, which everybody on the machine can read.
    variables = [part for key in bench.environment for part in ("--env", key)]
    return [
        *("docker", "run", "--rm", "-it" if terminal else "-i", "--name", name, "--hostname", HOST),
        *("--pull", "never", "--platform", engine.PLATFORM),
        *(("--network", "none") if bench.isolated else ()),
        *(("--gpus", "all") if bench.gpus else ()),
        *(part for one in mounts for part in ("--mount", one)),
        *(*variables, "--entrypoint", "bash", bench.image),
    ]


def mount(source: Path, target: str, readonly: bool) -> str:
    """A bind mount as ``--mount`` reads it: a line of CSV."""
    quoted = str(source.absolute()).replace('"', '""')
    return f'type=bind,"source={quoted}",target={target}' + (",readonly" if readonly else "")


def run(bench: Bench) -> int:
    """Open the shell and stay until it ends; gives its exit code.

    Raises:
        UserError: the docker command line is missing.
    """
    if shutil.which("docker") is None:
        raise UserError("Docker is not installed: there is no `docker` on PATH.", engine.INSTALL)
    terminal = sys.stdin.isatty() and sys.stdout.isatty()
    name = f"trainyard-shell-{secrets.token_hex(4)}"
    try:
        return subprocess.run(
            command(bench, name, terminal), env={**os.environ, **bench.environment}, check=False
        ).returncode
    finally:
        # Interrupted without a terminal, docker ends and the container goes on.
        subprocess.run(["docker", "rm", "--force", name], capture_output=True, check=False)
        hand_over(bench.scratch, bench.image)


def hand_over(scratch: Path, image: str) -> None:
    """Give what a container's root has left to the folder's owner: as a container sees him, for engines differ."""
    inside = "/scratch"
    words = ["chown", "-R", "--no-dereference", f"--reference={inside}", inside]
    subprocess.run(
        [
            *("docker", "run", "--rm", "--network", "none", "--pull", "never", "--platform", engine.PLATFORM),
            *("--user", "0", "--mount", mount(scratch, inside, readonly=False)),
            *("--entrypoint", words[0], image, *words[1:]),
        ],
        capture_output=True,
        check=False,
    )


def is_here(client: Any, name: str) -> bool:
    """Whether an image of this name is on this machine."""
    import docker

    with engine.explained():
        try:
            client.images.get(name)
        except docker.errors.ImageNotFound:
            return False
    return True


def fetch(client: Any, uri: str) -> None:
    """Bring an image of ECR to this machine, if it is not there.

    Raises:
        UserError: it cannot be pulled.
    """
    import docker

    if is_here(client, uri):
        return
    error: str | None
    with engine.explained():
        try:
            error = _pull(client, uri)
        except docker.errors.APIError as refused:
            error = engine.message_of(refused)
    if error:
        raise engine.explain(error) or UserError(
            f"{uri} cannot be pulled: {error}",
            "It takes ecr:BatchGetImage and ecr:GetDownloadUrlForLayer on its repository; IMAGE= names another image.",
        )


def _pull(client: Any, uri: str) -> str | None:
    auth = repository.credentials()
    with layers.shown("Pulling") as seen:
        for event in client.api.pull(uri, auth_config=auth, stream=True, decode=True, platform=engine.PLATFORM):
            seen(event)
    return seen.error
