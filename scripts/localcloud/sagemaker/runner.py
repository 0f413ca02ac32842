"""Runs one training job, from Starting to its end, in its own thread."""

import threading
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, nullcontext
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from boto3.exceptions import Boto3Error
from botocore.exceptions import BotoCoreError, ClientError

from scripts.localcloud.clients import Keys
from scripts.localcloud.interruptions import Interruption
from scripts.localcloud.sagemaker import artifacts, channels, hosts, objects, rights, role, spot
from scripts.localcloud.sagemaker.checkpoints import Mirror
from scripts.localcloud.sagemaker.checks import own_repository
from scripts.localcloud.sagemaker.container import ContainerError
from scripts.localcloud.sagemaker.executor import Programs
from scripts.localcloud.sagemaker.hosts import HostFailure, Instruction
from scripts.localcloud.sagemaker.jobs import Job, Metric, present
from scripts.localcloud.sagemaker.layout import Layout, input_mode, job_layouts, make_read_only
from scripts.localcloud.sagemaker.logs import LogStream, next_stream_time
from scripts.localcloud.sagemaker.metrics import Metrics
from scripts.localcloud.sagemaker.removal import remove
from scripts.localcloud.sagemaker.rights import RightsError
from scripts.localcloud.sagemaker.services import JobServices
from scripts.localcloud.sagemaker.slots import Hold

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

