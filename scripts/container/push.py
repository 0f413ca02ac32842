"""Push an image to the stack's repository, again where a token has run out or a connection was cut."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from scripts.container import engine, layers, repository
from scripts.container.answers import Meaning, compressed, meaning
from scripts.core import aws, console
from scripts.core.errors import UserError
from scripts.core.refusals import NOT_AUTHORIZED

if TYPE_CHECKING:
    from scripts.stack import Stack

TRIES = {Meaning.TOKEN: 2, Meaning.CUT: 4}
"""How often in a row a push may end so without a layer more in the repository; Docker tries several times itself."""
PAUSE = 1.0  # seconds before the second try of what was cut off; doubled before each after it
BROKEN_OFF = "unexpected EOF from the engine"
RIGHTS = (
    "ecr:GetAuthorizationToken, ecr:BatchCheckLayerAvailability, ecr:InitiateLayerUpload, ecr:UploadLayerPart, "
    "ecr:CompleteLayerUpload and ecr:PutImage"
)


@dataclass(frozen=True)
class Sent:
    """What a push has come to.

    Args:
        digest: of the image's manifest in the repository.
        new_layers: how many layers had to be sent.
        reused_layers: how many were there.
        bytes: the size of the new ones as they were sent, compressed; None where ECR does not tell it.
        seconds: how long it took.
    """

    digest: str
    new_layers: int
    reused_layers: int
    bytes: int | None
    seconds: float

    def summary(self) -> str:
        """One line."""
        size = "" if self.bytes is None else f" ({console.size(self.bytes)} sent)"
        return (
            f"{self.new_layers} new layer{'' if self.new_layers == 1 else 's'}{size}, "
            f"{self.reused_layers} there already, in {console.duration(self.seconds)}: {self.digest}"
        )


def push(image_id: str, stack: "Stack", tag: str) -> Sent:
    """Push an image that is on this machine.

    Args:
        image_id: the image's.
        stack: whose repository it goes to.
        tag: what it is called there.

    Returns:
        What was sent. Where somebody else has pushed this tag meanwhile, the digest is that of theirs.

    Raises:
        UserError: the repository is missing, the caller has no right to push, the disk is full, or the connection
            keeps being cut.
    """
    start = time.monotonic()
    client = engine.connect()
    with engine.explained(), _named(client, image_id, stack.repository_url, tag):
        ended = _push(client, stack, tag)
        diff_ids = client.api.inspect_image(image_id)["RootFS"].get("Layers") or []
    seconds = time.monotonic() - start
    sizes = None if ended.theirs else _sizes(stack, ended.digest, diff_ids)
    if sizes is None:
        return Sent(ended.digest, len(ended.sent), len(ended.reused), None, seconds)
    # Engines with containerd's image store speak of the configuration and the manifest, too.
    sent, reused = ended.sent & sizes.keys(), ended.reused & sizes.keys()
    return Sent(ended.digest, len(sent), len(reused), sum(sizes[layer] for layer in sent), seconds)


@dataclass(frozen=True)
class Pushed:
    """Where all attempts together have come to; layers by the engine's short ids."""

    digest: str
    sent: frozenset[str]
    reused: frozenset[str]
    theirs: bool = False


@contextmanager
def _named(client: Any, image_id: str, url: str, tag: str) -> Iterator[None]:
    """The image under the name that says where it goes, for as long as it takes."""
    client.api.tag(image_id, url, tag)
    try:
        yield
    finally:
        client.api.remove_image(f"{url}:{tag}", noprune=True)


def _push(client: Any, stack: "Stack", tag: str) -> Pushed:
    """Push until it is there; what an earlier attempt has sent counts as sent."""
    sent: set[str] = set()
    fruitless = 0
    while True:
        seen = _attempt(client, stack, tag)
        fruitless = 0 if set(seen.sent) - sent else fruitless + 1
        sent |= set(seen.sent)
        reused = frozenset(seen.reused) - sent
        if seen.digest and not seen.error:
            return Pushed(seen.digest, frozenset(sent), reused)
        error = seen.error or BROKEN_OFF
        found = meaning(error)
        theirs = repository.find(stack, tag) if found in {Meaning.TAKEN, Meaning.OTHER} else None
        if theirs:
            console.say(f"Somebody else has just pushed {tag}: theirs is used.")
            return Pushed(theirs, frozenset(sent), reused, theirs=True)
        if fruitless >= TRIES.get(found, 0):
            raise refusal(found, error, stack)
        if found is Meaning.TOKEN:
            console.say("The token was refused, or has run out: going on with a new one.")
        else:
            pause = PAUSE * 2**fruitless
            console.say(f"The push was cut off ({error}): going on in {pause:.0f} s.")
            time.sleep(pause)


def _attempt(client: Any, stack: "Stack", tag: str) -> layers.Layers:
    # With credentials given, the SDK reads none of the caller's docker configuration, and writes nothing.
    auth = repository.credentials()
    client.api.timeout = None  # the engine gives up by itself; ECR may be silent for long over a layer of gigabytes
    with layers.shown("Pushing") as seen:
        for event in client.api.push(stack.repository_url, tag, auth_config=auth, stream=True, decode=True):
            seen(event)
    return seen


def refusal(found: Meaning, message: str, stack: "Stack") -> UserError:
    """The two lines for a push that has failed for good."""
    where = f"{stack.repository_name} in account {stack.repository_account}, {stack.repository_region}"
    if found is Meaning.NO_REPOSITORY:
        return repository.missing(stack)
    if found is Meaning.DENIED:
        said = NOT_AUTHORIZED.search(message)
        action = f" ({said['action']})" if said else ""
        return UserError(
            f"You have no right to push to {where}{action}: {message}",
            f"Ask the account's administrator to allow you {RIGHTS} on {stack.repository_arn}.",
        )
    if found is Meaning.TOKEN:
        return UserError(
            f"The registry {stack.repository_url} does not take the tokens that ECR gives for it: {message}",
            "Look at the credentials (`aws sts get-caller-identity`) and at a proxy on the way, then `make image` "
            "again.",
        )
    return engine.explain(message) or UserError(
        f"The push to {where} failed: {message}",
        "`make image` again goes on from there: layers that are sent are skipped.",
    )


def _sizes(stack: "Stack", digest: str, diff_ids: list[str]) -> dict[str, int] | None:
    """How many bytes each layer has in the repository, for the engine counts them unpacked; None without the right."""
    version = {"imageDigest": digest}
    image = repository.Image(stack.repository_account, stack.repository_region, stack.repository_name, version)
    try:
        manifest = repository.manifest(image)
    except Exception as error:
        if not aws.is_access_denied(error):
            raise
        return None
    return compressed(manifest, diff_ids) if manifest else None
