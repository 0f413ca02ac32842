"""Spot jobs whose instances are taken away, in a running local cloud: from the order to the bill."""

import json
import math
import sys
from typing import Any

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from scripts import localcloud
from tests.unit.localcloud.account import GROUP, new_client
from tests.unit.localcloud.conftest import REPOSITORY
from tests.unit.localcloud.processes import verb

pytestmark = pytest.mark.e2e

SPOT = {
    "EnableManagedSpotTraining": True,
    "StoppingCondition": {"MaxRuntimeInSeconds": 100, "MaxWaitTimeInSeconds": 200},
    "CheckpointConfig": {"S3Uri": "s3://checkpoints/spot"},
}
# Counts to three. At SIGTERM it saves its count, and at no other time. The first two instances count one, and wait
# for their interruption, which comes after the file "ready": they begin without it and with one.
COUNTER = """
checkpoints, marker = base / "checkpoints", base / "model/marker"
saved, found = checkpoints / "count", sorted(path.name for path in checkpoints.iterdir())
count = int(saved.read_text()) if saved.exists() else 0
print("begins at", count, "with", found, marker.exists())
marker.write_text("of this instance")
def stop(*_):
    saved.write_text(str(count)); print("stopped at", count); sys.exit(0)
signal.signal(signal.SIGTERM, stop)
while count < 3:
    count += 1; print("count", count)
    if len(found) < 3:
        (checkpoints / f"ready-{len(found)}").touch(); time.sleep(60)
(base / "model/result").write_text(str(count))
"""


def create(account: Any, cloud: localcloud.Cloud, interruptions: str, code: str = COUNTER, **members: Any) -> str:
    """Create a job with the program name that an order gives, as `python -m scripts.cloud exec` lets a verb do it."""
    order = localcloud.order_interruptions(cloud, interruptions)
    sagemaker = new_client(cloud.url, "sagemaker", config=Config(user_agent_extra=f"app/{order}"))
    request = account.request(code, **{**SPOT, **members})
    sagemaker.create_training_job(**request)
    return str(request["TrainingJobName"])


def streams(account: Any, name: str) -> list[list[str]]:
    """The lines of each of a job's log streams, the oldest first."""
    found = account.logs.describe_log_streams(logGroupName=GROUP, logStreamNamePrefix=f"{name}/")["logStreams"]
    names = sorted(stream["logStreamName"] for stream in found)
    events = [
        account.logs.get_log_events(logGroupName=GROUP, logStreamName=stream, startFromHead=True)["events"]
        for stream in names
    ]
    return [[event["message"] for event in each] for each in events]


def seconds_on_instances(job: dict[str, Any]) -> int:
    """TrainingTimeInSeconds, counted from the transitions that Describe returns."""
    total, start = 0.0, None
    for step in job["SecondaryStatusTransitions"]:
        if step["Status"] == "Downloading" and start is None:
            start = step["StartTime"]
        if start and step["Status"] in ("Interrupted", "Completed", "Stopped"):
            total, start = total + (step["StartTime"] - start).total_seconds(), None
    return math.ceil(round(total, 3))


def test_an_interrupted_job_resumes_on_a_new_instance_from_its_checkpoints_in_s3(
    account: Any, cloud: localcloud.Cloud
) -> None:
    name = create(account, cloud, "0.1s:checkpoint,0.2s:checkpoint:kill")
    job = account.wait_until_ended(name)
    assert job["TrainingJobStatus"] == "Completed"
    assert [step["Status"] for step in job["SecondaryStatusTransitions"]] == [
        *("Starting", "Downloading", "Training", "Interrupted"),
        *("Starting", "Downloading", "Training", "Interrupted"),
        *("Starting", "Downloading", "Training", "Uploading", "Completed"),
    ]
    first, second, third = streams(account, name)
    assert "begins at 0 with [] False" in first
    note = "[local cloud] INTERRUPT={} takes the instance away: {}"
    assert first[-2:] == [note.format("0.1s:checkpoint", "SIGTERM, and SIGKILL after 120 s"), "stopped at 1"]
    assert "begins at 1 with ['count', 'ready-0'] False" in second
    assert second[-2:] == ["count 2", note.format("0.2s:checkpoint:kill", "SIGKILL")]
    # The second instance got no warning, so its count is lost.
    assert third[-3:] == ["begins at 1 with ['count', 'ready-0', 'ready-2'] False", "count 2", "count 3"]
    assert account.archive(job["ModelArtifacts"]["S3ModelArtifacts"])["result"] == b"3"
    assert job["TrainingTimeInSeconds"] == seconds_on_instances(job)
    assert job["BillableTimeInSeconds"] == math.ceil(job["TrainingTimeInSeconds"] * 3 / 10)
    assert (job["TrainingEndTime"] - job["TrainingStartTime"]).total_seconds() > job["TrainingTimeInSeconds"] + 3


