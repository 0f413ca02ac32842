"""The life of one training job, from Starting to its end, in a thread of its own."""

import threading
import time
import traceback
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import botocore.exceptions

from scripts.localcloud.clients import Clients
from scripts.localcloud.sagemaker import artifacts, channels
from scripts.localcloud.sagemaker.checkpoints import Mirror
from scripts.localcloud.sagemaker.executor import Execution, Executor
from scripts.localcloud.sagemaker.jobs import Ending, Job, JobStore, Metric
from scripts.localcloud.sagemaker.journal import Journal
from scripts.localcloud.sagemaker.layout import Layout, input_mode, set_writable
from scripts.localcloud.sagemaker.logs import LogStream
from scripts.localcloud.sagemaker.metrics import Metrics
from scripts.localcloud.sagemaker.slots import Slots

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

# https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_StopTrainingJob.html
GRACE_SECONDS = 120
DEFAULT_MAX_RUNTIME = 86_400
MAX_REASON = 1024
POLL_SECONDS = 0.1


@dataclass(frozen=True)
class Yard:
    """What all jobs share.

    Attributes:
        journal: knows on disk which jobs run.
        folder: each job gets a folder of its name in it.
        grace: seconds between SIGTERM and SIGKILL.
    """

    store: JobStore
    clients: Clients
    executor: Executor
    slots: Slots
    journal: Journal
    folder: Path
    grace: float = GRACE_SECONDS


@dataclass(frozen=True)
class Result:
    """What a job came to, by itself."""

    failure: str | None = None
    model: str | None = None
    metrics: tuple[Metric, ...] = ()


class Run:
    """Runs one job. ``start`` it; ``abort`` ends it without a trace, when the local cloud goes."""

    def __init__(self, job: Job, yard: Yard) -> None:
        self._job = job
        self._yard = yard
        self._layout = Layout(yard.folder / job.folder)
        self._aborted = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"job {job.name}", daemon=True)

    def start(self) -> None:
        """Begin; returns at once."""
        self._yard.journal.write(self._job.folder)
        self._thread.start()

    def abort(self) -> None:
        """End the program without uploading anything, and wait for it."""
        self._aborted.set()
        self._thread.join()

    def _run(self) -> None:
        try:
            with self._yard.slots.taken(self._pending, self._is_ending) as taken:
                result = self._work() if taken else Result()
        except channels.DownloadError as error:
            result = Result(f"ClientError: Data download failed: {error}")
        except (botocore.exceptions.BotoCoreError, botocore.exceptions.ClientError) as error:
            result = Result(f"ClientError: {error}")
        except Exception as error:
            traceback.print_exc()
            result = Result(f"InternalServerError: the local cloud met a bug of its own, see server.log: {error!r}")
        finally:
            self._layout.remove()
            self._yard.journal.forget(self._job.folder)
        reason = result.failure and result.failure[:MAX_REASON]
        self._change(lambda job: replace(job, model=result.model, metrics=result.metrics).finished(_now(), reason))

    def _work(self) -> Result:
        job, region = self._job, self._job.region
        keys = self._yard.clients.assume_role(job.request["RoleArn"], region)
        s3 = self._yard.clients.s3(region, keys)
        self._enter("Downloading")
        self._layout.create(job.request)
        mirror = self._download(s3)
        if self._is_ending():
            return Result()
        self._enter("Training")
        metrics = Metrics(job.request["AlgorithmSpecification"].get("MetricDefinitions", []))
        with ExitStack() as stack:
            stream = f"{job.name}/algo-1-{int(time.time())}"
            log = stack.enter_context(LogStream(self._yard.clients.logs(region, keys), stream))
            for note in self._yard.executor.notes(job):
                log.write(f"[local cloud] {note}")
            if mirror:
                stack.enter_context(mirror)
            code = self._train(log, metrics)
        metrics.publish(self._yard.clients.cloudwatch(region, keys), job.name)
        failure = self._failure(code)
        if self._aborted.is_set():
            return Result(failure)
        self._enter("Uploading")
        model = artifacts.upload(s3, self._layout, job.request, with_model=failure is None)
        return Result(failure, model, metrics.last())

    def _download(self, s3: "S3Client") -> Mirror | None:
        """Lay out the input and the checkpoints."""
        request = self._job.request
        for channel in request.get("InputDataConfig", []):
            folder = self._layout.channel(channel["ChannelName"])
            found = channels.sources(s3, channel, host=0, hosts=1)
            channels.download(s3, found, folder, self._is_ending)
            if input_mode(channel, request) == "FastFile":
                set_writable(folder, writable=False)
        folder_or_none = self._layout.checkpoints(request)
        if folder_or_none is None:
            return None
        uri = request["CheckpointConfig"]["S3Uri"]
        saved = {"DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": uri.rstrip("/") + "/"}}}
        channels.download(s3, channels.sources(s3, saved, host=0, hosts=1), folder_or_none, self._is_ending)
        mirror = Mirror(s3, folder_or_none, uri)
        mirror.restored()
        return mirror

    def _train(self, log: LogStream, metrics: Metrics) -> int:
        """Run the program to its end, however it comes; its exit code."""
        execution = self._yard.executor.start(self._job, self._layout)
        self._yard.journal.write(self._job.folder, execution.pid)

        def read() -> None:
            for line in execution.lines():
                log.write(line)
                metrics.read(line, _now())

        reader = threading.Thread(target=read, name=f"output {self._job.name}")
        reader.start()
        try:
            return self._watch(execution)
        finally:
            execution.kill()  # Whatever the program has started goes with it.
            reader.join()

    def _watch(self, execution: Execution) -> int:
        job = self._now()
        seconds = job.request["StoppingCondition"].get("MaxRuntimeInSeconds", DEFAULT_MAX_RUNTIME)
        over = (job.started or job.created) + timedelta(seconds=seconds)
        kill_at: float | None = None
        while (code := execution.wait(POLL_SECONDS)) is None:
            if _now() > over:
                self._change(lambda job: job.stopping(Ending.MAX_RUNTIME, _now()))
            if self._aborted.is_set() or (kill_at is not None and time.monotonic() > kill_at):
                execution.kill()
            elif kill_at is None and self._now().ending:
                execution.terminate()
                kill_at = time.monotonic() + self._yard.grace
        return code

    def _failure(self, code: int) -> str | None:
        """FailureReason for a program that ended by itself with ``code``."""
        if code == 0 or self._is_ending():
            return None
        suffix = f", exit code: {code}"
        return f"AlgorithmError: {self._layout.failure()}"[: MAX_REASON - len(suffix)] + suffix

    def _pending(self) -> None:
        count = self._yard.slots.count
        message = f"Training job waiting for capacity: {count} at once run on this machine"
        self._change(lambda job: job.entered("Pending", _now(), message))

    def _is_ending(self) -> bool:
        return self._aborted.is_set() or self._now().ending is not None

    def _enter(self, status: str) -> None:
        self._change(lambda job: job.entered(status, _now()))

    def _now(self) -> Job:
        return self._change(lambda job: job)

    def _change(self, change: Callable[[Job], Job]) -> Job:
        return self._yard.store.change(self._job.arn, change)


def _now() -> datetime:
    return datetime.now(UTC)
