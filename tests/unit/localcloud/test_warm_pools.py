"""Warm pools: whose instances are kept, who gets them, when they end; then the same with jobs in a local cloud."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from scripts.localcloud import control
from scripts.localcloud.sagemaker import pools
from scripts.localcloud.sagemaker.jobs import Job, JobStore, WarmPool, new_job
from scripts.localcloud.sagemaker.slots import Slots

NOON = datetime(2026, 8, 1, 12, tzinfo=UTC)
RESOURCES = {"InstanceType": "ml.m5.large", "InstanceCount": 2, "VolumeSizeInGB": 10, "KeepAlivePeriodInSeconds": 600}
REQUEST: dict[str, Any] = {
    "TrainingJobName": "first",
    "RoleArn": "role",
    "ResourceConfig": RESOURCES,
    "VpcConfig": {"SecurityGroupIds": ["sg-1"], "Subnets": ["subnet-1", "subnet-2"]},
}


def job(**pool: Any) -> Job:
    return replace(new_job(REQUEST, "us-east-1", "123456789012", NOON), pool=WarmPool(**{"launched": NOON} | pool))


@pytest.mark.parametrize(
    "other",
    [
        {"TrainingJobName": "second", "HyperParameters": {"a": "1"}, "InputDataConfig": []},
        {"ResourceConfig": RESOURCES | {"KeepAlivePeriodInSeconds": 0}},
        {"VpcConfig": {"SecurityGroupIds": ["sg-1"], "Subnets": ["subnet-2", "subnet-1"]}},
        {"EnableNetworkIsolation": False},
    ],
)
def test_what_does_not_count_for_a_match(other: dict[str, Any]) -> None:
    assert pools.matches(REQUEST | other, REQUEST)


@pytest.mark.parametrize(
    "other",
    [
        {"RoleArn": "another"},
        {"ResourceConfig": RESOURCES | {"InstanceCount": 1}},
        {"ResourceConfig": RESOURCES | {"InstanceType": "ml.m5.xlarge"}},
        {"ResourceConfig": RESOURCES | {"VolumeSizeInGB": 11}},
        {"ResourceConfig": RESOURCES | {"VolumeKmsKeyId": "key"}},
        {"VpcConfig": {"SecurityGroupIds": ["sg-2"], "Subnets": ["subnet-1", "subnet-2"]}},
        {"VpcConfig": None},
        {"EnableNetworkIsolation": True},
        {"EnableInterContainerTrafficEncryption": True},
        {"SessionChainingConfig": {"EnableSessionTagChaining": True}},
        {"EnableManagedSpotTraining": True},
    ],
)
def test_what_must_be_the_same_for_a_match(other: dict[str, Any]) -> None:
    assert not pools.matches(REQUEST | other, REQUEST)


def test_instances_are_kept_after_every_end_but_an_internal_error_and_for_28_days() -> None:
    used = job(status="InUse")
    assert pools.keeps_instances(used, None, NOON)
    assert pools.keeps_instances(used, "AlgorithmError: exit code 1", NOON)
    assert pools.keeps_instances(used, "ClientError: no right", NOON)
    assert not pools.keeps_instances(used, "InternalServerError: a bug", NOON)
    assert not pools.keeps_instances(used, None, NOON + timedelta(days=28))
    without = replace(used, request=REQUEST | {"ResourceConfig": RESOURCES | {"KeepAlivePeriodInSeconds": 0}})
    assert not pools.keeps_instances(without, None, NOON)


def test_a_quota_without_room_keeps_nothing() -> None:
    other = REQUEST | {"ResourceConfig": RESOURCES | {"InstanceType": "ml.m5.xlarge"}}
    assert not pools.within_quota(REQUEST, [], 0)
    assert pools.within_quota(REQUEST, [], 2)
    assert not pools.within_quota(REQUEST, [REQUEST], 3)
    assert pools.within_quota(REQUEST, [REQUEST, other], 4)


def test_a_job_whose_quota_is_0_leaves_a_terminated_pool(tmp_path: Path) -> None:
    store = JobStore()
    one = replace(job(status="InUse"), pool=None)
    store.add(one)
    kept = pools.WarmPools(store, Slots(2), tmp_path / "pools", pools.Clock(), lambda _kind: 0.0)
    kept.enter(one, 2)
    assert not kept.leave(one.arn, None)
    ended = store.get(one.arn)
    assert ended is not None
    assert pools.status(kept.ended(ended, False)) == {
        "Status": "Terminated",
        "ResourceRetainedBillableTimeInSeconds": 0,
    }


def test_a_pool_ends_when_its_time_or_that_of_its_instances_is_over() -> None:
    assert pools.due_end(job(status="InUse")) is None
    assert pools.due_end(job(status="Available", retained=NOON)) == NOON + timedelta(seconds=600)
    old = job(status="Available", retained=NOON, launched=NOON - timedelta(days=28) + timedelta(seconds=5))
    assert pools.due_end(old) == NOON + timedelta(seconds=5)


def test_the_billed_seconds_are_known_once_the_pool_has_ended() -> None:
    end = NOON + timedelta(seconds=30.2)
    assert pools.status(replace(job(status="InUse"), pool=None)) is None
    assert pools.status(job(status="Available", retained=NOON)) == {"Status": "Available"}
    assert pools.status(job(status="Reused", retained=NOON, ended=end, reused_by="second")) == {
        "Status": "Reused",
        "ResourceRetainedBillableTimeInSeconds": 31,
        "ReusedByJob": "second",
    }
    unused = {"Status": "Terminated", "ResourceRetainedBillableTimeInSeconds": 0}
    assert pools.status(job(status="Terminated", ended=end)) == unused


# A job writes into its cache and everywhere else, and prints what it finds.
CODE = """
cache = pathlib.Path(os.environ["SAGEMAKER_MANAGED_WARMPOOL_CACHE_DIRECTORY"])
print(json.dumps(sorted(str(path.relative_to(cache)) for path in cache.rglob("*"))))
print(json.dumps([str(p.relative_to(base)) for p in base.rglob("*") if p.name == "mine"]))
(cache / "pip" / os.environ["TRAINING_JOB_NAME"]).mkdir(parents=True)
for folder in ("model", "output/data", "tmp", "."):
    (base / folder / "mine").touch()
