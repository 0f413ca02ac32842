"""`make sweep`'s room on a local cloud that has each kind of leftover, and things of somebody else's beside each."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from scripts import leftovers, localcloud, runs
from scripts.core import aws
from scripts.leftovers.jobs import done_folders, is_of_one_run, running, running_tunings
from scripts.leftovers.model import Kind, Leftover
from scripts.stack import Stack
from tests.unit.localcloud.test_ecr_storage import RegistryFiles
from tests.unit.localcloud.tuning.searching import Searches

OTHERS = [{"Key": "Project", "Value": "trainyard"}, {"Key": "Environment", "Value": "others"}]
MINE = [{"Key": "Project", "Value": "trainyard"}, {"Key": "Environment", "Value": "swept"}]
PRICE = [{"Key": "PricePerHour", "Value": "0.5"}, {"Key": "PriceSource", "Value": "the job file"}]
# Disks of other sizes than other jobs have: none of these takes over a pool.
KEPT = {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 11, "KeepAlivePeriodInSeconds": 600}
RUNS_ON = "import time; time.sleep(60)"
SAVES = "(base / 'checkpoints').mkdir(exist_ok=True); (base / 'checkpoints/1').write_text('x' * 1000)"
JOB, FAILED, THEIRS = (f"digits-20260101-120000-{end}" for end in ("aaaa", "bbbb", "cccc"))


def stack_of(name: str) -> Stack:
    return Stack(
        project="trainyard",
        environment=name,
        region="us-east-1",
        account_id="123456789012",
        repository_arn=f"arn:aws:ecr:us-east-1:123456789012:repository/{name}",
        repository_name=name,
        repository_url=f"123456789012.dkr.ecr.us-east-1.amazonaws.com/{name}",
        role_arn="arn:aws:iam::123456789012:role/training",
        data_bucket=f"{name}-data",
        models_bucket=f"{name}-models",
        checkpoints_bucket=f"{name}-checkpoints",
    )


@pytest.fixture
def _calls(cloud: localcloud.Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Every client of this process speaks to the shared local cloud."""
    for name, value in localcloud.environment(cloud, {}).items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    aws.session.cache_clear()
    yield
    aws.session.cache_clear()


