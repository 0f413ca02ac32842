"""Calls that outlast an outage: each is made again until it succeeds, and one line says what they wait for.

What can be waited for is decided by `scripts.core.outages`. Any other error is raised unchanged.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, TypeVar

from scripts.core import aws, console
from scripts.core.outages import Cause, cause_of

FIRST_PAUSE, LONGEST_PAUSE = 1.0, 15.0
UNNOTICED_SECONDS = 5.0  # an outage that is shorter prints nothing
T = TypeVar("T")


@dataclass(frozen=True)
class Outage:
    """Calls that have failed one after another.

    Args:
        since: the time of the first failure, in seconds since 1970.
        cause: why the last one failed.
        failures: how many there were.
        reported: the cause that was printed; None before that.
    """

    since: float
    cause: Cause
    failures: int = 1
    reported: Cause | None = None

    @property
    def pause(self) -> float:
        """The pause before the next call: it doubles up to `LONGEST_PAUSE`."""
        return min(LONGEST_PAUSE, FIRST_PAUSE * 2.0 ** min(self.failures - 1, 10))

    def is_due(self, now: float) -> bool:
        """Whether to print a line: once for each cause, at once if only a person can end the outage."""
        noticed = now - self.since >= UNNOTICED_SECONDS or self.cause is Cause.CREDENTIALS
        return noticed and self.reported is not self.cause


def after_failure(outage: Outage | None, cause: Cause, now: float) -> Outage:
    """The outage with one more failed call."""
    return replace(outage, cause=cause, failures=outage.failures + 1) if outage else Outage(now, cause)


def waiting_line(outage: Outage, meanwhile: str) -> str:
    """The line that says since when, what for, and what happens meanwhile."""
    since = _clock(outage.since)
    if outage.cause is Cause.CREDENTIALS:
        return (
            f"Waiting since {since} for new credentials: sign in again in another terminal, for example "
            f"`aws sso login`. {meanwhile}"
        )
    return f"Waiting since {since} for {outage.cause.value}. {meanwhile}"


class Patience:
    """Makes calls to AWS, waits while they fail for a reason that passes, and renews the credentials.

    Args:
        meanwhile: what happens while it waits, as a sentence.
        say: prints a line.
        connect: makes a client of a service; each is made once until the credentials are renewed.
        now: the time in seconds since 1970.
        sleep: waits for some seconds.
    """

    def __init__(
        self,
        meanwhile: str,
        say: Callable[[str], None] = console.say,
        connect: Callable[[str], Any] = aws.client_of_one_attempt,
        now: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._meanwhile, self._say = meanwhile, say
        self.connect, self.now, self.sleep = connect, now, sleep
        self._clients: dict[str, Any] = {}
        self.outage: Outage | None = None

    def client(self, service: str) -> Any:
        """The client of a service, with the newest credentials."""
        if service not in self._clients:
            self._clients[service] = self.connect(service)
        return self._clients[service]

    def call(self, ask: Callable[[], T]) -> T:
        """Call ``ask`` until it succeeds; it takes its clients from `client`.

        Raises:
            Exception: an error that does not pass by itself, or expired credentials that cannot change here.
        """
        while True:
            try:
                answer = ask()
            except Exception as error:
                pause = self.failed(error)
            else:
                self.succeeded()
                return answer
            self.sleep(pause)

    def failed(self, error: Exception) -> float:
        """Note that a call has failed, and give the pause before the next one. Raises as `call`."""
        cause = cause_of(error)
        if cause is None or (cause is Cause.CREDENTIALS and not aws.can_renew()):
            raise error
        outage = after_failure(self.outage, cause, self.now())
        if cause in {Cause.CREDENTIALS, Cause.CLOCK}:
            aws.renew()
            self._clients.clear()
        if outage.is_due(self.now()):
            self._say(waiting_line(outage, self._meanwhile))
            outage = replace(outage, reported=cause)
        self.outage = outage
        return outage.pause

    def succeeded(self) -> None:
        """Note that a call has succeeded."""
        if self.outage is not None and self.outage.reported:
            self._say(f"AWS answers again, at {_clock(self.now())}.")
        self.outage = None


def _clock(moment: float) -> str:
    return f"{datetime.fromtimestamp(moment).astimezone():%H:%M:%S}"