# Waits for the interruption after it has written a checkpoint of two files; the third instance ends.
WRITER = """
folder = base / "checkpoints"
count = len(list(folder.iterdir()))
print("begins with", sorted(path.name for path in folder.iterdir()))
if count < 4:
    (folder / f"{count}.first").touch(); time.sleep(0.1); (folder / f"{count}.second").touch(); time.sleep(60)
"""


def test_an_interruption_at_a_checkpoint_waits_until_s3_has_all_of_a_new_one(
    account: Any, cloud: localcloud.Cloud
) -> None:
    uri = {"S3Uri": "s3://checkpoints/at-checkpoint"}
    name = create(account, cloud, "0s:checkpoint:kill,0.1s:checkpoint", WRITER, CheckpointConfig=uri)
    assert account.wait_until_ended(name)["TrainingJobStatus"] == "Completed"
    first, second, third = streams(account, name)
    assert first[-1] == "[local cloud] INTERRUPT=0s:checkpoint:kill takes the instance away: SIGKILL"
    assert "begins with ['0.first', '0.second']" in second
    assert "begins with ['0.first', '0.second', '2.first', '2.second']" in third


def test_exec_orders_the_interruptions_of_its_command_and_waiting_ends_at_the_maximum(
    account: Any, cloud: localcloud.Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    limits = {"MaxRuntimeInSeconds": 2, "MaxWaitTimeInSeconds": 2}
    # Without files to copy, the interruption comes long before the limit, and then the job waits for two seconds.
    spot = {**SPOT, "StoppingCondition": limits, "CheckpointConfig": None, "InputDataConfig": None}
    request = account.request("time.sleep(60)", **spot)
    monkeypatch.chdir(cloud.folder.parents[1])
    monkeypatch.setenv("PYTHONPATH", str(REPOSITORY))
    create = "boto3.client('sagemaker').create_training_job(**json.loads(os.environ['REQUEST']))"
    variables = {"INTERRUPT_TEXT": "0s:kill", "REQUEST": json.dumps(request)}
    ended = verb("exec", "--", sys.executable, "-c", f"import boto3, json, os; {create}", **variables)
    assert (ended.returncode, ended.stderr) == (0, "")
    job = account.wait_until_ended(request["TrainingJobName"])
    assert (job["TrainingJobStatus"], job["SecondaryStatus"]) == ("Stopped", "MaxWaitTimeExceeded")
    statuses = [step["Status"] for step in job["SecondaryStatusTransitions"]]
    assert statuses[-4:] == ["Training", "Interrupted", "Stopping", "MaxWaitTimeExceeded"]
    assert job["TrainingTimeInSeconds"] == seconds_on_instances(job)
    assert "ModelArtifacts" not in job


def test_a_job_on_demand_is_not_interrupted(account: Any, cloud: localcloud.Cloud) -> None:
    limits = {"MaxRuntimeInSeconds": 2}
    with pytest.raises(ClientError, match="INTERRUPT is for spot jobs, and this job trains on demand"):
        create(account, cloud, "1s", EnableManagedSpotTraining=False, StoppingCondition=limits)


def test_another_program_s_spot_job_is_not_interrupted(account: Any, cloud: localcloud.Cloud) -> None:
    localcloud.order_interruptions(cloud, "0s,0.1s")
    job = account.run("time.sleep(0.3)", **SPOT)
    assert "Interrupted" not in [step["Status"] for step in job["SecondaryStatusTransitions"]]
    assert job["BillableTimeInSeconds"] == math.ceil(job["TrainingTimeInSeconds"] * 3 / 10)
