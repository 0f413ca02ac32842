"""Runs a job's programs in containers of its image, one for each host, as SageMaker does.

https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-training-algo-dockerfile.html
"""

import secrets
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from scripts.localcloud.engine import CALL_SECONDS, Engine, NoEngineError
from scripts.localcloud.sagemaker import leftovers
from scripts.localcloud.sagemaker.container import Container, ContainerError
from scripts.localcloud.sagemaker.instances import has_gpu, limits
from scripts.localcloud.sagemaker.jobs import Job
from scripts.localcloud.sagemaker.layout import OPT_ML, Layout, input_mode
from scripts.localcloud.sagemaker.slots import machine_slots
from scripts.localcloud.sagemaker.support import LOCAL

if TYPE_CHECKING:
    import docker

MIN_HOSTS = 2
# An internal network alone leaves this machine within reach, on all of its addresses.
NO_HOST = {"com.docker.network.bridge.inhibit_ipv4": "true"}


class Images(Protocol):
    """What was pushed to the local cloud's registry."""

    def find(self, uri: str) -> str | None:
        """The name to pull an image by, with its digest; None where it was not pushed."""
        ...

    def auth(self) -> dict[str, str]:
        """What to log in to the registry with."""
        ...


class ContainerExecutor:
    """Runs jobs in containers.

    Args:
        images: where they are pulled from.
        engine: where they run.
    """

    def __init__(self, images: Images, engine: Engine) -> None:
        self._images = images
        self._engine = engine

    def refusal(self, request: Mapping[str, Any]) -> str | None:
        """Why this machine cannot run such a job, in a sentence; None where it can."""
        count, most = request["ResourceConfig"]["InstanceCount"], max_hosts()
        if count > most:
            return (
                f"{LOCAL}InstanceCount is {count}, and this machine has room for {most} at once: a core and 4 GiB of "
                "memory for each."
            )
        return None

    def programs(self, job: Job, reference: str) -> "ContainerPrograms":
        """The job's programs.

        Args:
            job: what to run.
            reference: its image, by digest, as ``Images.find`` gives it.

        Raises:
            ContainerError: no Docker engine answers (any more).
        """
        try:
            client = self._engine.client
            return ContainerPrograms(job, reference, self._images.auth, client, client.info())
        except _engine_errors() as error:
            raise ContainerError(f"The containers cannot be made: {error}") from error


def max_hosts() -> int:
    """As many hosts as jobs run at once, but two wherever containers run: that is what there is to rehearse."""
    return max(MIN_HOSTS, machine_slots())