class Left:
    """What was left in an account: ``mine`` may go, ``theirs`` and ``needed`` must stay."""

    def __init__(self, account: Any, client: Callable[..., Any], registry: RegistryFiles) -> None:
        self.account, self.s3, self.ecr = account, client("s3"), client("ecr")
        for name, tags in (("swept", MINE), ("others", OTHERS)):
            self.ecr.create_repository(repositoryName=name, tags=tags)
            for purpose in ("data", "models", "checkpoints"):
                self.s3.create_bucket(Bucket=f"{name}-{purpose}")
                self.s3.put_bucket_tagging(Bucket=f"{name}-{purpose}", Tagging={"TagSet": tags})
        self.tagged = registry.image("swept", b"tagged", "v1")
        self.needed = registry.image("swept", b"needed")
        self.untagged = registry.image("swept", b"untagged")
        self.their_image = registry.image("others", b"theirs")
        self._ended(SAVES, TrainingJobName=JOB, Tags=MINE, CheckpointConfig=self._folder(JOB))
        self._ended(
            "raise SystemExit(1)",
            TrainingJobName=FAILED,
            Tags=MINE,
            CheckpointConfig=self._folder(FAILED),
            AlgorithmSpecification={
                "TrainingImage": account.image.replace("trainer:v1", f"swept@{self.needed}"),
                "TrainingInputMode": "File",
            },
        )
        account.put(f"digits/{FAILED}/1", "x", "swept-checkpoints")
        self._ended(SAVES, TrainingJobName=THEIRS, CheckpointConfig=self._folder(THEIRS))
        # These keep both instances of the machine; the jobs after them wait, and are InProgress all the same.
        self.pool = self._ended("", ResourceConfig=KEPT, Tags=MINE + PRICE)
        self.their_pool = self._ended("", ResourceConfig=KEPT | {"VolumeSizeInGB": 12}, Tags=OTHERS)
        self.running = account.create(RUNS_ON, Tags=MINE)
        self.their_jobs = [account.create(RUNS_ON, Tags=OTHERS), account.create(RUNS_ON)]
        self.searches = Searches(account, iter(("swept-260101120000-aaaa", "others-260101120000-aaaa")))
        self.tuning = self.searches.create(RUNS_ON, Tags=MINE + PRICE)
        self.their_tuning = self.searches.create(RUNS_ON, Tags=OTHERS)
        for tuning in (self.tuning, self.their_tuning):
            self.searches.wait_until(tuning, lambda one: one["TrainingJobStatusCounters"]["InProgress"])
        for bucket in ("swept-data", "others-data"):
            upload = self.s3.create_multipart_upload(Bucket=bucket, Key="digits/large.bin")
            self.s3.upload_part(
                Bucket=bucket, Key="digits/large.bin", UploadId=upload["UploadId"], PartNumber=1, Body=b"x" * 500
            )

    def _ended(self, code: str, **members: Any) -> str:
        return str(self.account.run(code, **members)["TrainingJobName"])

    def _folder(self, job: str) -> dict[str, str]:
        return {"S3Uri": f"s3://swept-checkpoints/digits/{job}/"}

    def images(self, name: str) -> set[str]:
        return {image["imageDigest"] for image in self.ecr.describe_images(repositoryName=name)["imageDetails"]}

    def folders(self) -> set[str]:
        return {key.split("/")[1] for key in self.account.keys("swept-checkpoints", "digits/")}

    def uploads(self, bucket: str) -> int:
        return len(self.s3.list_multipart_uploads(Bucket=bucket).get("Uploads", []))

    def pool_status(self, job: str) -> str:
        return str(self.account.describe(job)["WarmPoolStatus"]["Status"])


@pytest.fixture
def left(account: Any, client: Callable[..., Any], cloud: localcloud.Cloud) -> Iterator[Left]:
    found = Left(account, client, RegistryFiles(cloud.folder.parent / "registry"))
    yield found
    for job in (found.running, *found.their_jobs):
        if account.describe(job)["TrainingJobStatus"] == "InProgress":
            account.sagemaker.stop_training_job(TrainingJobName=job)
    for tuning in (found.tuning, found.their_tuning):
        if found.searches.describe(tuning)["HyperParameterTuningJobStatus"] == "InProgress":
            account.sagemaker.stop_hyper_parameter_tuning_job(HyperParameterTuningJobName=tuning)
    for job in (found.pool, found.their_pool):
        if found.pool_status(job) == "Available":
            account.sagemaker.update_training_job(TrainingJobName=job, ResourceConfig={"KeepAlivePeriodInSeconds": 0})
    for job in (found.running, *found.their_jobs):
        account.wait_until_ended(job)
    for tuning in (found.tuning, found.their_tuning):
        found.searches.end(tuning)


