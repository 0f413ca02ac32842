"""Runs one training job, from Starting to its end, in its own thread."""

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
from scripts.localcloud.sagemaker.hosts import HostFailure, Instruction
from scripts.localcloud.sagemaker.jobs import Job, JobStore, Metric, StopReason
from scripts.localcloud.sagemaker.journal import Journal
from scripts.localcloud.sagemaker.layout import Layout, input_mode, job_layouts, make_read_only
from scripts.localcloud.sagemaker.logs import LogStream
from scripts.localcloud.sagemaker.metrics import Metrics
from scripts.localcloud.sagemaker.removal import remove
from scripts.localcloud.sagemaker.slots import Slots

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

# https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_StopTrainingJob.html
GRACE_SECONDS = 120
DEFAULT_MAX_RUNTIME = 86_400
MAX_REASON = 1024


@dataclass(frozen=True)
class JobServices:
    """The objects that all jobs share.

    Attributes:
        journal: the list of running jobs, on disk.
        folder: contains a folder for each job, with the job's name.
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
class JobResult:
    """FailureReason, model URI and metrics of a job whose programs have ended."""

    failure: str | None = None
    model: str | None = None
    metrics: tuple[Metric, ...] = ()


class JobRun:
    """Runs one job. ``start`` starts it; ``abort`` kills it when the local cloud stops."""

    def __init__(self, job: Job, services: JobServices) -> None:
        self._job = job
        self._services = services
        self._folder = services.folder / job.folder
        self._aborted = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"job {job.name}", daemon=True)

    def start(self) -> None:
        """Start the job's thread; returns at once."""
        self._services.journal.write(self._job.folder)
        self._thread.start()

    def abort(self) -> None:
        """Kill the programs without uploading anything, and wait for the job's thread."""
        self._aborted.set()
        self._thread.join()

    def _run(self) -> None:
        host_count = self._job.request["ResourceConfig"]["InstanceCount"]
        try:
            with self._services.slots.hold(self._enter_pending, self._is_stopping, host_count) as held:
                result = self._work() if held else JobResult()
        except channels.DownloadError as error:
            result = JobResult(f"ClientError: Data download failed: {error}")
        except ContainerError as error:
            result = JobResult(f"ClientError: {error}")
        except (botocore.exceptions.BotoCoreError, botocore.exceptions.ClientError) as error:
            result = JobResult(f"ClientError: {error}")
        except Exception as error:
            traceback.print_exc()
            result = JobResult(f"InternalServerError: the local cloud has a bug; see server.log: {error!r}")
        finally:
            remove(self._folder)
            self._services.journal.forget(self._job.folder)
        reason = result.failure and result.failure[:MAX_REASON]
        self._change(lambda job: replace(job, model=result.model, metrics=result.metrics).finish(_now(), reason))

    def _work(self) -> JobResult:
        job, region = self._job, self._job.region
        keys = self._services.clients.assume_role(job.request["RoleArn"], region)
        s3 = self._services.clients.s3(region, keys)
        self._enter("Downloading")
        programs = self._services.executor.programs(job)
        layouts = job_layouts(self._folder, job.request["ResourceConfig"]["InstanceCount"], programs.in_containers)
        mirrors = [mirror for layout in layouts if (mirror := self._download(s3, layout))]
        programs.fetch(self._enter_image_download, self._is_stopping)
        if self._is_stopping():
            return JobResult()
        self._enter("Training")
        metrics = Metrics(job.request["AlgorithmSpecification"].get("MetricDefinitions", []))
        with ExitStack() as stack:
            logs = {layout.host: stack.enter_context(self._log(keys, layout.host)) for layout in layouts}
            for note in programs.notes():
                _write_note(logs, note)
            with ExitStack() as copying:
                for mirror in mirrors:
                    copying.enter_context(mirror.report_to(partial(_write_note, logs)))
                host_failure = self._train(programs, layouts, logs, metrics)
            metrics.publish(self._services.clients.cloudwatch(region, keys), job.name)
            failure = self._failure_reason(host_failure, layouts)
            if self._aborted.is_set():
                return JobResult(failure)
            self._enter("Uploading")
            log = partial(_write_note, logs)
            model = artifacts.upload(s3, layouts, job.request, with_model=failure is None, log=log)
        return JobResult(failure, model, metrics.last())

    def _download(self, s3: "S3Client", layout: Layout) -> Mirror | None:
        """Download a host's input and checkpoints; returns the mirror of the checkpoints, if the job has them."""
        request = self._job.request
        layout.create(request)
        for channel in request.get("InputDataConfig", []):
            folder = layout.channel(channel["ChannelName"])
            found = channels.sources(s3, channel, layout.hosts.index(layout.host), len(layout.hosts))
            channels.download(s3, found, folder, self._is_stopping)
            if input_mode(channel, request) == "FastFile":
                make_read_only(folder)
        checkpoints = layout.checkpoints(request)
        if checkpoints is None:
            return None
        uri = request["CheckpointConfig"]["S3Uri"]
        saved = {"DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": uri.rstrip("/") + "/"}}}
        channels.download(s3, channels.sources(s3, saved, host=0, hosts=1), checkpoints, self._is_stopping)
        mirror = Mirror(s3, layout.program_folder(checkpoints), uri)
        mirror.mark_as_copied()
        return mirror

    def _log(self, keys: Keys, host: str) -> LogStream:
        logs = self._services.clients.logs(self._job.region, keys)
        return LogStream(logs, f"{self._job.name}/{host}-{int(time.time())}")

    def _train(
        self, programs: Programs, layouts: Sequence[Layout], logs: Mapping[str, LogStream], metrics: Metrics
    ) -> HostFailure | None:
        """Run the programs until all have ended; returns the first failure."""
        lock = threading.Lock()

        def on_line(host: str, text: str) -> None:
            logs[host].write(text)
            with lock:  # The hosts' reader threads share the metrics.
                metrics.read(text, _now())

        with programs.running(layouts) as started:
            by_host = {layout.host: program for layout, program in zip(layouts, started, strict=True)}
            for program in started:
                if program.pid:
                    self._services.journal.write(self._job.folder, program.pid)
            with hosts.read_output(by_host, on_line):
                return hosts.wait_for_all(by_host, self._instruction, self._services.grace)

    def _instruction(self) -> Instruction:
        job = self._current_job()
        seconds = job.request["StoppingCondition"].get("MaxRuntimeInSeconds", DEFAULT_MAX_RUNTIME)
        if _now() > (job.started or job.created) + timedelta(seconds=seconds):
            job = self._change(lambda job: job.request_stop(StopReason.MAX_RUNTIME, _now()))
        if self._aborted.is_set():
            return Instruction.ABORT
        return Instruction.STOP if job.stop_reason else Instruction.RUN

    def _failure_reason(self, failure: HostFailure | None, layouts: Sequence[Layout]) -> str | None:
        """Return FailureReason for a program that failed by itself."""
        if failure is None:
            return None
        (layout,) = (layout for layout in layouts if layout.host == failure.host)
        parts = [failure.host] if len(layouts) > 1 else []
        parts += [text for text in (failure.explanation, layout.failure()) if text]
        suffix = f", exit code: {failure.code}"
        return f"AlgorithmError: {': '.join(parts)}"[: MAX_REASON - len(suffix)] + suffix

    def _enter_image_download(self) -> None:
        self._change(lambda job: job.enter_status("Downloading", _now(), "Downloading the training image"))

    def _enter_pending(self) -> None:
        count = self._services.slots.count
        message = f"Training job waiting for capacity: this machine runs {count} instances at once"
        self._change(lambda job: job.enter_status("Pending", _now(), message))

    def _is_stopping(self) -> bool:
        return self._aborted.is_set() or self._current_job().stop_reason is not None

    def _enter(self, status: str) -> None:
        self._change(lambda job: job.enter_status(status, _now()))

    def _current_job(self) -> Job:
        return self._change(lambda job: job)

    def _change(self, change: Callable[[Job], Job]) -> Job:
        return self._services.store.change(self._job.arn, change)


def _write_note(logs: Mapping[str, LogStream], text: str) -> None:
    """Write a line of the local cloud itself into the first host's log."""
    next(iter(logs.values())).write(f"[local cloud] {text}")


def _now() -> datetime:
    return datetime.now(UTC)
