"""The folder that serves as a host's ``/opt/ml``, and the configuration files that SageMaker writes into it.

https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-training-algo-running-container.html
"""

import json
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePath, PurePosixPath
from typing import Any

from scripts.localcloud.sagemaker.program_files import ChangedFileError, ProgramFolder

OPT_ML = PurePosixPath("/opt/ml")
DEFAULT_CHECKPOINTS = "/opt/ml/checkpoints"
CACHE = OPT_ML / "sagemaker/warmpoolcache"
CACHE_VARIABLE = "SAGEMAKER_MANAGED_WARMPOOL_CACHE_DIRECTORY"
ROLE_IN_CONTAINER = PurePosixPath("/run/local-cloud/role")
MAX_FAILURE = 1024


@dataclass(frozen=True)
class Layout:
    """One host's folder.

    Attributes:
        base: the folder.
        host: the host's name, such as ``algo-1``.
        hosts: the names of all hosts of the job.
        in_container: whether the program finds the folder at ``/opt/ml``, not at its path on this machine.
        cache: the folder that a warm pool keeps for the next job; it is outside of ``base``. None without a warm pool.
    """

    base: Path
    host: str = "algo-1"
    hosts: tuple[str, ...] = ("algo-1",)
    in_container: bool = False
    cache: Path | None = None

    @property
    def model(self) -> Path:
        """The folder that becomes model.tar.gz."""
        return self.base / "model"

    @property
    def output(self) -> Path:
        """The folder that becomes output.tar.gz."""
        return self.base / "output" / "data"

    @property
    def temporary(self) -> Path:
        """The program's TMPDIR, which is deleted with the job."""
        return self.base / "tmp"

    @property
    def role(self) -> Path:
        """The folder with the files from which the program gets its role's keys. All hosts of the job share it."""
        return self.base.parent / "role"

    @property
    def role_in_program(self) -> PurePath:
        """The path at which the program finds ``role``."""
        return ROLE_IN_CONTAINER if self.in_container else self.role

    @property
    def variables(self) -> dict[str, str]:
        """The variable that names the cache of the warm pool to the program; none without a warm pool.

        https://docs.aws.amazon.com/sagemaker/latest/dg/train-warm-pools.html#train-warm-pools-persistent-cache
        """
        return {CACHE_VARIABLE: str(CACHE if self.in_container else self.cache)} if self.cache else {}

    def channel(self, name: str) -> Path:
        """Return the folder of an input channel."""
        return self.base / "input" / "data" / name

    def checkpoints(self, request: Mapping[str, Any]) -> Path | None:
        """Return the folder of the checkpoints, or None if the request has no CheckpointConfig."""
        if "CheckpointConfig" not in request:
            return None
        if self.in_container:
            return self.base / "checkpoints"
        return self.base.joinpath(*_local_path(request).relative_to(OPT_ML).parts)

    def checkpoints_in_program(self, request: Mapping[str, Any]) -> str:
        """Return the path at which the program finds the folder of the checkpoints."""
        return str(_local_path(request) if self.in_container else self.checkpoints(request))

    def failure(self) -> str:
        """Return the text of the program's failure file; empty if there is no such regular file."""
        try:
            with ProgramFolder(self.base, "output").open("failure") as file:
                return file.read(4 * MAX_FAILURE).decode(errors="replace")[:MAX_FAILURE]
        except (OSError, ChangedFileError):
            return ""

    def program_folder(self, folder: Path) -> ProgramFolder:
        """Return a folder below ``base`` as what it is: the program's, to be read with care."""
        return ProgramFolder(self.base, folder.relative_to(self.base).as_posix())

    def create(self, request: Mapping[str, Any]) -> None:
        """Create the folders and the configuration files."""
        config = self.base / "input" / "config"
        for folder in (config, self.base / "input" / "data", self.model, self.output, self.temporary):
            folder.mkdir(parents=True)
        if self.cache:
            self.cache.mkdir(parents=True, exist_ok=True)
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
            files["checkpointconfig.json"] = {"LocalPath": self.checkpoints_in_program(request)}
        return files


def job_layouts(folder: Path, count: int, in_containers: bool, cache: Path | None) -> list[Layout]:
    """Return the layouts of a job's hosts ``algo-1``, ``algo-2`` and so on, in folders with these names.

    Args:
        folder: the job's folder.
        count: the number of hosts.
        in_containers: whether the hosts are containers.
        cache: the warm pool's folder; None without a warm pool.
    """
    hosts = tuple(f"algo-{number}" for number in range(1, count + 1))
    return [Layout(folder / host, host, hosts, in_containers, cache and cache / host) for host in hosts]


def make_read_only(folder: Path) -> None:
    """Make a folder and everything below it read-only, like FastFile's mount in SageMaker."""
    for path in [folder, *folder.rglob("*")]:
        path.chmod(stat.S_IMODE(path.stat().st_mode) & ~0o222)


def input_mode(channel: Mapping[str, Any], request: Mapping[str, Any]) -> str:
    """Return the channel's input mode, or else the job's."""
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
