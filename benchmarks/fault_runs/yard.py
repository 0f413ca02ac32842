"""The place of the runs: a copy of the project with a local cloud, whose jobs run as processes without TensorFlow."""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.fault_runs.judging import Ending
from scripts.localcloud import Cloud, control
from scripts.localcloud.environment import OWN_CALLS
from tests.conftest import Project, processes_of

JOB = "tiny"
JOB_FILE = """program = "bad_day.py"
instance_type = "ml.m5.large"
checkpoints = true
{more}
[channels.training]
source = "data/tiny"
"""
# Counts to `steps`, a step every 0.1 s, saves each step as a checkpoint, and leaves its count and its order as a model.
PROGRAM = """import argparse, os, pathlib, time
parser = argparse.ArgumentParser()
parser.add_argument("--steps", type=int, default=3)
parser.add_argument("--order", default="")
given = parser.parse_args()
saved = pathlib.Path(os.environ["SM_MODEL_DIR"]).parent / "checkpoints" / "count"
count = int(saved.read_text() or 0) if saved.exists() else 0
while count < given.steps:
    time.sleep(0.1)
    count += 1
    partial = saved.with_name("partial")
    partial.write_text(str(count))
    partial.rename(saved)
print("counted to", count, flush=True)
pathlib.Path(os.environ["SM_MODEL_DIR"], "result").write_text(f"{count} {given.order}")
"""
DATA_FILES = 20
LARGE = 9_000_000  # bytes; more than a part of a multipart upload
SECONDS_TO_END = 15.0


