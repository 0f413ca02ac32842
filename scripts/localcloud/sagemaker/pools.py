"""Warm pools: the instances of a job that has ended, kept for the next job that matches.

The instances are kept, never the container: the slots stay taken and the cache folder stays, everything else of the
next job is new. AWS's rules: https://docs.aws.amazon.com/sagemaker/latest/dg/train-warm-pools.html and
https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_WarmPoolStatus.html.
"""

import math
import secrets
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from scripts.localcloud.awsjson import validation_error
from scripts.localcloud.sagemaker.jobs import Job, JobStore, WarmPool, present
from scripts.localcloud.sagemaker.removal import remove
from scripts.localcloud.sagemaker.slots import Slots

LONGEST_CLUSTER = timedelta(days=28)
# The next job gets the pool if all of these are the same.
_SAME = (
    "RoleArn",
    "ResourceConfig.InstanceCount",
    "ResourceConfig.InstanceType",
    "ResourceConfig.VolumeKmsKeyId",
    "ResourceConfig.VolumeSizeInGB",
    "VpcConfig.SecurityGroupIds",
    "VpcConfig.Subnets",
    "EnableInterContainerTrafficEncryption",
    "EnableNetworkIsolation",
    "SessionChainingConfig.EnableSessionTagChaining",
)


def keep_alive(request: Mapping[str, Any]) -> int:
    """Return for how many seconds a job's instances are kept after its end; 0 if they are not."""
    return int(request["ResourceConfig"].get("KeepAlivePeriodInSeconds") or 0)


def matches(request: Mapping[str, Any], earlier: Mapping[str, Any]) -> bool:
    """Return whether a job may use the warm pool of an earlier one: both requests have the same values, and no spot.

    A member that is missing is the same as False or an empty list; the order of subnets and groups does not matter.
    """
    if request.get("EnableManagedSpotTraining"):
        return False
    return all(_value(request, path) == _value(earlier, path) for path in _SAME)


def keeps_instances(job: Job, failure: str | None, now: datetime) -> bool:
    """Return whether the instances of a job that ends now are kept.

    They are after any end but an internal error, which may have harmed them, and for at most 28 days in all.

    Args:
        job: the job, which has instances.
        failure: its FailureReason; None if it did not fail.
        now: the present moment.
    """
    if job.pool is None or not keep_alive(job.request) or (failure or "").startswith("InternalServerError"):
        return False
    return now - job.pool.launched < LONGEST_CLUSTER


def within_quota(request: Mapping[str, Any], kept: Iterable[Mapping[str, Any]], quota: float) -> bool:
    """Return whether the quota of warm pools has room for a job's instances. SageMaker keeps none without room.

    Args:
        request: the request of a job that ends.
        kept: the requests of the jobs whose instances are kept now.
        quota: how many instances of its type may be kept.
    """
    kind = request["ResourceConfig"].get("InstanceType")
    resources = [request["ResourceConfig"], *(one["ResourceConfig"] for one in kept)]
    taken: int = sum(one.get("InstanceCount", 0) for one in resources if one.get("InstanceType") == kind)
    return taken <= quota


def status(job: Job) -> dict[str, Any] | None:
    """Return a job's WarmPoolStatus; None if it has no pool. The billed seconds are there once the pool has ended."""
    pool = job.pool
    if pool is None:
        return None
    described: dict[str, Any] = {"Status": pool.status}
    if pool.ended is not None:
        retained = (pool.ended - (pool.retained or pool.ended)).total_seconds()
        described["ResourceRetainedBillableTimeInSeconds"] = math.ceil(retained)
    return described | ({"ReusedByJob": pool.reused_by} if pool.reused_by else {})


def due_end(job: Job) -> datetime | None:
    """Return when the pool of a job ends unless another job takes it; None if it is not Available."""
    pool = job.pool
    if pool is None or pool.status != "Available" or pool.retained is None:
        return None
    return min(pool.retained + timedelta(seconds=keep_alive(job.request)), pool.launched + LONGEST_CLUSTER)


def _value(request: Mapping[str, Any], path: str) -> Any:
    found: Any = request
    for name in path.split("."):
        found = (found or {}).get(name)
    return sorted(found) if isinstance(found, list) and found else found or None


class Clock:
    """The time of warm pools. It can be moved forward, so that nobody needs to wait for the end of a pool."""

    def __init__(self) -> None:
        self._ahead = timedelta()

    def __call__(self) -> datetime:
        """Return the present moment."""
        return present() + self._ahead

    def move(self, seconds: float) -> None:
        """Move the clock forward."""
        self._ahead += timedelta(seconds=seconds)


@dataclass(frozen=True)
class _Instances:
    """What a pool consists of: slots of this machine, and a folder with a cache for each host."""

    slots: int
    folder: Path


