"""What all training jobs of a local cloud share."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from scripts.localcloud.clients import Clients
from scripts.localcloud.sagemaker import spot
from scripts.localcloud.sagemaker.executor import Executor
from scripts.localcloud.sagemaker.jobs import JobStore
from scripts.localcloud.sagemaker.journal import Journal
from scripts.localcloud.sagemaker.pools import WarmPools
from scripts.localcloud.sagemaker.slots import Slots

# https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_StopTrainingJob.html
GRACE_SECONDS = 120


@dataclass(frozen=True)
class JobServices:
    """The objects that all jobs share.

    Attributes:
        pools: the instances of jobs that have ended.
        journal: the list of running jobs, on disk.
        folder: contains a folder for each job, with the job's name.
        fault_of_instances: returns the error with which the instances of a job fail now; None if they do not.
        grace: seconds between SIGTERM and SIGKILL.
        discount: what spot saves of the price on demand, from 0 to 1.
        capacity_seconds: how long an interrupted job waits for new instances.
    """

    store: JobStore
    clients: Clients
    executor: Executor
    slots: Slots
    pools: WarmPools
    journal: Journal
    folder: Path
    fault_of_instances: Callable[[], str | None]
    grace: float = GRACE_SECONDS
    discount: Decimal = spot.DISCOUNT
    capacity_seconds: float = spot.CAPACITY_SECONDS