@pytest.mark.e2e
@pytest.mark.usefixtures("_calls")
def test_a_stack_s_leftovers_go_and_nobody_else_s(left: Left) -> None:
    stack, later = stack_of("swept"), datetime.now(UTC) + timedelta(days=2)
    found = leftovers.find(stack, later, pytest.fail)
    assert {(one.kind, one.name): (one.size, one.hour) for one in found} == {
        (Kind.TUNING, left.tuning): (None, 0.5),
        (Kind.JOB, left.running): (None, None),
        (Kind.POOL, left.pool): (None, 0.5),
        (Kind.IMAGE, left.untagged): (10, None),
        (Kind.UPLOAD, "digits/large.bin"): (500, None),
        (Kind.CHECKPOINTS, f"digits/{JOB}/"): (1000, None),
    }
    assert Kind.UPLOAD not in {one.kind for one in leftovers.find(stack, datetime.now(UTC), pytest.fail)}
    for one in found:
        leftovers.remove(one, stack)
        leftovers.remove(one, stack)  # what is gone meanwhile is no error
    # While a tuning is being stopped, its jobs are leftovers.
    assert left.searches.end(left.tuning)["HyperParameterTuningJobStatus"] == "Stopped"
    assert left.account.wait_until_ended(left.running)["TrainingJobStatus"] == "Stopped"
    assert leftovers.find(stack, later, pytest.fail) == []
    assert left.searches.describe(left.their_tuning)["HyperParameterTuningJobStatus"] == "InProgress"
    assert (left.pool_status(left.pool), left.pool_status(left.their_pool)) == ("Terminated", "Available")
    assert {left.account.describe(job)["TrainingJobStatus"] for job in left.their_jobs} == {"InProgress"}
    assert left.images("swept") == {left.tagged, left.needed}
    assert left.images("others") == {left.their_image}
    assert left.folders() == {FAILED, THEIRS}
    assert (left.uploads("swept-data"), left.uploads("others-data")) == (0, 1)
    said: list[str] = []
    untagged = stack_of("others").model_copy(update={"environment": "swept"})  # given to a stack, without its tags
    assert leftovers.find(untagged, later, said.append) == []
    assert [line.split(",")[0] for line in said] == [
        "Not swept: the repository others",
        *(f"Not swept: the bucket others-{purpose}" for purpose in ("data", "models", "checkpoints")),
    ]


@pytest.mark.usefixtures("_calls")
def test_jobs_that_were_not_followed_from_here_have_a_cost(account: Any) -> None:
    name = account.run("", Tags=PRICE)["TrainingJobName"]
    (row,) = [row for row in runs.list_jobs(aws.client("sagemaker"), pytest.fail) if row.name == name]
    seconds = account.describe(name)["BillableTimeInSeconds"]
    assert row.cost == pytest.approx(0.5 * seconds / 3600)
    assert (runs.cost_line([row]) or "").startswith(f"Together: {row.cost:.4f} USD for 1 ended job")


def test_checkpoints_stay_while_a_run_may_need_them() -> None:
    def job(name: str, status: str, folder: str, minute: int) -> dict[str, Any]:
        return {
            "TrainingJobName": name,
            "TrainingJobStatus": status,
            "CreationTime": datetime(2026, 1, 1, 12, minute, tzinfo=UTC),
            "CheckpointConfig": {"S3Uri": folder},
        }

    one, other = (f"s3://checkpoints/digits/{name}" for name in (JOB, FAILED))
    assert done_folders([job(JOB, "Completed", one, 1)], [], "checkpoints") == [f"digits/{JOB}/"]
    assert done_folders([job(JOB, "Completed", one, 1)], [], "another") == []
    resumed = [job(JOB, "Failed", f"{one}/", 1), job("b", "Completed", one, 2)]
    assert done_folders(resumed, [], "checkpoints") == [f"digits/{JOB}/"]
    assert done_folders([*resumed, job("c", "InProgress", one, 3)], [], "checkpoints") == []
    assert done_folders([*resumed, job("c", "Stopped", one, 3)], [], "checkpoints") == []
    assert done_folders([*resumed, job("c", "Stopped", f"{one}/deeper", 3)], [], "checkpoints") == []
    assert done_folders([*resumed, job("c", "Stopped", "s3://checkpoints/digits/", 3)], [], "checkpoints") == []
    assert done_folders([*resumed, job("c", "Stopped", other, 3)], [], "checkpoints") == [f"digits/{JOB}/"]
    just_now = job("c", "InProgress", f"{one}/", 3)  # Search does not know it yet
    assert done_folders(resumed, [just_now], "checkpoints") == []


TUNING = "digits-260101120000-aaaa"


