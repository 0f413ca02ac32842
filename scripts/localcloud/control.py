"""Asks a running local cloud at its control addresses, which never get a fault."""

import json
from dataclasses import dataclass

from scripts.core.errors import UserError
from scripts.localcloud.engine import ContainerSupport
from scripts.localcloud.environment import CLOCK_PATH, FAULTS_PATH, INTERRUPTIONS_PATH, JOBS_PATH, Cloud

SECONDS = 30


@dataclass(frozen=True)
class FaultTally:
    """A rule of FAULTS, the number of calls that it has seen, and of those that it has given its fault."""

    text: str
    calls: int
    struck: int


@dataclass(frozen=True)
class FaultStatus:
    """The faults of a local cloud since they were set.

    Attributes:
        seed: from which the shares are drawn.
        rules: the rules in their order.
        operations: how often each operation was called, such as ``s3:PutObject``. It is empty without rules.
    """

    seed: int
    rules: list[FaultTally]
    operations: dict[str, int]


def container_support(cloud: Cloud) -> ContainerSupport:
    """Return whether the jobs of a local cloud run in containers, and if not, what is missing."""
    try:
        return ContainerSupport(**json.loads(_ask(cloud, "GET", JOBS_PATH)))
    except TimeoutError:
        return ContainerSupport("the Docker engine takes too long to answer", None)


def order_interruptions(cloud: Cloud, text: str) -> str:
    """Order interruptions of the spot job that a program will create, and return the order's name.

    Args:
        cloud: the local cloud.
        text: the interruptions, as ``format_interruptions`` writes them.
    """
    return _ask(cloud, "POST", INTERRUPTIONS_PATH, text)


def move_clock(cloud: Cloud, seconds: float) -> None:
    """Move the clock of a local cloud's warm pools forward, so that a pool ends without a wait."""
    _ask(cloud, "POST", CLOCK_PATH, str(seconds))


def set_faults(cloud: Cloud, text: str) -> None:
    """Replace the faults that a local cloud gives. An empty text ends them.

    Args:
        cloud: a running local cloud.
        text: the rules, see ``scripts/localcloud/faults/rules.py``.

    Raises:
        UserError: a rule is wrong; then the earlier rules stay.
    """
    _ask(cloud, "PUT", FAULTS_PATH, text)


def fault_status(cloud: Cloud) -> FaultStatus:
    """Return which faults a local cloud gives, and what they have done so far."""
    content = json.loads(_ask(cloud, "GET", FAULTS_PATH))
    return FaultStatus(content["seed"], [FaultTally(**rule) for rule in content["rules"]], content["operations"])


def _ask(cloud: Cloud, method: str, path: str, text: str = "") -> str:
    """Return the text of an answer. The server refuses with a problem and a fix, one on each line."""
    import http.client  # Here, because most verbs do not need it and start faster without it.

    connection = http.client.HTTPConnection("127.0.0.1", cloud.port, timeout=SECONDS)
    try:
        connection.request(method, path, text.encode())
        answer = connection.getresponse()
        content = answer.read().decode()
    finally:
        connection.close()
    if answer.status != 200:
        problem, _, fix = content.partition("\n")
        raise UserError(problem, fix)
    return content
