"""A day of spot jobs: each loses its instances three times, and must end as the uninterrupted job does.

Run it from the repository's root: ``python -m benchmarks.spot_day [SEED]``. Eighteen jobs run a program without
TensorFlow, two run the trainer; an uninterrupted job of each comes first. The local cloud is its own, and runs them as
processes. It compares results, the seconds on instances, the billed ones and the saved ones, and writes the table into
docs/performance.md.
"""

import json
import os
import platform
import random
import re
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import chdir, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from benchmarks.table import table
from scripts import digits, localcloud
from scripts.core import console
from scripts.runs.logs import GROUP
from scripts.runs.record import ENDED, make_record

PAGE = Path("docs/performance.md")
START = "<!-- Written by `python -m benchmarks.spot_day` -->\n"
END = "<!-- End of the written part -->\n"
BUCKET = "spot-day"
INTERRUPTIONS = 3
POLL_SECONDS = 0.5
# The last state. When an instance is taken away with a warning, the trainer prints the state of an earlier step.
TRAINER_STATE = re.compile(r"state after step (\d+) of \1: sha256 [0-9a-f]{64}")
COUNTER_STATE = re.compile(r"state after step \d+: [0-9a-f]{64}")

# Each step depends on all steps before it. A checkpoint every second is renamed into place. SIGTERM saves one more.
COUNTER = """
import hashlib, json, os, pathlib, signal, sys, time
STEPS = 600
base = pathlib.Path(os.environ["SAGEMAKER_BASE_DIR"])
saved = base / "checkpoints" / "state.json"
step, state = json.loads(saved.read_text()) if saved.exists() else (0, "")
print("begins at step", step, flush=True)

def save():
    partial = saved.with_name(".partial")
    partial.write_text(json.dumps([step, state]))
    partial.replace(saved)

def stop(*_):
    save()
    sys.exit(0)

signal.signal(signal.SIGTERM, stop)
due = time.monotonic() + 1
while step < STEPS:
    time.sleep(0.02)
    state, step = hashlib.sha256(f"{state} {step}".encode()).hexdigest(), step + 1
    if time.monotonic() > due:
        save()
        due = time.monotonic() + 1
print(f"state after step {step}: {state}", flush=True)
(pathlib.Path(os.environ["SM_MODEL_DIR"]) / "state").write_text(state)
"""


@dataclass(frozen=True)
class Kind:
    """What a job trains.

    Attributes:
        name: the kind's name in the table.
        count: how many of its jobs are interrupted.
        gaps: the seconds of training before each interruption, from and to.
        state: the line of the log with the checksum of the whole final state.
        members: members of the request.
    """

    name: str
    count: int
    gaps: tuple[float, float]
    state: re.Pattern[str]
    members: Mapping[str, Any]


@dataclass(frozen=True)
class Ended:
    """A job that has ended: DescribeTrainingJob's answer, and the lines of its log with the final state."""

    job: Mapping[str, Any]
    states: list[str]


def kinds() -> tuple[Kind, Kind]:
    """The program without TensorFlow, and the trainer."""
    small = {"image_size": "8", "channels": "1", "batch_size": "4", "epochs": "12", "checkpoint_steps": "50"}
    channels = [_channel("training"), _channel("validation")]
    return (
        Kind("without TensorFlow", 18, (2.0, 3.5), COUNTER_STATE, {"Environment": {"SAGEMAKER_PROGRAM": "counter.py"}}),
        Kind("our trainer", 2, (10.0, 14.0), TRAINER_STATE, {"HyperParameters": small, "InputDataConfig": channels}),
    )


def _channel(name: str) -> dict[str, Any]:
    source = {"S3DataType": "S3Prefix", "S3Uri": f"s3://{BUCKET}/digits/{name}/"}
    return {"ChannelName": name, "DataSource": {"S3DataSource": source}}


