"""Push an image to the stack's repository, and try again if the token expired or the connection broke."""

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from scripts.container import engine, layers, repository
from scripts.container.push_errors import PushError, classify, compressed_sizes
from scripts.core import aws, console
from scripts.core.errors import UserError
from scripts.core.refusals import NOT_AUTHORIZED

if TYPE_CHECKING:
    from scripts.stack import Stack

TRIES = {PushError.BAD_TOKEN: 2, PushError.DISCONNECTED: 4}
"""How often in a row a push may fail like this without a new layer sent; Docker itself tries several times too."""
PAUSE = 1.0  # seconds before the second try after a broken connection; each further pause is twice as long
NO_DIGEST = "unexpected EOF from the engine"
RIGHTS = (
    "ecr:GetAuthorizationToken, ecr:BatchCheckLayerAvailability, ecr:InitiateLayerUpload, ecr:UploadLayerPart, "
    "ecr:CompleteLayerUpload and ecr:PutImage"
)


@dataclass(frozen=True)
class PushResult:
    """The result of a push.

    Args:
        digest: the digest of the image's manifest in the repository.
        new_layers: how many layers were sent.
        reused_layers: how many layers the repository had already.
        bytes: the compressed size of the new layers; None if ECR does not tell it.
        seconds: the duration.
    """

    digest: str
    new_layers: int
    reused_layers: int
    bytes: int | None
    seconds: float

    def summary(self) -> str:
        """The result in one line."""
        size = "" if self.bytes is None else f" ({console.size(self.bytes)} sent)"
        return (
            f"{self.new_layers} new layer{'' if self.new_layers == 1 else 's'}{size}, "
            f"{self.reused_layers} there already, in {console.duration(self.seconds)}: {self.digest}"
        )


def push(image_id: str, stack: "Stack", tag: str) -> PushResult:
    """Push an image that is on this machine.

    Args:
        image_id: the image's id.
        stack: the stack whose repository gets the image.
        tag: the image's tag in the repository.

    Returns:
        The result. If somebody else has just pushed this tag, the digest is that of their image.

    Raises:
        UserError: the repository is missing, you lack the right to push, the disk is full, or the connection keeps
            breaking.
    """
    start = time.monotonic()
    client = engine.connect()
    with engine.explain_errors(), _tagged(client, image_id, stack.repository_url, tag):
        attempts = _push(client, stack, tag)
        diff_ids = client.api.inspect_image(image_id)["RootFS"].get("Layers") or []
    seconds = time.monotonic() - start
    sizes = None if attempts.pushed_by_others else _sizes(stack, attempts.digest, diff_ids)
    if sizes is None:
        return PushResult(attempts.digest, len(attempts.sent), len(attempts.reused), None, seconds)
    # Engines with containerd's image store also count the configuration and the manifest, which are not layers.
    sent, reused = attempts.sent & sizes.keys(), attempts.reused & sizes.keys()
    return PushResult(attempts.digest, len(sent), len(reused), sum(sizes[layer] for layer in sent), seconds)


@dataclass(frozen=True)
class Attempts:
    """The result of all attempts together; layers by the engine's short ids."""

    digest: str
    sent: frozenset[str]
    reused: frozenset[str]
    pushed_by_others: bool = False


@contextmanager
def _tagged(client: Any, image_id: str, url: str, tag: str) -> Iterator[None]:
    """Give the image its name in the repository for the time of the block; a push needs it."""
    import docker

    client.api.tag(image_id, url, tag)
    try:
        yield
    finally:
        with suppress(docker.errors.NotFound):  # another command pushes the same tag, and was faster
            client.api.remove_image(f"{url}:{tag}", noprune=True)


def _push(client: Any, stack: "Stack", tag: str) -> Attempts:
    """Push until all layers are sent; those of earlier attempts count as sent."""
    sent: set[str] = set()
    failures = 0  # in a row, without a new layer
    while True:
        attempt = _attempt(client, stack, tag)
        failures = 0 if set(attempt.sent) - sent else failures + 1
        sent |= set(attempt.sent)
        reused = frozenset(attempt.reused) - sent
        if attempt.digest and not attempt.error:
            return Attempts(attempt.digest, frozenset(sent), reused)
        message = attempt.error or NO_DIGEST
        kind = classify(message)
        other = repository.find(stack, tag) if kind in {PushError.TAG_EXISTS, PushError.OTHER} else None
        if other:
            console.say(f"Somebody else has just pushed {tag}: their image is used.")
            return Attempts(other, frozenset(sent), reused, pushed_by_others=True)
        if failures >= TRIES.get(kind, 0):
            raise push_error(kind, message, stack)
        if kind is PushError.BAD_TOKEN:
            console.say("The token was refused or has expired: continuing with a new one.")
        else:
            pause = PAUSE * 2**failures
            console.say(f"The push was interrupted ({message}): continuing in {pause:.0f} s.")
            time.sleep(pause)


def _attempt(client: Any, stack: "Stack", tag: str) -> layers.Layers:
    # With these credentials, the SDK neither reads nor writes the caller's docker configuration.
    auth = repository.credentials()
    client.api.timeout = None  # the engine has its own timeout; ECR may take long over a layer of gigabytes
    with layers.show_progress("Pushing") as progress:
        for event in client.api.push(stack.repository_url, tag, auth_config=auth, stream=True, decode=True):
            progress(event)
    return progress


def push_error(kind: PushError, message: str, stack: "Stack") -> UserError:
    """The two-line error for a push that has finally failed."""
    where = f"{stack.repository_name} in account {stack.repository_account}, {stack.repository_region}"
    if kind is PushError.NO_REPOSITORY:
        return repository.missing_repository(stack)
    if kind is PushError.DENIED:
        match = NOT_AUTHORIZED.search(message)
        action = f" ({match['action']})" if match else ""
        return UserError(
            f"You have no right to push to {where}{action}: {message}",
            f"Ask the account's administrator to allow you {RIGHTS} on {stack.repository_arn}.",
        )
    if kind is PushError.BAD_TOKEN:
        return UserError(
            f"The registry {stack.repository_url} does not accept the tokens that ECR issues for it: {message}",
            "Check your credentials (`aws sts get-caller-identity`) and any proxy in between, then run `make image` "
            "again.",
        )
    return engine.explain(message) or UserError(
        f"The push to {where} failed: {message}",
        "Run `make image` again: it continues from there and skips the layers that were sent.",
    )


def _sizes(stack: "Stack", digest: str, diff_ids: list[str]) -> dict[str, int] | None:
    """The compressed size of each layer in the repository; None if you lack the right to read it."""
    version = {"imageDigest": digest}
    image = repository.Image(stack.repository_account, stack.repository_region, stack.repository_name, version)
    try:
        manifest = repository.manifest(image)
    except Exception as error:
        if not aws.is_access_denied(error):
            raise
        return None
    return compressed_sizes(manifest, diff_ids) if manifest else None
