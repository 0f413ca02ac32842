"""The `aws` command line: a job from its creation to its model."""

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from .report import call, check, new_name, request, tuning_request

GROUP = "/aws/sagemaker/TrainingJobs"
SECONDS = 300


def aws(*arguments: str) -> str:
    """Run an `aws` command that must succeed, and return what it printed."""
    program = Path(sys.executable).with_name("aws")
    ended = subprocess.run([program, *arguments], capture_output=True, text=True, timeout=600, check=False)
    if ended.returncode != 0:
        raise RuntimeError(ended.stderr)
    return ended.stdout


def main() -> None:
    """Make the calls."""
    asked, name = request(), new_name("awscli")
    path = f"{asked['OutputDataConfig']['S3OutputPath'].rstrip('/')}/{name}/output/model.tar.gz"
    with tempfile.TemporaryDirectory() as folder:
        sent = Path(folder, "job.json")
        sent.write_text(json.dumps(asked | {"TrainingJobName": name}))
        job = ("--training-job-name", name)
        with call(
            "`aws sagemaker create-training-job`, `wait training-job-completed-or-stopped`, `describe-training-job`"
        ):
            aws("sagemaker", "create-training-job", "--cli-input-json", f"file://{sent}")
            aws("sagemaker", "wait", "training-job-completed-or-stopped", *job)
            check(json.loads(aws("sagemaker", "describe-training-job", *job))["TrainingJobStatus"], "Completed")
        with call("`aws sagemaker list-training-jobs --name-contains`"):
            listed = json.loads(aws("sagemaker", "list-training-jobs", "--name-contains", name))
            check([entry["TrainingJobName"] for entry in listed["TrainingJobSummaries"]], [name])
        with call("`aws logs filter-log-events`"):
            found = aws("logs", "filter-log-events", "--log-group-name", GROUP, "--log-stream-name-prefix", name)
            check(bool(json.loads(found)["events"]), True)
        with call("`aws s3 cp` of the model"):
            aws("s3", "cp", path, folder)
            check(Path(folder, "model.tar.gz").stat().st_size > 0, True)
        with call(
            "a warm pool: `create-training-job` with KeepAlivePeriodInSeconds, twice; `list-training-jobs "
            "--warm-pool-status-equals`, `update-training-job --resource-config`"
        ):
            use_warm_pool(asked, sent)
        with call(
            "`aws sagemaker create-hyper-parameter-tuning-job`, `describe-…`, `list-training-jobs-for-…`, `stop-…`, "
            "`delete-…`"
        ):
            search(asked, sent)


def search(asked: dict[str, Any], sent: Path) -> None:
    """Run a tuning until its first training job has been listed, stop it, and delete it."""
    name = new_name("awscli")
    tuning = ("--hyper-parameter-tuning-job-name", name)
    asked_for = tuning_request(asked, name)
    asked_for["HyperParameterTuningJobConfig"]["ResourceLimits"]["MaxNumberOfTrainingJobs"] = 20
    sent.write_text(json.dumps(asked_for))
    aws("sagemaker", "create-hyper-parameter-tuning-job", "--cli-input-json", f"file://{sent}")
    described = ("sagemaker", "describe-hyper-parameter-tuning-job", *tuning)
    listed: list[dict[str, Any]] = []
    for _ in range(SECONDS):
        found = json.loads(aws("sagemaker", "list-training-jobs-for-hyper-parameter-tuning-job", *tuning))
        listed = [job for job in found["TrainingJobSummaries"] if job["ObjectiveStatus"] == "Succeeded"]
        if listed:
            break
        time.sleep(1)
    aws("sagemaker", "stop-hyper-parameter-tuning-job", *tuning)
    while (answer := json.loads(aws(*described)))["HyperParameterTuningJobStatus"] in ("InProgress", "Stopping"):
        time.sleep(1)
    check(answer["BestTrainingJob"]["TrainingJobName"], listed[0]["TrainingJobName"])
    aws("sagemaker", "delete-hyper-parameter-tuning-job", *tuning)


def use_warm_pool(asked: dict[str, Any], sent: Path) -> None:
    """Run a job that leaves a warm pool and one that takes it, and end the pool of the second."""
    kept = {"ResourceConfig": asked["ResourceConfig"] | {"KeepAlivePeriodInSeconds": 600}}
    first, second = new_name("awscli"), new_name("awscli")
    for name in (first, second):
        sent.write_text(json.dumps(asked | kept | {"TrainingJobName": name}))
        aws("sagemaker", "create-training-job", "--cli-input-json", f"file://{sent}")
        aws("sagemaker", "wait", "training-job-completed-or-stopped", "--training-job-name", name)
    found = json.loads(aws("sagemaker", "list-training-jobs", "--warm-pool-status-equals", "Available"))
    check([job["TrainingJobName"] for job in found["TrainingJobSummaries"]], [second])
    change = ("--training-job-name", second, "--resource-config", "KeepAlivePeriodInSeconds=0")
    aws("sagemaker", "update-training-job", *change)
    status = [
        json.loads(aws("sagemaker", "describe-training-job", "--training-job-name", name))["WarmPoolStatus"]["Status"]
        for name in (first, second)
    ]
    check(status, ["Reused", "Terminated"])


if __name__ == "__main__":
    main()
