"""The folders of a job in /opt/ml (or SAGEMAKER_BASE_DIR), and the files in which SageMaker describes the job.

https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-training-algo-running-container.html
"""

import json
from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trainyard.errors import JobError


@dataclass(frozen=True)
class Folders:
    """The folders through which SageMaker and the container exchange files."""

    base: Path

    @classmethod
    def of(cls, environ: Mapping[str, str]) -> "Folders":
        """Return the folders in SAGEMAKER_BASE_DIR, by default /opt/ml."""
        return cls(Path(environ.get("SAGEMAKER_BASE_DIR") or "/opt/ml").absolute())

    @property
    def config(self) -> Path:
        """Contains hyperparameters.json, inputdataconfig.json, resourceconfig.json, checkpointconfig.json."""
        return self.base / "input" / "config"

    @property
    def channels(self) -> Path:
        """Contains one folder per channel."""
        return self.base / "input" / "data"

    @property
    def model(self) -> Path:
        """Becomes model.tar.gz; no other folder does."""
        return self.base / "model"

    @property
    def output(self) -> Path:
        """Contains the failure file and the folder data, which becomes output.tar.gz."""
        return self.base / "output"

    def read_config(self, name: str) -> dict[str, Any]:
        """Read a JSON object from the config folder; an absent file is an empty object.

        Raises:
            JobError: the file does not contain a JSON object.
        """
        path = self.config / name
        if not path.is_file():
            return {}
        try:
            value = json.loads(path.read_text(encoding="utf-8"))
        except ValueError as error:
            raise JobError(f"{path} is not JSON: {error}") from None
        if not isinstance(value, dict):
            raise JobError(f"{path} does not contain a JSON object.")
        return value

    def hosts(self) -> tuple[list[str], str]:
        """Return the hosts of the job, sorted as SageMaker names them, and the name of this host.

        Raises:
            JobError: resourceconfig.json does not contain a JSON object.
        """
        resources = self.read_config("resourceconfig.json")
        hosts = resources.get("hosts") or ["localhost"]
        return hosts, resources.get("current_host") or hosts[0]


def read_hyperparameters(folders: Folders) -> dict[str, str]:
    """Read the hyperparameters from hyperparameters.json, without those that SageMaker itself adds.

    All values are strings. A value that is a JSON string ("…", in quotation marks) is decoded. AWS's SDK encodes
    strings so, because SageMaker's pattern for a value does not allow a line break.
    """
    values = folders.read_config("hyperparameters.json")
    # The tuner adds _tuning_objective_metric, SageMaker's SDK sagemaker_program and the like.
    return {
        name: _decode(value) if isinstance(value, str) else json.dumps(value)
        for name, value in values.items()
        if name != "_tuning_objective_metric" and not name.startswith("sagemaker_")
    }


def _decode(value: str) -> str:
    if not value.startswith('"'):
        return value
    try:
        decoded = json.loads(value)
    except ValueError:
        return value
    return decoded if isinstance(decoded, str) else value


def unset_absent_channels(folders: Folders, environ: MutableMapping[str, str]) -> None:
    """Remove the SM_CHANNEL_* of channels that the job does not have from ``environ``.

    The image sets some of these variables for every job.

    inputdataconfig.json names the job's channels. Without it, the folders of ``channels`` are the channels. A variable
    with a path outside ``channels`` was set for this run only, so it stays.

    Raises:
        JobError: inputdataconfig.json does not contain a JSON object.
    """
    inputs = folders.read_config("inputdataconfig.json")
    for variable, value in list(environ.items()):
        path = Path(value)
        if not variable.startswith("SM_CHANNEL_") or path.parent != folders.channels:
            continue
        if not (path.name in inputs if inputs else path.is_dir()):
            del environ[variable]
