"""Runs a job's programs in containers of its image, one for each host, as SageMaker does it.

https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-training-algo-dockerfile.html
"""

import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from scripts.localcloud.engine import CALL_SECONDS, Engine, NoEngineError
from scripts.localcloud.sagemaker import cleanup, network, role
from scripts.localcloud.sagemaker.container import Container, ContainerError
from scripts.localcloud.sagemaker.instances import has_gpu, limits
from scripts.localcloud.sagemaker.jobs import Job
from scripts.localcloud.sagemaker.layout import CACHE, OPT_ML, ROLE_IN_CONTAINER, Layout, input_mode
from scripts.localcloud.sagemaker.network import JobNetwork
from scripts.localcloud.sagemaker.slots import machine_slots
from scripts.localcloud.sagemaker.support import CANNOT_RUN

if TYPE_CHECKING:
    import docker
    from _typeshed.wsgi import WSGIApplication

MIN_HOSTS = 2


class Images(Protocol):
    """The images that were pushed to the local cloud's registry."""

    def find(self, uri: str) -> str | None:
        """Return the name, with digest, to pull an image by; None if it was not pushed."""
        ...

    def auth(self) -> dict[str, str]:
        """Return user and password for the registry."""
        ...


class ContainerExecutor:
    """Runs jobs in containers.

    Args:
        images: the pushed images.
        engine: runs the containers.
        aws: answers what the programs call of AWS.
    """

    def __init__(self, images: Images, engine: Engine, aws: "WSGIApplication") -> None:
        self._images = images
        self._engine = engine
        self._aws = aws

    def refusal(self, request: Mapping[str, Any]) -> str | None:
        """Return why this machine cannot run such a job, as a sentence; None if it can."""
        count, maximum = request["ResourceConfig"]["InstanceCount"], max_hosts()
        if count > maximum:
            return (
                f"{CANNOT_RUN}InstanceCount is {count}, and this machine has room for {maximum} at once: a core and "
                "4 GiB of memory for each."
            )
        return None

    def programs(self, job: Job, reference: str) -> "ContainerPrograms":
        """Return the job's programs, not yet started.

        Args:
            job: the job to run.
            reference: its image with digest, as ``Images.find`` returns it.

        Raises:
            ContainerError: no Docker engine answers, or it stopped answering.
        """
        try:
            client = self._engine.client
            return ContainerPrograms(job, reference, self._images.auth, client, client.info(), self._aws)
        except _engine_errors() as error:
            raise ContainerError(f"The containers cannot be created: {error}") from error


def max_hosts() -> int:
    """Return how many hosts a job may have: as many as run at once here, but at least two, to rehearse such jobs."""
    return max(MIN_HOSTS, machine_slots())