MAX_REASON = 1024
POLL_SECONDS = 0.1
INTERNAL_ERROR = "InternalServerError"


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
        self._metrics = Metrics(job.request["AlgorithmSpecification"].get("MetricDefinitions", []))
        self._aborted = threading.Event()
        self._internal_errors = 0
        self._thread = threading.Thread(target=self._run, name=f"job {job.name}", daemon=True)

    def start(self) -> None:
        """Start the job's thread; returns at once."""
        self._services.journal.write(self._job.folder)
        self._thread.start()

    def values(self, metric: str) -> tuple[float, ...]:
        """Return the values of a metric that the job has printed so far, in their order."""
        return self._metrics.values(metric)

    def abort(self) -> None:
        """Kill the programs without uploading anything, and wait for the job's thread."""
        self._aborted.set()
        self._thread.join()

    def _run(self) -> None:
        try:
            result, hold = self._train_to_end()
        finally:
            remove(self._folder)
            self._services.journal.forget(self._job.folder)
        reason, kept = result.failure and result.failure[:MAX_REASON], hold is not None and hold.kept

        def end(job: Job) -> Job:
            ended = replace(job, model=result.model, metrics=result.metrics).finish(present(), reason)
            return self._services.pools.ended(ended, kept)

        self._change(end)

    def _train_to_end(self) -> tuple[JobResult, Hold | None]:
        """Train on new instances until they are not taken away; returns the last attempt's result and its slots."""
        host_count = self._job.request["ResourceConfig"]["InstanceCount"]
        slots = self._services.slots
        while True:
            with slots.hold(self._enter_pending, self._is_stopping, host_count, self._take_warm_pool) as hold:
                result = self._on_instances(hold) if hold else self._stopped()
            if result is not None and not self._may_retry(result):
                return result, hold
            remove(self._folder)
            if result is None:
                self._wait_for_capacity()
            if self._is_stopping():
                return self._stopped(), None
            self._enter("Starting")

    def _may_retry(self, result: JobResult) -> bool:
        """Count an internal error, and return whether the job starts again after it."""
        if self._aborted.is_set() or not (result.failure or "").startswith(INTERNAL_ERROR):
            return False
        self._internal_errors += 1
        return self._internal_errors <= self._job.retries

    def _on_instances(self, hold: Hold) -> JobResult | None:
        """Make one attempt, and keep its instances after the job if they become a warm pool."""
        pools = self._services.pools
        cache = pools.enter(self._job, hold.slots)
        try:
            result = self._attempt(cache)
        except channels.DownloadError as error:
            result = JobResult(f"ClientError: Data download failed: {error}")
        except (ContainerError, RightsError, BotoCoreError, ClientError, Boto3Error) as error:
            result = JobResult(f"ClientError: {error}")
        except Exception as error:
            traceback.print_exc()
            result = JobResult(f"{INTERNAL_ERROR}: the local cloud has a bug; see server.log: {error!r}")
        if result is not None:
            hold.kept = pools.leave(self._job.arn, result.failure)
        return result

    def _take_warm_pool(self) -> bool:
        return not self._is_stopping() and self._services.pools.take(self._job)

    def _wait_for_capacity(self) -> None:
        end = time.monotonic() + self._services.capacity_seconds
        while time.monotonic() < end and not self._is_stopping():
            time.sleep(POLL_SECONDS)

    def _attempt(self, cache: Path | None) -> JobResult | None:
        """Train on one set of instances; returns None if they were taken away and the job needs new ones.

        Args:
            cache: the folder with the warm pool's cache for each host; None without a warm pool.
        """
        job, region = self._job, self._job.region
        keys = self._assume_role()
        s3 = self._services.clients.s3(region, keys)
        self._enter("Downloading")
        programs = self._services.executor.programs(job)
        count = job.request["ResourceConfig"]["InstanceCount"]
        layouts = job_layouts(self._folder, count, programs.in_containers, cache)
        mirrors = [mirror for layout in layouts if (mirror := self._download(s3, keys, layout))]
        programs.fetch(self._enter_image_download, self._is_stopping)
        if self._is_stopping():
            return self._stopped()
        self._enter("Training")
        if fault := self._services.fault_of_instances():
            return JobResult(f"{fault}: the instances failed, as FAULTS says")
        client = self._services.clients.logs(region, keys)
        streams = next_stream_time(client, job.name)
        with ExitStack() as stack:
            names = {layout.host: f"{job.name}/{layout.host}-{streams}" for layout in layouts}
            logs = {host: stack.enter_context(LogStream(client, name)) for host, name in names.items()}
            for note in programs.notes():
                _write_note(logs, note)
            with ExitStack() as copying:
                for mirror in mirrors:
                    copying.enter_context(mirror.report_to(partial(_write_note, logs)))
                ending = self._train(programs, layouts, logs, mirrors)
            self._metrics.publish(self._services.clients.cloudwatch(region, keys), job.name)
            if isinstance(ending, Interruption):
                self._enter("Interrupted")
                return None
            failure = self._failure_reason(ending, layouts)
            if self._aborted.is_set():
                return JobResult(failure)
            self._change(lambda job: job.enter_status("Uploading", present()))
            log = partial(_write_note, logs)
            model = artifacts.upload(s3, layouts, job.request, with_model=failure is None, log=log)
        return JobResult(failure, model, self._metrics.last())

    def _assume_role(self) -> Keys:
        """Check the role's rights that no call of the local cloud shows, and return the keys of a session.

        Raises:
            RightsError: the role lacks one, or does not let SageMaker assume it.
        """
        job, clients = self._job, self._services.clients
        image = job.request["AlgorithmSpecification"]["TrainingImage"]
        rights.check(job.request, job.arn, job.region, own_repository(image, job.region, clients))
        return clients.assume_role(job.request["RoleArn"], job.region)

    def _download(self, s3: "S3Client", keys: Keys, layout: Layout) -> Mirror | None:
        """Download a host's input and checkpoints; returns the mirror of the checkpoints, if the job has them."""
        request, read = self._job.request, partial(objects.read, s3, keys)
        layout.create(request)
        for channel in request.get("InputDataConfig", []):
            folder = layout.channel(channel["ChannelName"])
            found = channels.sources(s3, channel, layout.hosts.index(layout.host), len(layout.hosts))
            channels.download(read, found, folder, self._is_stopping)
            if input_mode(channel, request) == "FastFile":
                make_read_only(folder)
        checkpoints = layout.checkpoints(request)
        if checkpoints is None:
            return None
        uri = request["CheckpointConfig"]["S3Uri"]
        saved = {"DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": uri.rstrip("/") + "/"}}}
        found = channels.sources(s3, saved, host=0, hosts=1)
        channels.download(read, found, checkpoints, self._is_stopping)
        mirror = Mirror(s3, layout.program_folder(checkpoints), uri)
        mirror.mark_as_copied()
        return mirror

    def _train(
        self, programs: Programs, layouts: Sequence[Layout], logs: Mapping[str, LogStream], mirrors: Sequence[Mirror]
    ) -> HostFailure | Interruption | None:
        """Run the programs until all have ended; returns the first failure, or why their instances were taken away."""
        lock, taken = threading.Lock(), list[Interruption]()

        def on_line(host: str, text: str) -> None:
            logs[host].write(text)
            with lock:  # The hosts' reader threads share the metrics.
                self._metrics.read(text, present())

        def instruction() -> Instruction:
            job = self._within_limits()
            has_checkpoint = any(mirror.has_checkpoint for mirror in mirrors)
            due = None if taken or job.stop_reason else spot.due_interruption(job, present(), has_checkpoint)
            if due:
                self._take_away(due, logs, mirrors)
                taken.append(due)
            if self._aborted.is_set() or (taken and not taken[0].warned):
                return Instruction.ABORT
            return Instruction.STOP if taken or job.stop_reason else Instruction.RUN

        note = partial(_write_note, logs)
        with self._role_files(layouts[0]), programs.running(layouts, note) as started:
            by_host = {layout.host: program for layout, program in zip(layouts, started, strict=True)}
            for program in started:
                if program.pid:
                    self._services.journal.write(self._job.folder, program.pid)
            with hosts.read_output(by_host, on_line):
                failure = hosts.wait_for_all(by_host, instruction, self._services.grace)
                return taken[0] if taken else failure

    def _role_files(self, layout: Layout) -> AbstractContextManager[None]:
        """Keep the files with the role's keys for the program, during the ``with`` block; none if it is isolated."""
        request = self._job.request
        if request.get("EnableNetworkIsolation"):
            return nullcontext()
        assume = partial(self._services.clients.assume_role, request["RoleArn"], self._job.region)
        return role.files(layout.role, layout.role_in_program, assume)

    def _take_away(self, interruption: Interruption, logs: Mapping[str, LogStream], mirrors: Sequence[Mirror]) -> None:
        """Write into the log that the instances are taken away; without a warning, no checkpoint is copied any more."""
        how = f"SIGTERM, and SIGKILL after {self._services.grace:g} s" if interruption.warned else "SIGKILL"
        _write_note(logs, f"INTERRUPT={interruption} takes the instance away: {how}")
        if not interruption.warned:
            for mirror in mirrors:
                mirror.abandon()

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
        self._enter("Downloading", "Downloading the training image")

    def _enter_pending(self) -> None:
        count, kept = self._services.slots.count, self._services.pools.kept_slots()
        message = f"Training job waiting for capacity: this machine runs {count} instances at once"
        self._enter("Pending", message + (f", and warm pools keep {kept} of them" if kept else ""))

    def _stopped(self) -> JobResult:
        return JobResult(metrics=self._metrics.last())

    def _is_stopping(self) -> bool:
        return self._aborted.is_set() or self._within_limits().stop_reason is not None

    def _within_limits(self) -> Job:
        """Return the job; if it has exceeded a time limit, it is being stopped."""

        def change(job: Job) -> Job:
            reason = spot.exceeded_limit(job, present())
            return job.request_stop(reason, present()) if reason else job

        return self._change(change)

    def _enter(self, status: str, message: str | None = None) -> None:
        self._change(lambda job: job.proceed(status, present(), message))

    def _change(self, change: Callable[[Job], Job]) -> Job:
        return self._services.store.change(self._job.arn, change)


def _write_note(logs: Mapping[str, LogStream], text: str) -> None:
    """Write a line of the local cloud itself into the first host's log."""
    next(iter(logs.values())).write(f"[local cloud] {text}")
