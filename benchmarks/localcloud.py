"""Measures its own local cloud: S3 with one large and many small objects, and the time until a job's program starts.

Run it from the repository's root on an idle machine: ``python -m benchmarks.localcloud``.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import chdir, contextmanager
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from scripts import localcloud

LARGE = 1 << 30
SMALL_COUNT, SMALL_SIZE = 1_000, 1_000
THREADS = 8
JOBS = 5
EVERYTHING = '{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}'
# It replaces the trainer, and prints the time of its first line by the clock that all processes share.
PROGRAM = "import time; print('first line', time.time(), flush=True)\n"


def main() -> None:
    """Measure everything and print one line per figure."""
    root = Path.cwd()
    with tempfile.TemporaryDirectory() as folder, chdir(folder):
        os.environ["PYTHONPATH"] = str(root)
        os.environ["DOCKER_HOST"] = "unix:///nowhere"  # Without Docker, jobs run as processes and need no image.
        Path("trainer").mkdir()
        Path("trainer/__init__.py").touch()
        Path("trainer/__main__.py").write_text(PROGRAM)
        cloud = localcloud.start(lifetime=True)
        try:
            client = _clients(cloud)
            client("s3").create_bucket(Bucket="bench")
            _measure_large_object(client("s3"), cloud)
            _measure_small_objects(client("s3"))
            _measure_jobs(client)
        finally:
            localcloud.stop()


def _clients(cloud: localcloud.Cloud) -> Callable[[str], Any]:
    def make_client(service: str) -> Any:
        session = boto3.Session("local", "local", region_name=cloud.region)
        config = Config(max_pool_connections=2 * THREADS)
        # boto3's types know each service by its literal name only.
        return session.client(service, endpoint_url=cloud.url, config=config)  # type: ignore[call-overload]  # the stubs want a literal

    return make_client


def _measure_large_object(s3: Any, cloud: localcloud.Cloud) -> None:
    with Path("large").open("wb") as file:
        for _ in range(LARGE >> 20):
            file.write(os.urandom(1 << 20))
    with _print_seconds("1 GiB up"):
        s3.upload_file("large", "bench", "large")
    with _print_seconds("1 GiB down"):
        s3.download_file("bench", "large", "back")
    print(f"Most memory of the server: {_most_memory(cloud.pid)}")


def _most_memory(pid: int) -> str:
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except FileNotFoundError:
        return "unknown on this system"
    kibibytes = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM"))
    return f"{kibibytes / 1024:.0f} MiB"


def _measure_small_objects(s3: Any) -> None:
    folder = Path("small")
    folder.mkdir()
    names = [f"{number:04}" for number in range(SMALL_COUNT)]
    for name in names:
        (folder / name).write_bytes(os.urandom(SMALL_SIZE))
    with ThreadPoolExecutor(THREADS) as pool:
        with _print_seconds(f"{SMALL_COUNT:,} objects of {SMALL_SIZE:,} bytes up"):
            list(
                pool.map(lambda name: s3.put_object(Bucket="bench", Key=name, Body=(folder / name).read_bytes()), names)
            )
        with _print_seconds(f"{SMALL_COUNT:,} objects down"):
            list(pool.map(lambda name: s3.get_object(Bucket="bench", Key=name)["Body"].read(), names))


def _measure_jobs(client: Callable[[str], Any]) -> None:
    """Measure from CreateTrainingJob to the program's first line, and the program's start without the local cloud."""
    trust = {"Effect": "Allow", "Principal": {"Service": "sagemaker.amazonaws.com"}, "Action": "sts:AssumeRole"}
    policy = json.dumps({"Statement": trust})
    role = client("iam").create_role(RoleName="bench", AssumeRolePolicyDocument=policy)["Role"]["Arn"]
    client("iam").put_role_policy(RoleName="bench", PolicyName="all", PolicyDocument=EVERYTHING)
    image = client("ecr").create_repository(repositoryName="bench")["repository"]["repositoryUri"]
    for number in range(10):
        client("s3").put_object(Bucket="bench", Key=f"channel/{number}", Body=b"x" * 10_000)
    own = statistics.median(_first_line_alone() for _ in range(JOBS))
    times = [_first_line_of_job(client, f"bench-{number}", role, image) for number in range(JOBS)]
    print(f"CreateTrainingJob to the program's first line: {statistics.median(times):.2f} s (most: {max(times):.2f} s)")
    print(f"The same program's own start: {own:.2f} s")


def _first_line_alone() -> float:
    started = time.time()
    completed = subprocess.run([sys.executable, "-m", "trainer", "train"], capture_output=True, text=True, check=True)
    return float(completed.stdout.split()[-1]) - started


def _first_line_of_job(client: Callable[[str], Any], name: str, role: str, image: str) -> float:
    sagemaker, logs = client("sagemaker"), client("logs")
    source = {"S3DataType": "S3Prefix", "S3Uri": "s3://bench/channel/"}
    started = time.time()
    sagemaker.create_training_job(
        TrainingJobName=name,
        AlgorithmSpecification={"TrainingImage": f"{image}:v1", "TrainingInputMode": "File"},
        RoleArn=role,
        InputDataConfig=[{"ChannelName": "training", "DataSource": {"S3DataSource": source}}],
        OutputDataConfig={"S3OutputPath": "s3://bench/out"},
        ResourceConfig={"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1},
        StoppingCondition={"MaxRuntimeInSeconds": 60},
    )
    waiter = sagemaker.get_waiter("training_job_completed_or_stopped")
    waiter.wait(TrainingJobName=name, WaiterConfig={"Delay": 0.2, "MaxAttempts": 300})
    group = "/aws/sagemaker/TrainingJobs"
    (stream,) = logs.describe_log_streams(logGroupName=group, logStreamNamePrefix=f"{name}/")["logStreams"]
    lines = logs.get_log_events(logGroupName=group, logStreamName=stream["logStreamName"])["events"]
    return float(lines[-1]["message"].split()[-1]) - started


@contextmanager
def _print_seconds(label: str) -> Iterator[None]:
    started = time.perf_counter()
    yield
    print(f"{label}: {time.perf_counter() - started:.1f} s")


if __name__ == "__main__":
    main()
