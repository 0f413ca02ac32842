"""Training jobs for the cases: one is running, one has failed, one has a model. None of them uses TensorFlow.

The running job writes its checkpoints to the folder of `digits`, the failed one to its own folder. The third has no
checkpoints.
"""

import contextlib
import json
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from tests.errors.case import file
from tests.errors.scene import Scene

SECONDS = 90
DAY = 86_400
CHECKPOINTS = "trainyard-local-checkpoints-123456789012-us-east-1"
PROGRAMS = {
    "sleeper": (f"import time\ntime.sleep({DAY})\n", "Training"),  # it runs until the tests have ended
    "failed": ("raise SystemExit(3)\n", "Failed"),
    "done": ("import os, pathlib\npathlib.Path(os.environ['SM_MODEL_DIR'], 'model').write_text('x')\n", "Completed"),
}


@contextmanager
def three_jobs(scene: Scene) -> Iterator[dict[str, str]]:
    """Start the jobs, and wait until each has its status; return their names by their kind."""
    sagemaker = scene.client("sagemaker")
    names = {kind: f"{kind}-{time.strftime('%Y%m%d-%H%M%S')}-abcd" for kind in PROGRAMS}
    with ExitStack() as programs:
        for kind, (program, _status) in PROGRAMS.items():
            programs.enter_context(file(f"trainer/{kind}.py", program)(scene))
            _start(scene, names[kind], f"{kind}.py")
        for kind, (_program, status) in PROGRAMS.items():
            _await(sagemaker, names[kind], status)
    yield names
    with contextlib.suppress(sagemaker.exceptions.ClientError):
        sagemaker.stop_training_job(TrainingJobName=names["sleeper"])


def _start(scene: Scene, name: str, program: str) -> None:
    request = json.loads((scene.folder / "runs" / scene.run / "request.json").read_text())
    request |= {"TrainingJobName": name, "Environment": {"SAGEMAKER_PROGRAM": program}, "HyperParameters": {}}
    if program == "sleeper.py":
        request["StoppingCondition"]["MaxRuntimeInSeconds"] = DAY
    elif program == "failed.py":
        request["CheckpointConfig"]["S3Uri"] = f"s3://{CHECKPOINTS}/failed/{name}/"
    elif program == "done.py":
        del request["CheckpointConfig"]
    scene.client("sagemaker").create_training_job(**request)


def _await(sagemaker: Any, name: str, secondary: str) -> None:
    deadline = time.monotonic() + SECONDS
    while sagemaker.describe_training_job(TrainingJobName=name)["SecondaryStatus"] != secondary:
        assert time.monotonic() < deadline, f"{name} never was {secondary}"
        time.sleep(0.1)


def await_mistakes(scene: Scene) -> None:
    """Wait until no job and no tuning of the job file `mistake` is in progress: it would read the next test's data."""
    sagemaker, asked = scene.client("sagemaker"), {"NameContains": "mistake-", "StatusEquals": "InProgress"}
    deadline = time.monotonic() + SECONDS
    while (
        sagemaker.list_hyper_parameter_tuning_jobs(**asked)["HyperParameterTuningJobSummaries"]
        or sagemaker.list_training_jobs(**asked, MaxResults=100)["TrainingJobSummaries"]
    ):
        assert time.monotonic() < deadline, "a job of a test has no end"
        time.sleep(0.1)
