"""What interrupts a tuning: spot instances that are taken away, and a local cloud that is killed."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from botocore.config import Config

from scripts import localcloud
from tests.unit.localcloud.account import new_client
from tests.unit.localcloud.processes import is_gone, kill, verb, wait_until
from tests.unit.localcloud.test_spot_jobs import streams
from tests.unit.localcloud.tuning.searching import Searches

pytestmark = pytest.mark.e2e

# Counts to four, in a folder of its own below the checkpoints' that all jobs of the tuning share.
COUNTER = """
folder = base / "checkpoints" / os.environ["TRAINING_JOB_NAME"]
folder.mkdir(exist_ok=True)
saved = folder / "count"
count = int(saved.read_text()) if saved.exists() else 0
print("begins at", count, flush=True)
while count < 4:
    count += 1; saved.write_text(str(count)); print("loss=%d" % count, flush=True)
    time.sleep(1000 if count == 1 else 0)  # until it is interrupted, after its first checkpoint
"""


def test_an_interrupted_job_resumes_from_its_own_checkpoint_below_the_shared_prefix(
    searches: Searches, cloud: localcloud.Cloud
) -> None:
    order = localcloud.order_interruptions(cloud, "0.1s:checkpoint:kill")
    sagemaker = new_client(cloud.url, "sagemaker", config=Config(user_agent_extra=f"app/{order}"))
    definition = {
        "EnableManagedSpotTraining": True,
        "StoppingCondition": {"MaxRuntimeInSeconds": 100, "MaxWaitTimeInSeconds": 200},
        "CheckpointConfig": {"S3Uri": "s3://checkpoints/search/"},
    }
    request = searches.request(COUNTER, jobs=2, parallel=2, definition=definition)
    sagemaker.create_hyper_parameter_tuning_job(**request)
    tuning = searches.end(request["HyperParameterTuningJobName"])
    assert tuning["TrainingJobStatusCounters"]["Completed"] == 2, tuning
    trials = searches.trials(request["HyperParameterTuningJobName"])
    for trial in trials:
        job = searches.account.describe(trial["TrainingJobName"])
        assert [step["Status"] for step in job["SecondaryStatusTransitions"]].count("Interrupted") == 1
        assert job["CheckpointConfig"]["S3Uri"] == "s3://checkpoints/search/"
        assert ["begins at 0" in lines for lines in streams(searches.account, trial["TrainingJobName"])] == [
            True,
            False,
        ]
        assert trial["FinalHyperParameterTuningJobObjectiveMetric"]["Value"] == 4
    kept = searches.account.keys("checkpoints", "search/")
    assert sorted(kept) == sorted(f"search/{trial['TrainingJobName']}/count" for trial in trials)


def test_a_tuning_of_a_killed_local_cloud_is_reported_with_its_jobs(
    stopped_after: Path, account_of: Callable[[localcloud.Cloud], Any]
) -> None:
    cloud = localcloud.start()
    searches = Searches(account_of(cloud), iter(["lost-search"]))
    name = searches.create("print('loss=1', os.getpid(), flush=True); time.sleep(1000)", jobs=3)
    searches.wait_until(name, lambda _: searches.trials(name))
    (trial,) = searches.trials(name)
    account = searches.account
    account.wait_until(trial["TrainingJobName"], lambda _: len(account.lines(trial["TrainingJobName"])) > 1)
    program = int(account.lines(trial["TrainingJobName"])[-1].split()[1])
    kill(cloud)
    up = verb("up")
    assert "Hyperparameter tuning job lost-search was running when the local cloud was killed; it is lost." in up.stdout
    assert f"Training job {trial['TrainingJobName']} was running when the local cloud was killed" in up.stdout
    wait_until(lambda: is_gone(program))
    assert not list((stopped_after / "build/local-cloud").glob("jobs/*"))
    assert verb("down").returncode == 0
    assert "lost" not in verb("up").stdout