@dataclass(frozen=True)
class ContainerPrograms:
    """The programs of a job that runs in containers."""

    job: Job
    reference: str
    auth: Callable[[], dict[str, str]]
    client: "docker.DockerClient"
    info: Mapping[str, Any]
    aws: "WSGIApplication"
    in_containers = True

    def notes(self) -> list[str]:
        """Return what this machine cannot rehearse, for the job's log."""
        instance = self.job.request["ResourceConfig"]["InstanceType"]
        if has_gpu(instance) and not self._has_gpus():
            return [f"no GPU of {instance} here: the job trains on the CPU"]
        return []

    def fetch(self, on_start: Callable[[], None], cancelled: Callable[[], bool]) -> None:
        """Pull the image, unless the engine has this digest already.

        Raises:
            ContainerError: the image cannot be pulled.
        """
        import docker.errors
        import requests

        with suppress(docker.errors.ImageNotFound):
            self.client.images.get(self.reference)
            return
        on_start()
        try:
            progress = self.client.api.pull(self.reference, stream=True, decode=True, auth_config=self.auth())
            for step in progress:
                if "error" in step:
                    raise ContainerError(f"The image {self.reference} cannot be pulled: {step['error']}")
                if cancelled():
                    return  # The engine stops a pull when its client leaves.
        except (docker.errors.DockerException, requests.RequestException) as error:
            raise ContainerError(f"The image {self.reference} cannot be pulled: {error}") from error

    @contextmanager
    def running(self, layouts: Sequence[Layout], note: Callable[[str], None]) -> Iterator[list[Container]]:
        """Run a container for each host during the ``with`` block; its end removes them.

        Raises:
            ContainerError: a container did not start.
        """
        labels = cleanup.labels(layouts[0].base)
        with ExitStack() as stack:
            for folder in (layouts[0].base.parent, layouts[0].cache and layouts[0].cache.parent):
                if folder:
                    stack.callback(cleanup.try_to, cleanup.take_ownership, self.client, self.reference, folder)
            try:
                made = stack.enter_context(network.create(self.client, self.job, len(layouts), labels, self.aws, note))
                created = [self._create_container(stack, layout, labels, made) for layout in layouts]
            except _engine_errors() as error:
                raise ContainerError(f"The containers cannot be created: {error}") from error
            yield [_start(layout.host, container) for layout, container in zip(layouts, created, strict=True)]

    def _create_container(
        self, stack: ExitStack, layout: Layout, labels: dict[str, str], joined: JobNetwork | None
    ) -> Any:
        """Create a host's container; it is not started yet."""
        name = f"trainyard-{self.job.name}-{layout.host}-{secrets.token_hex(4)}"
        api, endpoint = self.client.api, joined.endpoint if joined else None
        created = api.create_container(
            self.reference,
            command=arguments(self.job.request),
            entrypoint=self.job.request["AlgorithmSpecification"].get("ContainerEntrypoint"),
            name=name,
            hostname=layout.host,
            environment=environment(self.job, self._has_gpus(), endpoint) | layout.variables,
            labels=labels,
            host_config=api.create_host_config(**self._host_config(layout, joined)),
            networking_config=api.create_networking_config(
                {joined.name: api.create_endpoint_config(aliases=[layout.host])}
            )
            if joined
            else None,
            use_config_proxy=False,  # SageMaker's hosts have no proxy.
        )
        container = self.client.containers.get(created["Id"])
        stack.callback(cleanup.try_to, container.remove, v=True, force=True)
        return container

    def _host_config(self, layout: Layout, joined: JobNetwork | None) -> dict[str, Any]:
        """Return which folders, network, memory, cores and GPUs of this machine the container gets."""
        import docker.types

        instance = self.job.request["ResourceConfig"]["InstanceType"]
        limit = limits(instance, self.info)
        uses_gpus = has_gpu(instance) and self._has_gpus()
        all_gpus = [docker.types.DeviceRequest(count=-1, capabilities=[["gpu"]])]
        return {
            "mounts": [
                docker.types.Mount(target, str(source), type="bind", read_only=read_only)
                for target, source, read_only in mounts(layout, self.job.request, bool(joined and joined.endpoint))
            ],
            "network_mode": joined.name if joined else "none",
            "extra_hosts": None if joined else {layout.host: "127.0.0.1"},
            "mem_limit": limit.memory,
            "memswap_limit": limit.memory,  # The same as mem_limit: no swap.
            "nano_cpus": limit.cpus and limit.cpus * 10**9,
            "shm_size": limit.shared_memory,
            "device_requests": all_gpus if uses_gpus else None,
            # CloudWatch Logs has the lines; a second copy would fill the engine's disk.
            "log_config": docker.types.LogConfig(type="none"),
        }

    def _has_gpus(self) -> bool:
        return "nvidia" in self.info.get("Runtimes", {})


def arguments(request: Mapping[str, Any]) -> list[str] | None:
    """Return the arguments of the entry point: ``train``, unless the request sets an entry point or arguments.

    https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_AlgorithmSpecification.html
    """
    algorithm = request["AlgorithmSpecification"]
    requested: list[str] | None = algorithm.get("ContainerArguments")
    return requested if "ContainerEntrypoint" in algorithm else requested or ["train"]


def environment(job: Job, gpus: bool, endpoint: str | None) -> dict[str, str]:
    """Return the container's variables.

    Those that SageMaker sets and the request's; for an instance type whose GPUs this machine lacks, also the variable
    that switches off the trainer's check for a GPU.

    Args:
        job: the job.
        gpus: whether the container gets GPUs if its instance type has some.
        endpoint: the URL that answers what the program calls of AWS; None if nothing does.
    """
    aws = role.variables(endpoint, ROLE_IN_CONTAINER) if endpoint else {}
    without_gpu = {"TRAINER_WITHOUT_GPU": "allow"} if has_gpu(job.request["ResourceConfig"]["InstanceType"]) else {}
    service = {"AWS_REGION": job.region, "TRAINING_JOB_NAME": job.name, "TRAINING_JOB_ARN": job.arn}
    requested: Mapping[str, str] = job.request.get("Environment", {})
    return {**({} if gpus else without_gpu), **aws, **requested, **service}


def mounts(layout: Layout, request: Mapping[str, Any], with_role: bool) -> list[tuple[str, Path, bool]]:
    """Return a host's mounts: path in the container, folder on this machine, and whether it is read-only.

    ``/opt/ml`` itself is not mounted, because that would hide the image's ``/opt/ml/code``.

    Args:
        layout: the host's folders.
        request: CreateTrainingJob's parameters.
        with_role: whether the program gets its role's keys.
    """
    found = [(str(OPT_ML / name), layout.base / name, False) for name in ("input", "model", "output")]
    for channel in request.get("InputDataConfig", []):
        if input_mode(channel, request) == "FastFile":
            name = channel["ChannelName"]
            found.append((str(OPT_ML / "input/data" / name), layout.channel(name), True))
    folder = layout.checkpoints(request)
    if folder:
        found.append((layout.checkpoints_in_program(request), folder, False))
    if layout.cache:
        found.append((str(CACHE), layout.cache, False))
    if with_role:
        found.append((str(layout.role_in_program), layout.role, True))
    return found


def _start(host: str, container: Any) -> Container:
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
