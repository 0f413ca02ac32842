"""The hyperparameters of another program, as SageMaker's training toolkit decodes and names them.

https://github.com/aws/sagemaker-training-toolkit/blob/master/src/sagemaker_training/environment.py
"""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

from trainer.contract.folders import Folders
from trainyard.errors import JobError

# Each of them has a variable of its own, so SM_FRAMEWORK_PARAMS does not hold it.
# https://github.com/aws/sagemaker-training-toolkit/blob/master/src/sagemaker_training/params.py
WITH_OWN_VARIABLE = {
    "sagemaker_container_log_level",
    "sagemaker_enable_cloudwatch_metrics",
    "sagemaker_job_name",
    "sagemaker_program",
    "sagemaker_region",
    "sagemaker_s3_output",
    "sagemaker_submit_directory",
}
# https://github.com/aws/sagemaker-python-sdk/blob/v2.257.1/src/sagemaker/estimator.py
MULTI_WORKER_MIRRORED = "sagemaker_multi_worker_mirrored_strategy_enabled"
OF_TUNER_AND_TOOLKIT = {"_tuning_objective_metric", "default_user_module_name"}
WORDS = {"true": "True", "false": "False", "null": ""}


@dataclass(frozen=True)
class ProgramValues:
    """The hyperparameters of one job.

    Args:
        arguments: the program's own, as text for its command line.
        values: the same, decoded from JSON.
        sagemaker: those that SageMaker's SDK added, decoded; their names begin with ``sagemaker_``.
    """

    arguments: Mapping[str, str]
    values: Mapping[str, Any]
    sagemaker: Mapping[str, Any]

    @property
    def multi_worker_mirrored(self) -> bool:
        """Whether the program trains with TensorFlow's MultiWorkerMirroredStrategy on all hosts."""
        return bool(self.sagemaker.get(MULTI_WORKER_MIRRORED))

    @property
    def framework(self) -> dict[str, Any]:
        """The content of SM_FRAMEWORK_PARAMS."""
        return {name: value for name, value in self.sagemaker.items() if name not in WITH_OWN_VARIABLE}


def read_program_values(folders: Folders) -> ProgramValues:
    """Read hyperparameters.json, for another program than the trainer.

    Raises:
        JobError: the file does not contain a JSON object, or a hyperparameter asks for another distribution
            than that of MultiWorkerMirroredStrategy.
    """
    sent = {
        name: value if isinstance(value, str) else json.dumps(value)
        for name, value in folders.read_config("hyperparameters.json").items()
        if name not in OF_TUNER_AND_TOOLKIT
    }
    own = {name: value for name, value in sent.items() if not name.startswith("sagemaker_")}
    values = ProgramValues(
        arguments={name: to_argument(value) for name, value in own.items()},
        values={name: decode(value) for name, value in own.items()},
        sagemaker={name: decode(value) for name, value in sent.items() if name not in own},
    )
    _refuse_distributions(values.sagemaker)
    return values


def to_argument(sent: str) -> str:
    """Return a value for the command line.

    A JSON string is decoded. ``true``, ``false`` and ``null`` become ``True``, ``False`` and an empty text, as the
    toolkit gives them. Every other text arrives exactly as it was sent: also numbers, lists and objects, which the
    toolkit decodes and prints again as Python does.
    """
    decoded = decode(sent)
    return decoded if isinstance(decoded, str) else WORDS.get(sent, sent)


def decode(sent: str) -> Any:
    """Decode a value from JSON. If it is not JSON, return it as it is.

    NaN and infinite numbers are not JSON; only Python's reader accepts them. They stay texts, so that SM_HPS is JSON.
    """

    def refuse(word: str) -> NoReturn:
        raise ValueError(word)

    def finite(digits: str) -> float:
        number = float(digits)
        return number if math.isfinite(number) else refuse(digits)

    try:
        return json.loads(sent, parse_constant=refuse, parse_float=finite)
    except (ValueError, RecursionError):
        return sent


def _refuse_distributions(sagemaker: Mapping[str, Any]) -> None:
    """Refuse what the SDK's ``distribution=`` sends: the program would start alone, without MPI or its like.

    https://sagemaker.readthedocs.io/en/v2/api/training/distributed.html
    """
    for name, value in sagemaker.items():
        if name.endswith("_enabled") and value and name != MULTI_WORKER_MIRRORED:
            kind = name.removeprefix("sagemaker_").removesuffix("_enabled")
            raise JobError(
                f"The hyperparameter {name} asks for the distribution {kind!r}, which this image does not have.",
                "Remove it (distribution= in the SDK), or use multi_worker_mirrored_strategy.",
            )
