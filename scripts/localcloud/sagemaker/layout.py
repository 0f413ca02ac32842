"""The folder that stands in for a host's ``/opt/ml``, and the configuration files that SageMaker writes into it.

https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-training-algo-running-container.html
"""

import json
import os
import shutil
import stat
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

OPT_ML = PurePosixPath("/opt/ml")
DEFAULT_CHECKPOINTS = "/opt/ml/checkpoints"


@dataclass(frozen=True)
class Layout:
    """One host's folder.

    Attributes:
        base: the folder.
        host: its name, such as ``algo-1``.
        hosts: the names of all hosts of the job.
        in_container: whether the program sees the folder as ``/opt/ml``, and not by its own name.
    """

    base: Path
    host: str = "algo-1"
    hosts: tuple[str, ...] = ("algo-1",)
    in_container: bool = False

    @property
    def model(self) -> Path:
        """What becomes model.tar.gz."""
        return self.base / "model"

    @property
    def output(self) -> Path:
        """What becomes output.tar.gz."""
        return self.base / "output" / "data"

    @property
    def temporary(self) -> Path:
        """The program's TMPDIR, so that it goes with the job."""
        return self.base / "tmp"

    def channel(self, name: str) -> Path:
        """The folder of an input channel."""
        return self.base / "input" / "data" / name

    def checkpoints(self, request: Mapping[str, Any]) -> Path | None:
        """The folder of CheckpointConfig, if the job has one."""
        if "CheckpointConfig" not in request:
            return None
        if self.in_container:
            return self.base / "checkpoints"
        return self.base.joinpath(*_local_path(request).relative_to(OPT_ML).parts)

    def checkpoints_seen(self, request: Mapping[str, Any]) -> str:
        """Where the program finds that folder."""
        return str(_local_path(request) if self.in_container else self.checkpoints(request))

    def failure(self) -> str:
        """What the program wrote about its failure; empty where it wrote nothing."""
        try:
            return (self.base / "output" / "failure").read_text(errors="replace")[:1024]
        except OSError:
            return ""

    def create(self, request: Mapping[str, Any]) -> None:
        """Make the folders and the configuration files."""
        config = self.base / "input" / "config"
        for folder in (config, self.base / "input" / "data", self.model, self.output, self.temporary):
            folder.mkdir(parents=True)
        for name, content in self._configuration(request).items():
            (config / name).write_text(json.dumps(content, indent=2))
        checkpoints = self.checkpoints(request)
        if checkpoints:
            checkpoints.mkdir(parents=True, exist_ok=True)

    def _configuration(self, request: Mapping[str, Any]) -> dict[str, Any]:
        instance, hosts = request["ResourceConfig"]["InstanceType"], sorted(self.hosts)
        group = {"instance_group_name": "homogeneousCluster", "instance_type": instance, "hosts": hosts}
        files: dict[str, Any] = {
            "hyperparameters.json": request.get("HyperParameters", {}),
            "inputdataconfig.json": {
                channel["ChannelName"]: _channel(channel, request) for channel in request.get("InputDataConfig", [])
            },
            "resourceconfig.json": {
                "current_host": self.host,
                "current_instance_type": instance,
                "current_group_name": "homogeneousCluster",
                "hosts": hosts,
                "instance_groups": [group],
                "network_interface_name": "eth0" if self.in_container else "lo",
            },
        }
        if "CheckpointConfig" in request:
            files["checkpointconfig.json"] = {"LocalPath": self.checkpoints_seen(request)}
        return files


def job_layouts(folder: Path, count: int, in_containers: bool) -> list[Layout]:
    """The layouts of a job's hosts: ``algo-1`` and so on, in folders of these names."""
    hosts = tuple(f"algo-{number}" for number in range(1, count + 1))
    return [Layout(folder / host, host, hosts, in_containers) for host in hosts]


def remove(folder: Path) -> None:
    """Take a job's whole folder away, with what a program or we have made read-only."""
    for place, folders, _ in os.walk(folder):
        for name in folders:
            path = Path(place, name)
            with suppress(OSError):  # Somebody else's, or gone: what can be removed is removed.
                if not path.is_symlink():
                    path.chmod(stat.S_IMODE(path.stat().st_mode) | stat.S_IRWXU)
    shutil.rmtree(folder, ignore_errors=True)


def forbid_writing(folder: Path) -> None:
    """Forbid writing in a folder and everything below it (FastFile's mount is read-only)."""
    for path in [folder, *folder.rglob("*")]:
        path.chmod(stat.S_IMODE(path.stat().st_mode) & ~0o222)


def input_mode(channel: Mapping[str, Any], request: Mapping[str, Any]) -> str:
    """The channel's own input mode, or the job's."""
    return str(channel.get("InputMode") or request["AlgorithmSpecification"]["TrainingInputMode"])


def _local_path(request: Mapping[str, Any]) -> PurePosixPath:
    return PurePosixPath(request["CheckpointConfig"].get("LocalPath", DEFAULT_CHECKPOINTS))


def _channel(channel: Mapping[str, Any], request: Mapping[str, Any]) -> dict[str, str]:
    data = channel["DataSource"]["S3DataSource"]
    described = {
        "TrainingInputMode": input_mode(channel, request),
        "S3DistributionType": data.get("S3DataDistributionType", "FullyReplicated"),
        "RecordWrapperType": channel.get("RecordWrapperType", "None"),
    }
    return described | ({"ContentType": channel["ContentType"]} if "ContentType" in channel else {})