@dataclass(frozen=True)
class ContainerPrograms:
    """A job that runs in containers."""

    job: Job
    reference: str
    auth: Callable[[], dict[str, str]]
    client: "docker.DockerClient"
    info: Mapping[str, Any]
    in_containers = True

    def notes(self) -> list[str]:
        """What this machine cannot rehearse."""
        instance = self.job.request["ResourceConfig"]["InstanceType"]
        if has_gpu(instance) and not self._has_gpus():
            return [f"no GPU of {instance} here: training goes on with the CPU"]
        return []

    def fetch(self, begins: Callable[[], None], cancelled: Callable[[], bool]) -> None:
        """Pull the image, unless the engine has this very digest.

        Raises:
            ContainerError: it cannot be pulled.
        """
        import docker.errors
        import requests

        with suppress(docker.errors.ImageNotFound):
            self.client.images.get(self.reference)
            return
        begins()
        try:
            progress = self.client.api.pull(self.reference, stream=True, decode=True, auth_config=self.auth())
            for step in progress:
                if "error" in step:
                    raise ContainerError(f"The image {self.reference} cannot be pulled: {step['error']}")
                if cancelled():
                    return  # The engine gives up a pull that nobody waits for.
        except (docker.errors.DockerException, requests.RequestException) as error:
            raise ContainerError(f"The image {self.reference} cannot be pulled: {error}") from error

    @contextmanager
    def running(self, layouts: Sequence[Layout]) -> Iterator[list[Container]]:
        """Run a container for each host while the ``with`` lasts.

        Raises:
            ContainerError: one of them cannot be started.
        """
        labels = leftovers.labels(layouts[0].base)
        with ExitStack() as stack:
            stack.callback(_tried, leftovers.hand_over, self.client, self.reference, layouts[0].base.parent)
            try:
                network = self._network(stack, labels, len(layouts))
                created = [self._created(stack, layout, labels, network) for layout in layouts]
            except _engine_errors() as error:
                raise ContainerError(f"The containers cannot be made: {error}") from error
            yield [_started(layout.host, container) for layout, container in zip(layouts, created, strict=True)]

    def _network(self, stack: ExitStack, labels: dict[str, str], hosts: int) -> str | None:
        """A network of the job's own; None for a host without any."""
        isolated = bool(self.job.request.get("EnableNetworkIsolation"))
        if isolated and hosts == 1:
            return None
        name = f"trainyard-{self.job.name}-{secrets.token_hex(4)}"
        network = self.client.networks.create(
            name, driver="bridge", internal=isolated, options=NO_HOST if isolated else None, labels=labels
        )
        stack.callback(_tried, network.remove)
        return name

    def _created(self, stack: ExitStack, layout: Layout, labels: dict[str, str], network: str | None) -> Any:
        """A host's container, not yet started."""
        name = f"trainyard-{self.job.name}-{layout.host}-{secrets.token_hex(4)}"
        api = self.client.api
        made = api.create_container(
            self.reference,
            command=command(self.job.request),
            entrypoint=self.job.request["AlgorithmSpecification"].get("ContainerEntrypoint"),
            name=name,
            hostname=layout.host,
            environment=environment(self.job, self._has_gpus()),
            labels=labels,
            host_config=api.create_host_config(**self._host(layout, network)),
            networking_config=api.create_networking_config({network: api.create_endpoint_config(aliases=[layout.host])})
            if network
            else None,
            use_config_proxy=False,  # SageMaker's hosts have no proxy.
        )
        container = self.client.containers.get(made["Id"])
        stack.callback(_tried, container.remove, v=True, force=True)
        return container

    def _host(self, layout: Layout, network: str | None) -> dict[str, Any]:
        """What the container gets of this machine."""
        import docker.types

        instance = self.job.request["ResourceConfig"]["InstanceType"]
        may = limits(instance, self.info)
        wanted = has_gpu(instance) and self._has_gpus()
        gpus = [docker.types.DeviceRequest(count=-1, capabilities=[["gpu"]])]
        return {
            "mounts": [
                docker.types.Mount(target, str(source), type="bind", read_only=read_only)
                for target, source, read_only in mounts(layout, self.job.request)
            ],
            "network_mode": network or "none",
            "extra_hosts": None if network else {layout.host: "127.0.0.1"},
            "mem_limit": may.memory,
            "memswap_limit": may.memory,  # No swap beside it.
            "nano_cpus": may.cpus and may.cpus * 10**9,
            "shm_size": may.shared_memory,
            "device_requests": gpus if wanted else None,
            # The lines are in CloudWatch Logs; a second copy would fill the engine's disk.
            "log_config": docker.types.LogConfig(type="none"),
        }

    def _has_gpus(self) -> bool:
        return "nvidia" in self.info.get("Runtimes", {})


def command(request: Mapping[str, Any]) -> list[str] | None:
    """What follows the entry point: ``train``, unless the request has an entry point or arguments of its own.

    https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_AlgorithmSpecification.html
    """
    algorithm = request["AlgorithmSpecification"]
    arguments: list[str] | None = algorithm.get("ContainerArguments")
    return arguments if "ContainerEntrypoint" in algorithm else arguments or ["train"]


def environment(job: Job, gpus: bool) -> dict[str, str]:
    """The variables that SageMaker sets; and where its GPUs are lacking, what lifts the trainer's check for them."""
    without = {"TRAINER_WITHOUT_GPU": "allow"} if has_gpu(job.request["ResourceConfig"]["InstanceType"]) else {}
    service = {"AWS_REGION": job.region, "TRAINING_JOB_NAME": job.name, "TRAINING_JOB_ARN": job.arn}
    requested: Mapping[str, str] = job.request.get("Environment", {})
    return {**({} if gpus else without), **requested, **service}


def mounts(layout: Layout, request: Mapping[str, Any]) -> list[tuple[str, Path, bool]]:
    """Where each folder of a host goes, and whether it may only be read.

    ``/opt/ml`` itself is not mounted: that would hide the image's ``/opt/ml/code``.
    """
    found = [(str(OPT_ML / name), layout.base / name, False) for name in ("input", "model", "output")]
    for channel in request.get("InputDataConfig", []):
        if input_mode(channel, request) == "FastFile":
            name = channel["ChannelName"]
            found.append((str(OPT_ML / "input/data" / name), layout.channel(name), True))
    folder = layout.checkpoints(request)
    if folder:
        found.append((layout.checkpoints_seen(request), folder, False))
    return found


def _started(host: str, container: Any) -> Container:
    try:
        return Container(container)
    except _engine_errors() as error:
        import requests

        if isinstance(error, requests.Timeout):
            raise ContainerError(f"The container of {host} did not start within {CALL_SECONDS} s.") from error
        raise ContainerError(f"The container of {host} did not start: {error}") from error


def _engine_errors() -> tuple[type[Exception], ...]:
    import docker.errors
    import requests

    return (NoEngineError, docker.errors.DockerException, requests.RequestException)


def _tried(do: Callable[..., object], *arguments: Any, **options: Any) -> None:
    """Clean up as far as it goes: what is left is found by its label at the next start."""
    try:
        do(*arguments, **options)
    except Exception:
        traceback.print_exc()
