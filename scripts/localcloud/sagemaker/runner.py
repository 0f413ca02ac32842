"""The life of one training job, from Starting to its end, in a thread of its own."""

import threading
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import botocore.exceptions

from scripts.localcloud.clients import Clients, Keys
from scripts.localcloud.sagemaker import artifacts, channels, hosts
from scripts.localcloud.sagemaker.checkpoints import Mirror
from scripts.localcloud.sagemaker.container import ContainerError
from scripts.localcloud.sagemaker.executor import Executor, Programs
from scripts.localcloud.sagemaker.hosts import Failed, Wanted
from scripts.localcloud.sagemaker.jobs import Ending, Job, JobStore, Metric
from scripts.localcloud.sagemaker.journal import Journal
from scripts.localcloud.sagemaker.layout import Layout, forbid_writing, input_mode, job_layouts, remove
from scripts.localcloud.sagemaker.logs import LogStream
from scripts.localcloud.sagemaker.metrics import Metrics
from scripts.localcloud.sagemaker.slots import Slots

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

# https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_StopTrainingJob.html
GRACE_SECONDS = 120
DEFAULT_MAX_RUNTIME = 86_400
MAX_REASON = 1024


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
        self._folder = yard.folder / job.folder
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
        hosts_wanted = self._job.request["ResourceConfig"]["InstanceCount"]
        try:
            with self._yard.slots.taken(self._pending, self._is_ending, hosts_wanted) as taken:
                result = self._work() if taken else Result()
        except channels.DownloadError as error:
            result = Result(f"ClientError: Data download failed: {error}")
        except ContainerError as error:
            result = Result(f"ClientError: {error}")
        except (botocore.exceptions.BotoCoreError, botocore.exceptions.ClientError) as error:
            result = Result(f"ClientError: {error}")
        except Exception as error:
            traceback.print_exc()
            result = Result(f"InternalServerError: the local cloud met a bug of its own, see server.log: {error!r}")
        finally:
            remove(self._folder)
            self._yard.journal.forget(self._job.folder)
        reason = result.failure and result.failure[:MAX_REASON]
        self._change(lambda job: replace(job, model=result.model, metrics=result.metrics).finished(_now(), reason))

    def _work(self) -> Result:
        job, region = self._job, self._job.region
        keys = self._yard.clients.assume_role(job.request["RoleArn"], region)
        s3 = self._yard.clients.s3(region, keys)
        self._enter("Downloading")
        programs = self._yard.executor.programs(job)
        layouts = job_layouts(self._folder, job.request["ResourceConfig"]["InstanceCount"], programs.in_containers)
        mirrors = [mirror for layout in layouts if (mirror := self._download(s3, layout))]
        programs.fetch(self._fetching, self._is_ending)
        if self._is_ending():
            return Result()
        self._enter("Training")
        metrics = Metrics(job.request["AlgorithmSpecification"].get("MetricDefinitions", []))
        with ExitStack() as stack:
            logs = {layout.host: stack.enter_context(self._log(keys, layout.host)) for layout in layouts}
            for note in programs.notes():
                _say(logs, note)
            with ExitStack() as copying:
                for mirror in mirrors:
                    copying.enter_context(mirror)
                failed = self._train(programs, layouts, logs, metrics)
            metrics.publish(self._yard.clients.cloudwatch(region, keys), job.name)
            failure = self._failure(failed, layouts)
            if self._aborted.is_set():
                return Result(failure)
            self._enter("Uploading")
            say = partial(_say, logs)
            model = artifacts.upload(s3, layouts, job.request, with_model=failure is None, say=say)
        return Result(failure, model, metrics.last())

    def _download(self, s3: "S3Client", layout: Layout) -> Mirror | None:
        """Lay out a host's input and the checkpoints."""
        request = self._job.request
        layout.create(request)
        for channel in request.get("InputDataConfig", []):
            folder = layout.channel(channel["ChannelName"])
            found = channels.sources(s3, channel, layout.hosts.index(layout.host), len(layout.hosts))
            channels.download(s3, found, folder, self._is_ending)
            if input_mode(channel, request) == "FastFile":
                forbid_writing(folder)
        folder_or_none = layout.checkpoints(request)
        if folder_or_none is None:
            return None
        uri = request["CheckpointConfig"]["S3Uri"]
        saved = {"DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": uri.rstrip("/") + "/"}}}
        channels.download(s3, channels.sources(s3, saved, host=0, hosts=1), folder_or_none, self._is_ending)
        mirror = Mirror(s3, folder_or_none, uri)
        mirror.restored()
        return mirror

    def _log(self, keys: Keys, host: str) -> LogStream:
        logs = self._yard.clients.logs(self._job.region, keys)
        return LogStream(logs, f"{self._job.name}/{host}-{int(time.time())}")

    def _train(
        self, programs: Programs, layouts: Sequence[Layout], logs: Mapping[str, LogStream], metrics: Metrics
    ) -> Failed | None:
        """Run the programs to their end, however it comes; the one that failed first."""
        lock = threading.Lock()

        def line(host: str, text: str) -> None:
            logs[host].write(text)
            with lock:  # All hosts' lines are looked through for the same metrics.
                metrics.read(text, _now())

        with programs.running(layouts) as started:
            executions = {layout.host: execution for layout, execution in zip(layouts, started, strict=True)}
            for execution in started:
                if execution.pid:
                    self._yard.journal.write(self._job.folder, execution.pid)
            with hosts.read(executions, line):
                return hosts.watch(executions, self._wanted, self._yard.grace)

    def _wanted(self) -> Wanted:
        job = self._now()
        seconds = job.request["StoppingCondition"].get("MaxRuntimeInSeconds", DEFAULT_MAX_RUNTIME)
        if _now() > (job.started or job.created) + timedelta(seconds=seconds):
            job = self._change(lambda job: job.stopping(Ending.MAX_RUNTIME, _now()))
        if self._aborted.is_set():
            return Wanted.ABORT
        return Wanted.STOP if job.ending else Wanted.RUN

    def _failure(self, failed: Failed | None, layouts: Sequence[Layout]) -> str | None:
        """FailureReason for a program that failed by itself."""
        if failed is None:
            return None
        (layout,) = (layout for layout in layouts if layout.host == failed.host)
        said = [failed.host] if len(layouts) > 1 else []
        said += [text for text in (failed.explanation, layout.failure()) if text]
        suffix = f", exit code: {failed.code}"
        return f"AlgorithmError: {': '.join(said)}"[: MAX_REASON - len(suffix)] + suffix

    def _fetching(self) -> None:
        self._change(lambda job: job.entered("Downloading", _now(), "Downloading the training image"))

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


def _say(logs: Mapping[str, LogStream], text: str) -> None:
    """Write a line of our own into the first host's log."""
    next(iter(logs.values())).write(f"[local cloud] {text}")


def _now() -> datetime:
    return datetime.now(UTC)
