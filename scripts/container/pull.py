"""Pull the base: AWS's container with a token of its registry, the image that BASE= names as `docker pull` would.

A base that is on this machine already needs no request. The token goes to the engine only with the call that needs it,
never to the docker command line, its configuration or a log.
"""

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from scripts.container import catalogue, engine, layers
from scripts.container.base import LOCK, Base, read_lock, remember_base, write_lock
from scripts.core import aws
from scripts.core.errors import UserError

if TYPE_CHECKING:
    import docker

UNREACHABLE = ("dial tcp", "no such host", "timeout", "connection re", "tls handshake", "eof", "no route", "network is")
REFUSED = ("denied", "unauthorized", "no basic auth", "forbidden", "not authorized")
NOT_FOUND = ("not found", "manifest unknown", "does not exist")
RIGHTS = "ecr:BatchCheckLayerAvailability, ecr:BatchGetImage and ecr:GetDownloadUrlForLayer"


@dataclass(frozen=True)
class Source:
    """Where AWS's containers are pulled from.

    Args:
        repository: the repository, without a tag.
        auth: the credentials for the engine; empty for a registry that needs none.
    """

    repository: str
    auth: Mapping[str, str]


def find_local(client: "docker.DockerClient", base: Base) -> Base | None:
    """The base with its name on this machine, or None if it is not on this machine."""
    if not base.pin:
        return None
    names = [base.reference, f"{catalogue.PUBLIC}@{base.pin}"] if base.tag else [base.reference]
    for name in names:
        image = _inspect(client, name)
        if image and (base.tag or base.pin in {image["Id"], _pin_of(image, name)}):
            return replace(base, reference=name)
    return None


def ensure(client: "docker.DockerClient", base: Base, region: str, say: Callable[[str], None]) -> Base:
    """Pull the base if it is not on this machine.

    Args:
        client: the engine.
        base: the base; if it has no pin, the newest image of its tag is pulled.
        region: the region whose registry AWS's containers are pulled from.
        say: prints progress.

    Returns:
        The base with its name on this machine and its pin. The pin of AWS's container is then in the lock file.

    Raises:
        UserError: it cannot be pulled, or its name now belongs to another image than the remembered one.
    """
    local = find_local(client, base)
    if local is not None:
        return local
    if base.tag:
        return pull_aws_base(client, source(region), base, say)
    found = get_image(client, base.reference, say)
    if found.pin != base.pin:
        raise UserError(
            f"{base.reference} is another image now: its id is {found.pin}, and {base.pin} was remembered.",
            f"To use the new one: `make base BASE={base.reference}`. To go back to AWS's: `make base UPDATE=1`.",
        )
    return found


def get_image(client: "docker.DockerClient", reference: str, say: Callable[[str], None]) -> Base:
    """The image that BASE= names; it is pulled if it is not on this machine.

    Raises:
        UserError: it cannot be pulled, or SageMaker's instances cannot run it.
    """
    image = _inspect(client, reference)
    if image is None:
        say(f"Pulling {reference}")
        _pull(client, reference, None)
        image = _inspect_pulled(client, reference)
    _check_platform(image, reference)
    return Base(reference, _pin_of(image, reference))


def choose_image(client: "docker.DockerClient", reference: str, environment: str, say: Callable[[str], None]) -> Base:
    """Get an image and remember it as the base of this environment's images."""
    found = get_image(client, reference, say)
    remember_base(environment, found)
    return found


def local_tags(client: "docker.DockerClient") -> set[str]:
    """The tags of AWS's containers that are on this machine."""
    names = [name for image in client.api.images() for name in image["RepoTags"] or ()]
    return {name.rpartition(":")[2] for name in names if f"/{catalogue.NAME}:" in name}