def main(seed: str = "") -> None:
    """Run the day, print what was wrong, and write the table."""
    root, drawn = Path.cwd(), seed or str(random.SystemRandom().randrange(10_000))
    print(f"seed {drawn}", flush=True)
    began, rows, wrong = time.monotonic(), list[Sequence[str]](), list[str]()
    with _own_cloud(root) as cloud:
        day = Day(cloud)
        uninterrupted = {kind.name: day.create(kind, "") for kind in kinds()}
        draw = random.Random(drawn)  # noqa: S311 - to repeat, not to hide
        names = {kind.name: [day.create(kind, text) for text in _interruptions(kind, draw)] for kind in kinds()}
        for kind in kinds():
            (state,) = day.wait(uninterrupted[kind.name], kind).states
            ended = [day.wait(name, kind) for name in names[kind.name]]
            wrong += [f"{one.job['TrainingJobName']}: {text}" for one in ended for text in mistakes(one, state)]
            rows.append(row(kind, ended, state))
    print(*wrong, sep="\n")
    text = page_part(rows, drawn, time.monotonic() - began)
    print(text)
    page = (root / PAGE).read_text(encoding="utf-8")
    before, _, rest = page.partition(START)
    (root / PAGE).write_text(before + START + text + END + rest.partition(END)[2], encoding="utf-8")
    sys.exit(1 if wrong else 0)


