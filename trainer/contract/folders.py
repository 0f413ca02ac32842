"""The folders of a job below /opt/ml (or SAGEMAKER_BASE_DIR), and the files in which SageMaker describes the job.

https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-training-algo-running-container.html
"""

import json
from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trainer.contract.errors import JobError


@dataclass(frozen=True)
class Folders:
    """Where SageMaker puts things and looks for them."""

    base: Path

    @classmethod
    def of(cls, environ: Mapping[str, str]) -> "Folders":
        """The folders below SAGEMAKER_BASE_DIR, by default /opt/ml."""
        return cls(Path(environ.get("SAGEMAKER_BASE_DIR") or "/opt/ml").absolute())

    @property
    def config(self) -> Path:
        """hyperparameters.json, inputdataconfig.json, resourceconfig.json, checkpointconfig.json."""
        return self.base / "input" / "config"

    @property
    def channels(self) -> Path:
        """One folder per channel."""
        return self.base / "input" / "data"

    @property
    def model(self) -> Path:
        """Becomes model.tar.gz; nothing else does."""
        return self.base / "model"

    @property
    def output(self) -> Path:
        """Holds data (becomes output.tar.gz) and the failure file."""
        return self.base / "output"

    def read_config(self, name: str) -> dict[str, Any]:
        """A JSON object of the config folder; empty where the file is absent.

        Raises:
            JobError: the file is no JSON object.
        """
        path = self.config / name
        if not path.is_file():
            return {}
        try:
            value = json.loads(path.read_text(encoding="utf-8"))
        except ValueError as error:
            raise JobError(f"{path} is not JSON: {error}") from None
        if not isinstance(value, dict):
            raise JobError(f"{path} holds no JSON object.")
        return value


def given_hyperparameters(folders: Folders) -> dict[str, str]:
    """The hyperparameters as they were written, from hyperparameters.json; what SageMaker itself adds is left out.

    Values are strings. One that is a JSON string ("…", in quotation marks) stands for what is in it: only so does a
    line break travel, which SageMaker's pattern for a value does not let through, and so AWS's SDK sends strings.
    """
    given = folders.read_config("hyperparameters.json")
    # The tuner adds _tuning_objective_metric, SageMaker's SDK sagemaker_program and the like.
    return {
        name: _as_written(value) if isinstance(value, str) else json.dumps(value)
        for name, value in given.items()
        if name != "_tuning_objective_metric" and not name.startswith("sagemaker_")
    }


def _as_written(value: str) -> str:
    if not value.startswith('"'):
        return value
    try:
        inside = json.loads(value)
    except ValueError:
        return value
    return inside if isinstance(inside, str) else value


def unset_absent_channels(folders: Folders, environ: MutableMapping[str, str]) -> None:
    """Take the SM_CHANNEL_* of channels that the job lacks out of ``environ``: an image sets some for every job.

    inputdataconfig.json names the job's channels; without it they are the folders that are there. A variable that
    leads elsewhere was set for this very run, and stays.

    Raises:
        JobError: inputdataconfig.json is no JSON object.
    """
    inputs = folders.read_config("inputdataconfig.json")
    for variable, value in list(environ.items()):
        path = Path(value)
        if not variable.startswith("SM_CHANNEL_") or path.parent != folders.channels:
            continue
        if not (path.name in inputs if inputs else path.is_dir()):
            del environ[variable]
