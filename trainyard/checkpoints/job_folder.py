"""The folder in which one job keeps its checkpoints, where several jobs have the same place in S3.

All training jobs of a hyperparameter tuning job have one CheckpointConfig, and none of its members can name the job:
https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_HyperParameterTrainingJobDefinition.html. SageMaker adds
nothing to it either; AWS's own toolkit once had the same trouble with the folder of the model and appends the job's
name: https://github.com/aws/sagemaker-tensorflow-training-toolkit/pull/179. So here each such job has its own folder.
"""

import json
import re
from collections.abc import Mapping
from pathlib import Path

MARK = "_tuning_objective_metric"
"""The hyperparameter that SageMaker adds to each training job of a tuning job."""
JOB_NAME = re.compile(r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}")


def job_folder(folder: Path, hyperparameters: Path, environ: Mapping[str, str]) -> Path:
    """The folder for a job's checkpoints: ``folder``, or for a tuning job's training job a folder in it.

    Args:
        folder: what SageMaker copies to S3, or the one that a person named.
        hyperparameters: the file hyperparameters.json.
        environ: the variables, of which SageMaker sets TRAINING_JOB_NAME.
    """
    name = environ.get("TRAINING_JOB_NAME", "")
    return folder / name if JOB_NAME.fullmatch(name) and _is_tuned(hyperparameters) else folder


def _is_tuned(hyperparameters: Path) -> bool:
    try:
        values = json.loads(hyperparameters.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return isinstance(values, dict) and MARK in values