def mistakes(ended: Ended, state: str) -> list[str]:
    """What is wrong with an interrupted job. The expected seconds are counted from its status transitions."""
    job, record = ended.job, make_record(ended.job, None)
    seconds = seconds_on_instances(job)
    billed = -(-seconds * 3 // 10)
    found = [
        ("status", job["TrainingJobStatus"], "Completed"),
        ("interruptions", record.interruptions, INTERRUPTIONS),
        ("final state", ended.states, [state]),
        ("seconds on instances", record.seconds, seconds),
        ("billed seconds", record.billable_seconds, billed),
        ("saved seconds", record.saved_seconds, seconds - billed),
    ]
    return [f"{what}: {value}, not {expected}" for what, value, expected in found if value != expected]


def seconds_on_instances(job: Mapping[str, Any]) -> int:
    """The whole seconds from each Downloading to Interrupted or to the job's end, rounded up once."""
    total, start = timedelta(), None
    for step in job["SecondaryStatusTransitions"]:
        if step["Status"] == "Downloading" and start is None:
            start = step["StartTime"]
        elif step["Status"] in {"Interrupted", *ENDED} and start is not None:
            total, start = total + (step["StartTime"] - start), None
    return -(-total // timedelta(seconds=1))


def row(kind: Kind, ended: Sequence[Ended], state: str) -> list[str]:
    """A kind's row of the table."""
    records = [make_record(one.job, None) for one in ended]
    right = [one for one in ended if not mistakes(one, state)]
    return [
        kind.name,
        str(len(ended)),
        str(sum(record.interruptions for record in records)),
        f"{sum(one.states == [state] for one in ended)} of {len(ended)}",
        str(sum(record.seconds or 0 for record in records)),
        str(sum(record.billable_seconds or 0 for record in records)),
        str(sum(record.saved_seconds or 0 for record in records)),
        f"{len(right)} of {len(ended)}",
    ]


def page_part(rows: Sequence[Sequence[str]], seed: str, seconds: float) -> str:
    """The text for the page: the machine and the table."""
    release = ".".join(platform.release().split(".")[:2])
    machine = f"{os.cpu_count()} cores, {platform.system()} {release}, Python {platform.python_version()}"
    header = ["program", "jobs", "interruptions", "equal state", "seconds", "billed", "saved", "nothing wrong"]
    measured = f"Measured on {datetime.now(UTC):%Y-%m-%d} with seed {seed}: {machine}; {console.duration(seconds)}.\n"
    return "\n".join([measured, *table(header, rows), ""])


def policy_of(statement: dict[str, Any]) -> str:
    """A policy document of one statement."""
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


class Day:
    """An account with what the jobs need, and the jobs."""

    def __init__(self, cloud: localcloud.Cloud) -> None:
        self._cloud = cloud
        trust = {"Effect": "Allow", "Principal": {"Service": "sagemaker.amazonaws.com"}, "Action": "sts:AssumeRole"}
        policy = policy_of(trust)
        iam = self._client("iam")
        role = iam.create_role(RoleName="training", AssumeRolePolicyDocument=policy)
        rights = policy_of({"Effect": "Allow", "Action": "*", "Resource": "*"})
        iam.put_role_policy(RoleName="training", PolicyName="all", PolicyDocument=rights)
        self._role = role["Role"]["Arn"]
        repository = self._client("ecr").create_repository(repositoryName="trainer")["repository"]
        self._image = f"{repository['repositoryUri']}:v1"
        s3 = self._client("s3")
        s3.create_bucket(Bucket=BUCKET)
        for path in [*Path("digits/training").rglob("*.png"), *Path("digits/validation").rglob("*.png")]:
            s3.put_object(Bucket=BUCKET, Key=path.as_posix(), Body=path.read_bytes())
        self._sagemaker, self._logs = self._client("sagemaker"), self._client("logs")
        self._count = 0

    def create(self, kind: Kind, interruptions: str) -> str:
        """Create a job that is interrupted at these times, and return its name."""
        self._count += 1
        name = f"spot-{self._count:02}"
        order = localcloud.order_interruptions(self._cloud, interruptions) if interruptions else ""
        self._client("sagemaker", order).create_training_job(
            TrainingJobName=name,
            AlgorithmSpecification={"TrainingImage": self._image, "TrainingInputMode": "File"},
            RoleArn=self._role,
            OutputDataConfig={"S3OutputPath": f"s3://{BUCKET}/models/"},
            CheckpointConfig={"S3Uri": f"s3://{BUCKET}/checkpoints/{name}"},
            ResourceConfig={"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 10},
            StoppingCondition={"MaxRuntimeInSeconds": 3600, "MaxWaitTimeInSeconds": 7200},
            EnableManagedSpotTraining=True,
            **kind.members,
        )
        return name

    def wait(self, name: str, kind: Kind) -> Ended:
        """Wait until a job has ended."""
        while (job := self._sagemaker.describe_training_job(TrainingJobName=name))["TrainingJobStatus"] not in ENDED:
            time.sleep(POLL_SECONDS)
        found = self._logs.filter_log_events(logGroupName=GROUP, logStreamNamePrefix=f"{name}/", filterPattern="state")
        states = {state[0] for event in found["events"] if (state := kind.state.search(event["message"]))}
        print(name, kind.name, job["TrainingJobStatus"], job.get("FailureReason", ""), flush=True)
        return Ended(job, sorted(states))

    def _client(self, service: str, order: str = "") -> Any:
        session = boto3.Session("local", "local", region_name=self._cloud.region)
        config = Config(user_agent_extra=f"app/{order}") if order else None
        # boto3's types know each service by its literal name only.
        return session.client(service, endpoint_url=self._cloud.url, config=config)  # type: ignore[call-overload]


def _interruptions(kind: Kind, draw: random.Random) -> Iterator[str]:
    """For each job of a kind three interruptions, each with or without a warning."""
    for _ in range(kind.count):
        after, drawn = 0.0, []
        for _ in range(INTERRUPTIONS):
            after += round(draw.uniform(*kind.gaps), 1)
            drawn.append(f"{after:.1f}s{draw.choice(('', ':kill'))}")
        yield ",".join(drawn)


@contextmanager
def _own_cloud(root: Path) -> Iterator[localcloud.Cloud]:
    """A local cloud in a folder of its own, with the trainer, the other program and the digits."""
    with tempfile.TemporaryDirectory() as folder, chdir(folder):
        os.environ["PYTHONPATH"] = str(root)
        os.environ["DOCKER_HOST"] = "unix:///nowhere"  # without Docker, jobs run as processes and need no image
        shutil.copytree(root / "trainer", "trainer", ignore=shutil.ignore_patterns("__pycache__"))
        Path("trainer/counter.py").write_text(COUNTER, encoding="utf-8")
        digits.write(Path("digits"))
        cloud = localcloud.start(lifetime=True)
        try:
            yield cloud
        finally:
            localcloud.stop()


if __name__ == "__main__":
    main(*sys.argv[1:])
