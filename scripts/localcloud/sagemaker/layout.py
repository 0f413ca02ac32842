"""The folder that stands in for ``/opt/ml``, and the configuration files that SageMaker writes into it.

https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-training-algo-running-container.html
"""

import json
import shutil
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

OPT_ML = PurePosixPath("/opt/ml")
DEFAULT_CHECKPOINTS = "/opt/ml/checkpoints"


@dataclass(frozen=True)
class Layout:
    """One job's folder."""

    base: Path

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
        path = PurePosixPath(request["CheckpointConfig"].get("LocalPath", DEFAULT_CHECKPOINTS))
        return self.base.joinpath(*path.relative_to(OPT_ML).parts)

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
        checkpoints = self.checkpoints(request)
        instance = request["ResourceConfig"]["InstanceType"]
        group = {"instance_group_name": "homogeneousCluster", "instance_type": instance, "hosts": ["algo-1"]}
        files: dict[str, Any] = {
            "hyperparameters.json": request.get("HyperParameters", {}),
            "inputdataconfig.json": {
                channel["ChannelName"]: _channel(channel, request) for channel in request.get("InputDataConfig", [])
            },
            "resourceconfig.json": {
                "current_host": "algo-1",
                "current_instance_type": instance,
                "current_group_name": "homogeneousCluster",
                "hosts": ["algo-1"],
                "instance_groups": [group],
                "network_interface_name": "lo",
            },
        }
        return files | ({"checkpointconfig.json": {"LocalPath": str(checkpoints)}} if checkpoints else {})

    def remove(self) -> None:
        """Take the whole folder away, what was made read-only too."""
        for channel in self.base.glob("input/data/*"):
            set_writable(channel, writable=True)
        shutil.rmtree(self.base, ignore_errors=True)


def set_writable(folder: Path, writable: bool) -> None:
    """Allow or forbid writing in a folder and everything below it (FastFile's mount is read-only)."""
    for path in [folder, *folder.rglob("*")]:
        mode = stat.S_IMODE(path.stat().st_mode)
        path.chmod(mode | stat.S_IWUSR if writable else mode & ~0o222)


def input_mode(channel: Mapping[str, Any], request: Mapping[str, Any]) -> str:
    """The channel's own input mode, or the job's."""
    return str(channel.get("InputMode") or request["AlgorithmSpecification"]["TrainingInputMode"])


def _channel(channel: Mapping[str, Any], request: Mapping[str, Any]) -> dict[str, str]:
    data = channel["DataSource"]["S3DataSource"]
    described = {
        "TrainingInputMode": input_mode(channel, request),
        "S3DistributionType": data.get("S3DataDistributionType", "FullyReplicated"),
        "RecordWrapperType": channel.get("RecordWrapperType", "None"),
    }
    return described | ({"ContentType": channel["ContentType"]} if "ContentType" in channel else {})