def source(region: str) -> Source:
    """AWS's registry with a token for it; the public registry if the token is for another registry.

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


def pull_aws_base(client: "docker.DockerClient", where: Source, base: Base, say: Callable[[str], None]) -> Base:
    """Pull one of AWS's containers, by its digest if the base has one, and write the digest to the lock file.

    Raises:
        UserError: it cannot be pulled, or SageMaker's instances cannot run it.
    """
    by_tag = f"{where.repository}:{base.tag}"
    name = f"{where.repository}@{base.pin}" if base.pin else by_tag
    say(f"Pulling {name}" + (f" ({base.tag})" if base.pin else ""))
    _pull(client, name, where.auth)
    image = _inspect_pulled(client, name)
    _check_platform(image, name)
    if base.pin:
        # An image pulled by digest has no tag: `docker images` would not show its version.
        client.api.tag(name, where.repository, base.tag)
    pin = base.pin or _pin_of(image, by_tag)
    before = read_lock().get(base.tag)
    if before != pin:
        write_lock(base.tag, pin)
        say(f"{LOCK} now holds its digest: commit it, so that everybody builds on {pin}.")
    return Base(f"{where.repository}@{pin}", pin, base.tag)


def pull_error(name: str, message: str) -> UserError:
    """The two-line error for a pull that failed with this message of the engine."""
    explained = engine.explain(message)
    if explained:
        return explained
    lower = message.lower()
    from_aws = (catalogue.NAME in name and ".dkr.ecr." in name) or name.startswith(catalogue.PUBLIC)
    other = "Or build on an image of this machine: `docker images` lists them, BASE=NAME names one."
    if any(word in lower for word in UNREACHABLE):
        return UserError(
            f"{name} cannot be pulled, because its registry cannot be reached: {message}",
            f"Check the network and the engine's proxy. {other}",
        )
    if any(word in lower for word in NOT_FOUND) and "pull access denied" not in lower:
        newest = "Use the newest image of its tag: `make base UPDATE=1`." if from_aws else f"Correct the name. {other}"
        return UserError(f"There is no {name}: {message}", newest)
    if any(word in lower for word in REFUSED):
        fix = f"Ask the account's administrator to allow you {RIGHTS}." if from_aws else "Log in first: `docker login`."
        return UserError(f"You may not pull {name}: {message}", f"{fix} {other}")
    return UserError(f"{name} cannot be pulled: {message}", f"Correct what the message names. {other}")


def _pull(client: Any, name: str, auth: Mapping[str, str] | None) -> None:
    # With an empty auth, Docker pulls anonymously. With None, the SDK reads the user's docker configuration.
    import docker

    config = None if auth is None else dict(auth)
    try:
        with layers.show_progress("Pulling") as progress:
            for event in client.api.pull(name, auth_config=config, platform=engine.PLATFORM, stream=True, decode=True):
                progress(event)
    except docker.errors.APIError as error:
        raise pull_error(name, engine.error_message(error)) from None
    if progress.error:
        raise pull_error(name, progress.error)


def _inspect(client: Any, name: str) -> dict[str, Any] | None:
    import docker

    try:
        found: dict[str, Any] = client.api.inspect_image(name)
    except docker.errors.NotFound:
        return None
    except docker.errors.APIError as error:
        if error.is_client_error():
            raise UserError(
                f"BASE={name} is not a valid image name: {engine.error_message(error)}", "Write it as BASE=name:tag."
            ) from None
        raise
    return found


def _inspect_pulled(client: Any, name: str) -> dict[str, Any]:
    found = _inspect(client, name)
    if found is None:
        raise UserError(
            f"{name} was removed right after the pull.",
            "Something else removes images on this machine: try again when that has ended.",
        )
    return found


def _pin_of(image: Mapping[str, Any], name: str) -> str:
    """The image's digest for this name in a registry; its id if it is in no registry."""
    repository, _, digest = name.partition("@")
    if digest:
        return digest
    head, colon, tag = repository.rpartition(":")
    repository = head if colon and "/" not in tag else repository
    digests = [one.partition("@")[2] for one in image.get("RepoDigests") or [] if one.startswith(f"{repository}@")]
    return str(digests[0] if digests else image["Id"])


def _check_platform(image: Mapping[str, Any], name: str) -> None:
    platform = f"{image['Os']}/{image['Architecture']}"
    if platform != engine.PLATFORM:
        raise engine.wrong_platform(f"{name} is for {platform}.")
