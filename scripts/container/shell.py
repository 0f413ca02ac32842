"""A shell in a container of a job's image, with the files, folders and variables that SageMaker provides.

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
class ShellSetup:
    """The settings of the shell's container.

    Args:
        image: the image's name on this machine.
        scratch: the folder of its configuration; it also keeps what the container writes.
        channels: the folders of its local channels, by name.
        environment: its environment variables.
        isolated: whether it has no network.
        gpus: whether it gets the machine's GPUs.
    """

    image: str
    scratch: Path
    channels: Mapping[str, Path]
    environment: Mapping[str, str] = field(default_factory=dict)
    isolated: bool = False
    gpus: bool = False


def configuration(spec: "JobSpec", hyperparameters: Mapping[str, str]) -> dict[str, Any]:
    """The files of /opt/ml/input/config for a job on one instance; channels in S3 are skipped.

    Args:
        spec: the job file.
        hyperparameters: the hyperparameters as SageMaker passes them, as text.
    """
    channels = {
        name: {
            "TrainingInputMode": channel.input_mode,
            "S3DistributionType": channel.distribution,
            "RecordWrapperType": "None",
            **({"ContentType": channel.content_type} if channel.content_type else {}),
        }
        for name, channel in spec.channels.items()
        if channel.folder is not None
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
    """Make the scratch folder as a job finds it: empty except for the configuration.

    Args:
        scratch: the folder; files of an earlier shell are deleted.
        image: the image to run, to change the owner of files that a container's root wrote.
        files: the result of `configuration`.
    """
    if scratch.exists():
        give_to_owner(scratch, image)
        shutil.rmtree(scratch)
    for name in ("config", *WRITABLE, "output/data"):
        (scratch / name).mkdir(parents=True)
    for name, content in files.items():
        (scratch / "config" / name).write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


def command(setup: ShellSetup, name: str, terminal: bool) -> list[str]:
    """The ``docker run`` command that opens the shell.

    Args:
        setup: the container's settings.
        name: the container's name.
        terminal: whether the shell runs at a terminal.
    """
    folders = [("config", f"{OPT_ML}/input/config", True), *((one, f"{OPT_ML}/{one}", False) for one in WRITABLE)]
    mounts = [mount(setup.scratch / one, target, readonly) for one, target, readonly in folders]
    mounts += [mount(folder, f"{OPT_ML}/input/data/{one}", True) for one, folder in setup.channels.items()]
    # Only names here: everybody on the machine can read arguments. Docker takes the values from its environment.
    variables = [part for key in setup.environment for part in ("--env", key)]
    return [
        *("docker", "run", "--rm", "-it" if terminal else "-i", "--name", name, "--hostname", HOST),
        *("--pull", "never", "--platform", engine.PLATFORM),
        *(("--network", "none") if setup.isolated else ()),
        *(("--gpus", "all") if setup.gpus else ()),
        *(part for one in mounts for part in ("--mount", one)),
        *(*variables, "--entrypoint", "bash", setup.image),
    ]


def mount(source: Path, target: str, readonly: bool) -> str:
    """A bind mount in the format of ``--mount``, which is a line of CSV."""
    quoted = str(source.absolute()).replace('"', '""')
    return f'type=bind,"source={quoted}",target={target}' + (",readonly" if readonly else "")


def run(setup: ShellSetup) -> int:
    """Open the shell and wait until it ends; returns its exit code.

    Raises:
        UserError: the docker command line is missing.
    """
    if shutil.which("docker") is None:
        raise UserError("Docker is not installed: there is no `docker` on PATH.", engine.INSTALL)
    terminal = sys.stdin.isatty() and sys.stdout.isatty()
    name = f"trainyard-shell-{secrets.token_hex(4)}"
    try:
        return subprocess.run(
            command(setup, name, terminal), env={**os.environ, **setup.environment}, check=False
        ).returncode
    finally:
        # After an interrupt without a terminal, docker ends but the container still runs.
        subprocess.run(["docker", "rm", "--force", name], capture_output=True, check=False)
        give_to_owner(setup.scratch, setup.image)


def give_to_owner(scratch: Path, image: str) -> None:
    """Change the owner of files that a container's root wrote to the folder's owner.

    This runs in a container, because engines differ in how they map users.
    """
    inside = "/scratch"
    chown = ["chown", "-R", "--no-dereference", f"--reference={inside}", inside]
    subprocess.run(
        [
            *("docker", "run", "--rm", "--network", "none", "--pull", "never", "--platform", engine.PLATFORM),
            *("--user", "0", "--mount", mount(scratch, inside, readonly=False)),
            *("--entrypoint", chown[0], image, *chown[1:]),
        ],
        capture_output=True,
        check=False,
    )


def is_local(client: Any, name: str) -> bool:
    """Whether an image of this name is on this machine."""
    import docker

    with engine.explain_errors():
        try:
            client.images.get(name)
        except docker.errors.ImageNotFound:
            return False
    return True


def pull_image(client: Any, uri: str) -> None:
    """Pull an image from ECR, if it is not on this machine.

    Raises:
        UserError: it cannot be pulled.
    """
    import docker

    if is_local(client, uri):
        return
    message: str | None
    with engine.explain_errors():
        try:
            message = _pull(client, uri)
        except docker.errors.APIError as error:
            message = engine.error_message(error)
    if message:
        raise engine.explain(message) or UserError(
            f"{uri} cannot be pulled: {message}",
            "You need ecr:BatchGetImage and ecr:GetDownloadUrlForLayer on its repository. Or name another image with "
            "IMAGE=.",
        )


def _pull(client: Any, uri: str) -> str | None:
    auth = repository.credentials()
    with layers.show_progress("Pulling") as progress:
        for event in client.api.pull(uri, auth_config=auth, stream=True, decode=True, platform=engine.PLATFORM):
            progress(event)
    return progress.error
