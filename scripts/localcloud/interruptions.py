"""Interruptions of a spot job that you order: ``INTERRUPT=30s,90s:kill`` or ``INTERRUPT=random:3``.

``python -m scripts.cloud exec`` hands the order to the local cloud before it starts a verb, and gets a name for it. The
verb carries this name to the local cloud without knowing it: AWS's SDKs put AWS_SDK_UA_APP_ID into the User-Agent of
every call. So the order is for the job that this verb creates, and for no other:
https://docs.aws.amazon.com/sdkref/latest/guide/feature-appid.html
"""

import random
import re
import secrets
import threading
from dataclasses import dataclass
from itertools import pairwise

from scripts.core.errors import UserError

MAX_INTERRUPTIONS = 100
# random:N waits that many seconds of training before each interruption.
RANDOM_SECONDS = (5, 30)
_TIME = re.compile(r"(?P<seconds>\d{1,6}(\.\d{1,3})?)s(?P<checkpoint>:checkpoint)?(?P<kill>:kill)?", re.ASCII)
_RANDOM = re.compile(r"random:(?P<count>[1-9]\d{0,2})", re.ASCII)
FORM = "Write seconds of training in ascending order, such as 30s,90s:kill, or their number, such as random:3."


@dataclass(frozen=True)
class Interruption:
    """The local SageMaker takes away the instances of a spot job.

    Attributes:
        after: the seconds that the job has trained by then, all attempts together; `spot.due_interruption` counts them.
        warned: whether the programs get SIGTERM and the grace period of a stop; if not, they get SIGKILL.
        at_checkpoint: whether it also waits until S3 has a new checkpoint of these instances.
    """

    after: float
    warned: bool = True
    at_checkpoint: bool = False

    def __str__(self) -> str:
        return f"{self.after:g}s" + (":checkpoint" if self.at_checkpoint else "") + ("" if self.warned else ":kill")


def parse_interruptions(text: str, draw: random.Random) -> tuple[Interruption, ...]:
    """Return the interruptions that INTERRUPT names.

    Args:
        text: times such as ``30s,90s:kill`` or ``30s:checkpoint:kill``, or ``random:3``.
        draw: draws the times, and which come without a warning, for ``random:N``.

    Raises:
        UserError: the text has another form, or its times do not ascend.
    """
    drawn = _RANDOM.fullmatch(text)
    if drawn and int(drawn["count"]) <= MAX_INTERRUPTIONS:
        return _draw(int(drawn["count"]), draw)
    found = [_TIME.fullmatch(word) for word in text.split(",")]
    times = [Interruption(float(time["seconds"]), not time["kill"], bool(time["checkpoint"])) for time in found if time]
    if len(times) < len(found) or len(times) > MAX_INTERRUPTIONS:
        raise UserError(f"INTERRUPT={text} is not a list of at most {MAX_INTERRUPTIONS} interruptions.", FORM)
    if any(later.after <= earlier.after for earlier, later in pairwise(times)):
        raise UserError(f"The times in INTERRUPT={text} do not ascend.", FORM)
    return tuple(times)


def format_interruptions(interruptions: tuple[Interruption, ...]) -> str:
    """Return the text from which ``parse_interruptions`` makes these interruptions."""
    return ",".join(map(str, interruptions))


def _draw(count: int, draw: random.Random) -> tuple[Interruption, ...]:
    after, drawn = 0, []
    for _ in range(count):
        after += draw.randint(*RANDOM_SECONDS)
        drawn.append(Interruption(after, warned=draw.random() < 0.5))
    return tuple(drawn)


class Orders:
    """The interruptions that were ordered, each with its name. For the server."""

    def __init__(self) -> None:
        self._orders: dict[str, tuple[Interruption, ...]] = {}
        self._lock = threading.Lock()

    def add(self, text: str) -> str:
        """Keep an order, and return its name.

        Raises:
            UserError: the text is not an order.
        """
        interruptions, name = parse_interruptions(text, random.Random()), f"interrupt-{secrets.token_hex(4)}"  # noqa: S311 - no secret
        with self._lock:
            self._orders[name] = interruptions
        return name

    def find(self, name: str) -> tuple[Interruption, ...]:
        """Return the interruptions of an order; none if there is no order of this name."""
        with self._lock:
            return self._orders.get(name, ())
