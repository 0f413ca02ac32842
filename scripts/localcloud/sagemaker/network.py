"""A job's own network of containers, and the endpoint in it at which they call AWS."""

import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, ip_network
from typing import TYPE_CHECKING, Any

from scripts.localcloud.sagemaker import cleanup, endpoint
from scripts.localcloud.sagemaker.jobs import Job

if TYPE_CHECKING:
    import docker
    from _typeshed.wsgi import WSGIApplication

# Without this option, an internal network still reaches all addresses of this machine.
NO_MACHINE_ADDRESS = {"com.docker.network.bridge.inhibit_ipv4": "true"}


@dataclass(frozen=True)
class JobNetwork:
    """A job's network, by its name, and the URL at which its containers call AWS; None if they cannot."""

    name: str
    endpoint: str | None


@contextmanager
def create(
    client: "docker.DockerClient",
    job: Job,
    hosts: int,
    labels: dict[str, str],
    aws: "WSGIApplication",
    note: Callable[[str], None],
) -> Iterator[JobNetwork | None]:
    """Create a job's network during the ``with`` block; a single isolated host has none.

    Args:
        client: the Docker engine.
        job: the job.
        hosts: the number of its hosts.
        labels: the labels of all that the job has in the engine.
        aws: answers what the containers call of AWS, unless the job is isolated.
        note: writes a line into the job's log.

    Raises:
        docker.errors.DockerException: the engine cannot create it.
    """
    isolated = bool(job.request.get("EnableNetworkIsolation"))
    if isolated and hosts == 1:
        yield None
        return
    name = f"trainyard-{job.name}-{secrets.token_hex(4)}"
    # A job in a VPC has no way to the internet, and needs this machine's address in its network for the endpoint.
    network = client.networks.create(
        name,
        driver="bridge",
        internal=isolated or "VpcConfig" in job.request,
        options=NO_MACHINE_ADDRESS if isolated else None,
        labels=labels,
    )
    with ExitStack() as stack:
        stack.callback(cleanup.try_to, network.remove)
        if isolated:
            yield JobNetwork(name, None)
            return
        network.reload()
        yield JobNetwork(name, serve_endpoint(stack, network.attrs, aws, note))


def serve_endpoint(
    stack: ExitStack, attributes: Mapping[str, Any], aws: "WSGIApplication", note: Callable[[str], None]
) -> str | None:
    """Serve the endpoint and return its URL; None if this machine does not have the gateway's address."""
    address, network = gateway(attributes)
    try:
        return stack.enter_context(endpoint.serve(aws, address, network))
    except OSError:
        note(
            f"the program cannot call S3, CloudWatch Logs and STS: this machine does not have the address {address} of "
            "the job's network, as with an engine in a virtual machine or without root"
        )
        return None


def gateway(attributes: Mapping[str, Any]) -> tuple[IPv4Address, IPv4Network]:
    """Return this machine's IPv4 address in a network of the engine, and the network's addresses.

    Args:
        attributes: the engine's description of the network (``GET /networks/{id}``).
    """
    for entry in attributes["IPAM"]["Config"]:
        subnet = ip_network(entry["Subnet"])
        if isinstance(subnet, IPv4Network):
            # Some engines name the gateway only if it was chosen by hand; otherwise it is the first address.
            return IPv4Address(entry.get("Gateway") or next(subnet.hosts())), subnet
    raise ValueError(f"The network {attributes['Name']} has no IPv4 addresses.")
