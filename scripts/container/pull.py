"""Bring the base to this machine: AWS's by a token of its registry, the one that BASE= names as Docker would.

Nothing is asked for what is here already. A token goes to the engine with the call that needs it, never to the
docker command line, its configuration or a log.
"""

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from scripts.container import catalogue, engine, layers
from scripts.container.base import LOCK, Base, read_lock, remember, write_lock
from scripts.core import aws
from scripts.core.errors import UserError

if TYPE_CHECKING:
    import docker

UNREACHED = ("dial tcp", "no such host", "timeout", "connection re", "tls handshake", "eof", "no route", "network is")
REFUSED = ("denied", "unauthorized", "no basic auth", "forbidden", "not authorized")
ABSENT = ("not found", "manifest unknown", "does not exist")
RIGHTS = "ecr:BatchCheckLayerAvailability, ecr:BatchGetImage and ecr:GetDownloadUrlForLayer"


@dataclass(frozen=True)
class Source:
    """Where AWS's containers are pulled from.

    Args:
        repository: without a tag.
        auth: for the engine; empty where nobody has to say who he is.
    """

    repository: str
    auth: Mapping[str, str]


def find(client: "docker.DockerClient", base: Base) -> Base | None:
    """The base by the name that it has on this machine, or None where it is not here."""
    if not base.pin:
        return None
    names = [base.reference, f"{catalogue.PUBLIC}@{base.pin}"] if base.tag else [base.reference]
    for name in names:
        image = _inspect(client, name)
        if image and (base.tag or base.pin in {image["Id"], _pin(image, name)}):
            return replace(base, reference=name)
    return None


def ensure(client: "docker.DockerClient", base: Base, region: str, say: Callable[[str], None]) -> Base:
    """Have the base on this machine.

    Args:
        client: the engine.
        base: without a pin, the newest under its tag is pulled.
        region: whose registry AWS's containers are pulled from.
        say: told what is done.

    Returns:
        The base by its name here, with its pin. AWS's pin is in the lock file from now on.

    Raises:
        UserError: it cannot be pulled, or what bears the name now is not what was remembered.
    """
    here = find(client, base)
    if here is not None:
        return here
    if base.tag:
        return from_source(client, source(region), base, say)
    found = take(client, base.reference, say)
    if found.pin != base.pin:
        raise UserError(
            f"{base.reference} is another image now: {found.pin}, and {base.pin} was remembered.",
            f"Take the one of now: `make base BASE={base.reference}`. Back to AWS's: `make base UPDATE=1`.",
        )
    return found


def take(client: "docker.DockerClient", reference: str, say: Callable[[str], None]) -> Base:
    """The image that BASE= names: the one on this machine, else pulled.

    Raises:
        UserError: it cannot be pulled, or SageMaker's instances cannot run it.
    """
    image = _inspect(client, reference)
    if image is None:
        say(f"Pulling {reference}")
        _pull(client, reference, None)
        image = _inspected(client, reference)
    _check_platform(image, reference)
    return Base(reference, _pin(image, reference))


def use(client: "docker.DockerClient", reference: str, environment: str, say: Callable[[str], None]) -> Base:
    """`take` an image, and build this environment's on it from now on."""
    found = take(client, reference, say)
    remember(environment, found)
    return found


def tags_here(client: "docker.DockerClient") -> set[str]:
    """The tags of AWS's containers that are on this machine."""
    names = [name for image in client.api.images() for name in image["RepoTags"] or ()]
    return {name.rpartition(":")[2] for name in names if f"/{catalogue.NAME}:" in name}


def source(region: str) -> Source:
    """AWS's registry with a token for it; the public one where the token is for another registry.

    Raises:
        UserError: AWS has no containers in this region.
    """
    account = catalogue.account(region)
    data = aws.client("ecr").get_authorization_token(registryIds=[account])["authorizationData"][0]
    host = urlsplit(data["proxyEndpoint"]).hostname or ""
    if not host.endswith((".amazonaws.com", ".amazonaws.com.cn")):
        return Source(catalogue.PUBLIC, {})
    user, _, password = base64.b64decode(data["authorizationToken"]).decode().partition(":")
    return Source(catalogue.repository(region), {"username": user, "password": password})