class Yard:
    """A copy of the project in ``folder``, without containers. Everything that its commands need is below it."""

    def __init__(self, folder: Path) -> None:
        self.project = Project(folder / "yard")
        self.folder = self.project.folder
        self.temporary = folder / "tmp"
        self.temporary.mkdir()
        self.outputs = 0
        (self.folder / "trainer" / "bad_day.py").write_text(PROGRAM)
        self.write_job(JOB, "")
        for number in range(DATA_FILES):
            self.write_data(f"file-{number}.txt", str(number))
        self._clients: dict[str, Any] = {}

    def write_job(self, name: str, more: str) -> None:
        """Write a job file."""
        (self.folder / "jobs" / f"{name}.toml").write_text(JOB_FILE.format(more=more))

    def write_data(self, name: str, text: str) -> None:
        """Write a file of the channel."""
        file = self.data / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    @property
    def data(self) -> Path:
        """The folder of the channel."""
        return self.folder / "data" / "tiny"

    @property
    def cloud(self) -> Cloud:
        """The local cloud that runs in the yard."""
        folder = self.folder / "build" / "local-cloud"
        record = json.loads((folder / "server.json").read_text())
        return Cloud(record["url"], record["port"], record["pid"], datetime.now(UTC), folder)

    def client(self, service: str) -> Any:
        """A client whose calls get no fault."""
        import boto3
        from botocore.config import Config

        if service not in self._clients:
            config = Config(user_agent_extra=OWN_CALLS, retries={"total_max_attempts": 10})
            session: Any = boto3.Session("local", "local", region_name="us-east-1")
            self._clients[service] = session.client(service, endpoint_url=self.cloud.url, config=config)
        return self._clients[service]

    def up(self) -> None:
        """Start the local cloud, without a stack."""
        self._clients.clear()
        self.project.make("cloud-up")

    def down(self) -> None:
        """Stop the local cloud, with its jobs."""
        self.project.make("cloud-down", "YES=1", code=None)

    @contextmanager
    def faults(self, text: str) -> Iterator[None]:
        """Let calls fail during the block."""
        control.set_faults(self.cloud, text)
        try:
            yield
        finally:
            control.set_faults(self.cloud, "")

    def start(self, verb: str, texts: Mapping[str, str]) -> "subprocess.Popen[bytes]":
        """Start a verb as make does. Its output goes to a file."""
        self.outputs += 1
        output = self.temporary.with_name(f"output-{self.outputs}.txt")
        python = str(self.folder / ".venv" / "bin" / "python")
        words = {"plan": ["plan", "stack"], "infra": ["infra", "apply"], "destroy": ["infra", "destroy"]}
        name, *arguments = words.get(verb, [verb])
        command = [python, "-m", f"scripts.{name}", *arguments]
        if verb not in {"demo", "cloud"}:
            command = [python, "-m", "scripts.cloud", "exec", "--", *command]
        typed = {"cloud": "local", "env": "local", "yes": "1", **texts}
        variables = {f"{key.upper()}_TEXT": value for key, value in typed.items()}
        with output.open("wb") as stream:
            process = subprocess.Popen(
                command,
                cwd=self.folder,
                env={**self.project.environment, **variables, "TMPDIR": str(self.temporary)},
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        process.output = output  # type: ignore[attr-defined]  # the file that belongs to the process
        return process

    def wait(self, process: "subprocess.Popen[bytes]", started: float, seconds: float) -> Ending:
        """Wait for the end of a verb. After ``seconds`` it is killed, with its children."""
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        took = time.monotonic() - started
        output: Path = process.output  # type: ignore[attr-defined]  # see start
        text = output.read_text(errors="replace")
        output.unlink()
        return Ending(process.returncode, text, took)

    def run(self, verb: str, texts: Mapping[str, str] | None = None, seconds: float = 900.0) -> Ending:
        """Run a verb to its end."""
        started = time.monotonic()
        return self.wait(self.start(verb, texts or {}), started, seconds)

    def jobs(self) -> dict[str, str]:
        """The status of every job."""
        pages = self.client("sagemaker").get_paginator("list_training_jobs").paginate()
        return {
            job["TrainingJobName"]: job["TrainingJobStatus"] for page in pages for job in page["TrainingJobSummaries"]
        }

    def describe(self, job: str) -> dict[str, Any]:
        """A job's description."""
        described: dict[str, Any] = self.client("sagemaker").describe_training_job(TrainingJobName=job)
        return described

    def wait_for_jobs(self, seconds: float = 120.0) -> dict[str, str]:
        """Wait until no job runs; gives the status of every job."""
        deadline = time.monotonic() + seconds
        while True:
            found = self.jobs()
            if not {"InProgress", "Stopping"} & set(found.values()) or time.monotonic() > deadline:
                return found
            time.sleep(0.2)

    def bucket(self, kind: str) -> str:
        """The name of the bucket of the data, the models, the checkpoints or the state."""
        names: list[str] = [bucket["Name"] for bucket in self.client("s3").list_buckets()["Buckets"]]
        return next(name for name in names if name.startswith(f"trainyard-local-{kind}-"))

    def leftovers(self) -> list[str]:
        """What commands that have ended left over. Processes get some seconds to end."""
        processes = self.wait_for_processes(SECONDS_TO_END)
        files = [path for path in self.temporary.rglob("*") if path.is_file()]
        runs = list((self.folder / "runs").glob("*/.*"))
        named = [f"a temporary file: {path.name}" for path in [*files, *runs]]
        for path in files:
            path.unlink()
        return [f"a process: {line}" for line in processes] + named + self._in_s3()

    def wait_for_processes(self, seconds: float) -> list[str]:
        """Wait until all that works in the yard has ended, but not longer; gives what still runs."""
        deadline = time.monotonic() + seconds
        while (processes := self._processes()) and time.monotonic() < deadline:
            time.sleep(0.2)
        return processes

    def _processes(self) -> list[str]:
        return [line for line in processes_of(self.folder) if "scripts.localcloud.server" not in line]

    def _in_s3(self) -> list[str]:
        s3, found = self.client("s3"), []
        for bucket in s3.list_buckets()["Buckets"]:
            name = bucket["Name"]
            uploads = s3.list_multipart_uploads(Bucket=name).get("Uploads", [])
            found += [f"an upload: {upload['Key']}" for upload in uploads]
            if name.startswith("trainyard-tfstate-"):
                keys = [entry["Key"] for entry in s3.list_objects_v2(Bucket=name).get("Contents", [])]
                found += [f"a lock: {key}" for key in keys if key.endswith(".tflock")]
        return found


@contextmanager
def yard(folder: Path, stack: bool = True) -> Iterator[Yard]:
    """A yard with a running local cloud, and with an applied stack."""
    made = Yard(folder)
    made.up()
    try:
        if stack:
            made.project.make("infra", "CLOUD=local", "YES=1", timeout=900)
        yield made
    finally:
        made.down()
        shutil.rmtree(folder, ignore_errors=True)