class WarmPools:
    """Keeps the instances of jobs that have ended, and gives them to jobs that match.

    Args:
        store: all jobs; a job's value says what its pool's status is.
        slots: the slots that instances take.
        folder: contains a folder for each pool, with a cache for each host.
        clock: the time of the pools.
        quota: gives how many instances of a type may be kept.
    """

    def __init__(
        self,
        store: JobStore,
        slots: Slots,
        folder: Path,
        clock: Callable[[], datetime],
        quota: Callable[[str], float],
    ) -> None:
        self._store = store
        self._slots = slots
        self._folder = folder
        self._clock = clock
        self._quota = quota
        self._instances: dict[str, _Instances] = {}
        self._lock = threading.Lock()

    def take(self, job: Job) -> bool:
        """Give a matching pool to a job that waits for instances; returns whether there was one."""
        with self._lock:
            now = self._clock()
            for earlier in self._store.all(job.region):
                pool, end = earlier.pool, due_end(earlier)
                if pool and end and now < end and matches(job.request, earlier.request):
                    self._set(earlier.arn, replace(pool, status="Reused", ended=now, reused_by=job.name))
                    self._set(job.arn, WarmPool("InUse", pool.launched))
                    self._instances[job.arn] = self._instances.pop(earlier.arn)
                    return True
        return False

    def enter(self, job: Job, slots: int) -> Path | None:
        """Note that a job has got instances.

        Args:
            job: the job, as it is now.
            slots: the slots that it holds.

        Returns:
            The folder with a cache for each host; None for a job without a warm pool.
        """
        with self._lock:
            if job.arn not in self._instances and keep_alive(job.request):
                self._instances[job.arn] = _Instances(slots, self._folder / secrets.token_hex(8))
                self._set(job.arn, WarmPool("InUse", self._clock()))
            found = self._instances.get(job.arn)
            return found.folder if found else None

    def leave(self, arn: str, failure: str | None) -> bool:
        """Decide what happens to the instances of a job that ends now; returns whether they are kept.

        The pool becomes Available with the job's end: ``ended``.
        """
        with self._lock:
            job = self._store.get(arn)
            kept = job is not None and keeps_instances(job, failure, self._clock()) and self._has_room(job)
            if not kept:
                self._discard(arn)
            return kept

    def ended(self, job: Job, kept: bool) -> Job:
        """Return a job that has just ended with the status of its pool."""
        if job.pool is None:
            return job
        now = self._clock()
        if kept:
            return replace(job, pool=replace(job.pool, status="Available", retained=now))
        return replace(job, pool=replace(job.pool, status="Terminated", ended=now))

    def change(self, arn: str, seconds: int) -> None:
        """Keep a pool for another time after its job's end; 0 terminates it.

        Raises:
            ServiceError: the pool is not Available.
        """
        with self._lock:
            job = self._store.get(arn)
            if job is None or due_end(job) is None:
                found = f"it is {job.pool.status}" if job and job.pool else "the job has none"
                raise validation_error(
                    f"KeepAlivePeriodInSeconds can be updated only while the warm pool is Available: {found}."
                )
            end, now = due_end(self._store.change(arn, lambda job: _with_keep_alive(job, seconds))), self._clock()
            freed = self._terminate(arn, now) if end and end <= now else 0
        self._slots.release(freed)

    def end_due(self) -> None:
        """Terminate each pool whose time is over."""
        freed = 0
        with self._lock:
            for arn in list(self._instances):
                job = self._store.get(arn)
                end = due_end(job) if job else None
                if end and end <= self._clock():
                    freed += self._terminate(arn, end)
        self._slots.release(freed)

    def close(self) -> None:
        """Delete the caches of all pools, because the local cloud stops."""
        with self._lock:
            for arn in list(self._instances):
                self._discard(arn)

    def kept_slots(self) -> int:
        """Return how many slots are kept for no job."""
        with self._lock:
            jobs = [(self._store.get(arn), instances.slots) for arn, instances in self._instances.items()]
            return sum(slots for job, slots in jobs if job and due_end(job))

    def _has_room(self, job: Job) -> bool:
        """Whether the quota has room for a job's instances. The lock is held."""
        kind = job.request["ResourceConfig"].get("InstanceType", "")
        kept = [each.request for each in self._store.all(job.region) if due_end(each)]
        return within_quota(job.request, kept, self._quota(kind))

    def _terminate(self, arn: str, end: datetime) -> int:
        """Terminate a pool, and return the slots that it had; the caller releases them after the lock."""

        def change(job: Job) -> Job:
            return replace(job, pool=job.pool and replace(job.pool, status="Terminated", ended=end))

        self._store.change(arn, change)
        slots = self._instances[arn].slots
        self._discard(arn)
        return slots

    def _discard(self, arn: str) -> None:
        instances = self._instances.pop(arn, None)
        if instances:
            remove(instances.folder)

    def _set(self, arn: str, pool: WarmPool) -> None:
        self._store.change(arn, lambda job: replace(job, pool=pool))


def _with_keep_alive(job: Job, seconds: int) -> Job:
    resources = {**job.request["ResourceConfig"], "KeepAlivePeriodInSeconds": seconds}
    return replace(job, request={**job.request, "ResourceConfig": resources}, modified=present())