"""
KEPT = {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 10, "KeepAlivePeriodInSeconds": 600}


def status(account: Any, name: str) -> Any:
    return account.describe(name).get("WarmPoolStatus")


def available(account: Any) -> list[str]:
    listed = account.sagemaker.list_training_jobs(WarmPoolStatusEquals="Available", MaxResults=100)
    return [entry["TrainingJobName"] for entry in listed["TrainingJobSummaries"]]


@pytest.fixture
def no_pool_left(account: Any) -> Iterator[None]:
    yield
    for name in available(account):
        account.sagemaker.update_training_job(TrainingJobName=name, ResourceConfig={"KeepAlivePeriodInSeconds": 0})
    assert not list((account.folder / "pools").iterdir())


@pytest.mark.e2e
@pytest.mark.usefixtures("no_pool_left")
def test_the_next_job_gets_the_pool_and_finds_its_cache_and_nothing_else(account: Any) -> None:
    first = account.run(CODE, ResourceConfig=KEPT)["TrainingJobName"]
    assert status(account, first) == {"Status": "Available"}
    assert first in available(account)
    with pytest.raises(ClientError, match=r"ResourceInUse.*retains a warm pool"):
        account.sagemaker.delete_training_job(TrainingJobName=first)

    other = account.run(ResourceConfig=KEPT | {"VolumeSizeInGB": 11, "KeepAlivePeriodInSeconds": 0})
    assert "WarmPoolStatus" not in other
    assert status(account, first) == {"Status": "Available"}

    last = KEPT | {"KeepAlivePeriodInSeconds": 0}
    second = account.create(CODE + "time.sleep(60)", ResourceConfig=last)
    account.wait_until(second, lambda _: len(account.lines(second)) == 3)
    assert account.lines(second)[1:] == [f'["pip", "pip/{first}"]', "[]"]
    assert status(account, second) == {"Status": "InUse"}
    reused = status(account, first)
    assert (reused["Status"], reused["ReusedByJob"]) == ("Reused", second)
    assert reused["ResourceRetainedBillableTimeInSeconds"] >= 0
    account.sagemaker.stop_training_job(TrainingJobName=second)
    ended = account.wait_until_ended(second)["WarmPoolStatus"]
    assert ended == {"Status": "Terminated", "ResourceRetainedBillableTimeInSeconds": 0}
    account.sagemaker.delete_training_job(TrainingJobName=first)


@pytest.mark.e2e
@pytest.mark.usefixtures("no_pool_left")
def test_a_pool_ends_by_time_and_by_an_update(account: Any, cloud: Any) -> None:
    name = account.run("sys.exit(1)", ResourceConfig=KEPT)["TrainingJobName"]
    control.move_clock(cloud, 500)
    assert status(account, name) == {"Status": "Available"}
    update = account.sagemaker.update_training_job
    with pytest.raises(ClientError, match="at most 3600"):
        update(TrainingJobName=name, ResourceConfig={"KeepAlivePeriodInSeconds": 3601})
    update(TrainingJobName=name, ResourceConfig={"KeepAlivePeriodInSeconds": 1200})
    assert account.describe(name)["ResourceConfig"]["KeepAlivePeriodInSeconds"] == 1200
    control.move_clock(cloud, 600)
    assert status(account, name) == {"Status": "Available"}
    control.move_clock(cloud, 100)
    over = account.wait_until(name, lambda job: job["WarmPoolStatus"]["Status"] == "Terminated")["WarmPoolStatus"]
    assert over == {"Status": "Terminated", "ResourceRetainedBillableTimeInSeconds": 1200}
    with pytest.raises(ClientError, match="while the warm pool is Available: it is Terminated"):
        update(TrainingJobName=name, ResourceConfig={"KeepAlivePeriodInSeconds": 0})

    stopped = account.create("time.sleep(60)", ResourceConfig=KEPT)
    account.wait_until(stopped, lambda job: job["SecondaryStatus"] == "Training")
    assert status(account, stopped) == {"Status": "InUse"}
    account.sagemaker.stop_training_job(TrainingJobName=stopped)
    assert account.wait_until_ended(stopped)["WarmPoolStatus"] == {"Status": "Available"}
    control.move_clock(cloud, 50)
    update(TrainingJobName=stopped, ResourceConfig={"KeepAlivePeriodInSeconds": 0})
    ended = status(account, stopped)
    assert ended["Status"] == "Terminated"
    assert 50 <= ended["ResourceRetainedBillableTimeInSeconds"] < 100


@pytest.mark.e2e
@pytest.mark.usefixtures("no_pool_left")
def test_a_pool_takes_the_place_of_a_job(account: Any) -> None:
    from scripts.localcloud.sagemaker.slots import machine_slots

    kept = account.run(CODE, ResourceConfig=KEPT)["TrainingJobName"]
    running = [account.create("time.sleep(60)", ResourceConfig=OTHER) for _ in places(1)]
    for name in running:
        account.wait_until(name, lambda job: job["SecondaryStatus"] == "Training")
    waiting = account.create(ResourceConfig=OTHER)
    found = account.wait_until(waiting, lambda job: job["SecondaryStatus"] == "Pending")
    message = found["SecondaryStatusTransitions"][-1]["StatusMessage"]
    assert message.endswith(f"runs {machine_slots()} instances at once, and warm pools keep 1 of them")
    account.sagemaker.update_training_job(TrainingJobName=kept, ResourceConfig={"KeepAlivePeriodInSeconds": 0})
    assert account.wait_until_ended(waiting)["TrainingJobStatus"] == "Completed"
    for name in running:
        account.sagemaker.stop_training_job(TrainingJobName=name)
        account.wait_until_ended(name)


OTHER = {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 12}


def places(taken: int) -> range:
    """The slots of this machine that are still free."""
    from scripts.localcloud.sagemaker.slots import machine_slots

    return range(machine_slots() - taken)


def test_a_pool_whose_local_cloud_stops_leaves_nothing(tmp_path: Path) -> None:
    """Its folder is deleted even if a job made folders in it read-only."""
    store = JobStore()
    one = replace(job(status="InUse"), pool=None)
    store.add(one)
    kept = pools.WarmPools(store, Slots(2), tmp_path / "pools", pools.Clock(), lambda _kind: 100.0)
    folder = kept.enter(one, 2)
    assert folder is not None
    (folder / "algo-1" / "deep").mkdir(parents=True)
    (folder / "algo-1").chmod(0o500)
    kept.close()
    assert not list((tmp_path / "pools").iterdir())