def searched(tuning_status: str, *statuses: str) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """A tuning and its jobs, as Search answers them: one with each status, all with one place for checkpoints."""
    tags = [*MINE, *PRICE]
    start = datetime(2026, 1, 1, 12, tzinfo=UTC)
    tuning = {
        "HyperParameterTuningJobName": TUNING,
        "HyperParameterTuningJobArn": f"arn:{TUNING}",
        "HyperParameterTuningJobStatus": tuning_status,
        "CreationTime": start,
        "Tags": tags,
    }
    found = [
        {
            "TrainingJobName": f"{TUNING}-{number:03}-0123abcd",
            "TrainingJobStatus": status,
            "TuningJobArn": f"arn:{TUNING}",
            "CreationTime": start + timedelta(minutes=number),
            "CheckpointConfig": {"S3Uri": f"s3://checkpoints/digits/{TUNING}/"},
            "Tags": tags,
        }
        for number, status in enumerate(statuses, 1)
    ]
    return [tuning], found


def test_a_running_tuning_is_one_leftover_with_the_price_of_its_running_jobs() -> None:
    tunings, found = searched("InProgress", "Completed", "InProgress", "InProgress")
    (one,) = running_tunings(tunings, found)
    assert (one.kind, one.name, one.since, one.hour) == (Kind.TUNING, TUNING, tunings[0]["CreationTime"], 1.0)
    assert list(running(found, tunings)) == []
    assert [job.hour for job in running(found)] == [0.5, 0.5]
    assert [one.hour for one in running_tunings([{**tunings[0], "Tags": MINE}], found)] == [None]
    stopping, found = searched("Stopping", "Completed", "InProgress")
    assert list(running_tunings(stopping, found)) == []
    assert len(list(running(found, stopping))) == 1


@pytest.mark.parametrize(
    ("tuning_status", "statuses", "done"),
    [
        ("Completed", ("Completed", "Stopped"), True),  # early stopping stopped the last one
        ("Completed", ("Completed", "InProgress"), False),
        ("Stopped", ("Completed", "Stopped"), False),
        ("InProgress", ("Completed", "Completed"), False),  # its next job will use the same place
    ],
)
def test_checkpoints_of_a_tuning_stay_until_it_is_completed(
    tuning_status: str, statuses: tuple[str, ...], done: bool
) -> None:
    tunings, found = searched(tuning_status, *statuses)
    assert done_folders(found, [], "checkpoints", tunings) == ([f"digits/{TUNING}/"] if done else [])
    # A job that resumes one of them is no job of the tuning.
    resumed = {**found[0], "TrainingJobStatus": "Failed", "TuningJobArn": None}
    resumed["CreationTime"] = found[-1]["CreationTime"] + timedelta(minutes=1)
    assert done_folders([*found, resumed], [], "checkpoints", tunings) == []
    again = {**resumed, "TrainingJobStatus": "Completed"}
    assert (done_folders([*found, again], [], "checkpoints", tunings) != []) == done


@pytest.mark.parametrize("prefix", ["", "/", "digits/", f"{JOB}/", f"a/b/{JOB}/", "digits/everything/", f"/{JOB}/"])
def test_a_prefix_of_more_than_one_run_is_never_swept(prefix: str) -> None:
    assert not is_of_one_run(prefix)


def test_a_leftover_is_shown_with_its_age_and_its_size_or_price() -> None:
    since = datetime(2026, 1, 1, tzinfo=UTC)
    now = since + timedelta(days=3, hours=5)
    folder = Leftover(Kind.CHECKPOINTS, "digits/a/", "b", since, size=1500)
    pool = Leftover(Kind.POOL, "a\nb", "", now - timedelta(minutes=5), hour=0.5)
    assert leftovers.line(folder, now) == "  folder of checkpoints: s3://b/digits/a/, 3 days old, 1.5 kB"
    assert leftovers.line(pool, now) == "  warm pool: a b, 5 min 0 s old, 0.5 USD an hour"
    assert leftovers.totals([folder, pool]) == "1.5 kB and 0.5 USD an hour"
    assert leftovers.question(Kind.POOL, 2) == "End 2 warm pools?"
    assert leftovers.question(Kind.CHECKPOINTS, 2) == "Delete 2 folders of checkpoints?"