def from_source(client: "docker.DockerClient", where: Source, base: Base, say: Callable[[str], None]) -> Base:
    """Pull one of AWS's containers, by its digest where it has one, and keep the digest in the lock file.

    Raises:
        UserError: it cannot be pulled, or SageMaker's instances cannot run it.
    """
    by_tag = f"{where.repository}:{base.tag}"
    name = f"{where.repository}@{base.pin}" if base.pin else by_tag
    say(f"Pulling {name}" + (f" ({base.tag})" if base.pin else ""))
    _pull(client, name, where.auth)
    image = _inspected(client, name)
    _check_platform(image, name)
    if base.pin:
        # By digest it has no name that `docker images` would show, or that says which version it is.
        client.api.tag(name, where.repository, base.tag)
    pin = base.pin or _pin(image, by_tag)
    before = read_lock().get(base.tag)
    if before != pin:
        write_lock(base.tag, pin)
        say(f"{LOCK} now holds its digest: commit it, and everybody builds on {pin}.")
    return Base(f"{where.repository}@{pin}", pin, base.tag)


def cannot_pull(name: str, message: str) -> UserError:
    """The two lines for a pull that failed, by the engine's message."""
    told = engine.explain(message)
    if told:
        return told
    lower = message.lower()
    of_aws = (catalogue.NAME in name and ".dkr.ecr." in name) or name.startswith(catalogue.PUBLIC)
    other = "`docker images` shows what is on this machine: BASE=NAME builds on that."
    if any(word in lower for word in UNREACHED):
        return UserError(
            f"{name} cannot be pulled, for its registry is not reached: {message}",
            f"Check the network, and the engine's proxy. {other}",
        )
    if any(word in lower for word in ABSENT) and "pull access denied" not in lower:
        newest = "Take the newest under its tag: `make base UPDATE=1`." if of_aws else f"Correct the name. {other}"
        return UserError(f"There is no {name}: {message}", newest)
    if any(word in lower for word in REFUSED):
        asking = (
            f"Ask the account's administrator to allow you {RIGHTS}." if of_aws else "Log in first: `docker login`."
        )
        return UserError(f"You may not pull {name}: {message}", f"{asking} {other}")
    return UserError(f"{name} cannot be pulled: {message}", other)


def _pull(client: Any, name: str, auth: Mapping[str, str] | None) -> None:
    # An empty auth is nobody's; None lets the SDK look into the user's own docker configuration.
    import docker

    given = None if auth is None else dict(auth)
    try:
        with layers.shown("Pulling") as see:
            for event in client.api.pull(name, auth_config=given, platform=engine.PLATFORM, stream=True, decode=True):
                see(event)
    except docker.errors.APIError as error:
        raise cannot_pull(name, engine.message_of(error)) from None
    if see.error:
        raise cannot_pull(name, see.error)


def _inspect(client: Any, name: str) -> dict[str, Any] | None:
    import docker

    try:
        found: dict[str, Any] = client.api.inspect_image(name)
    except docker.errors.NotFound:
        return None
    except docker.errors.APIError as error:
        if error.is_client_error():
            raise UserError(
                f"BASE={name} is no image's name: {engine.message_of(error)}", "Such as BASE=name:tag."
            ) from None
        raise
    return found


def _inspected(client: Any, name: str) -> dict[str, Any]:
    found = _inspect(client, name)
    if found is None:
        raise UserError(f"{name} is gone again.", "Somebody removes images here: try again when that has ended.")
    return found


def _pin(image: Mapping[str, Any], name: str) -> str:
    """The image's digest under this name in a registry; its id where it is in none."""
    repository, _, digest = name.partition("@")
    if digest:
        return digest
    head, colon, tag = repository.rpartition(":")
    repository = head if colon and "/" not in tag else repository
    held = [one.partition("@")[2] for one in image.get("RepoDigests") or [] if one.startswith(f"{repository}@")]
    return str(held[0] if held else image["Id"])


def _check_platform(image: Mapping[str, Any], name: str) -> None:
    its = f"{image['Os']}/{image['Architecture']}"
    if its != engine.PLATFORM:
        raise engine.other_architecture(f"{name} is for {its}.")
