"""Watches the other hosts of a job while a program trains on all of them, so that no host waits for one that is gone.

TensorFlow alone would not do: in a test it noticed a killed worker after 23 seconds, and a program that waits for a
worker does not handle SIGTERM.

The process that started the program keeps a connection to the first host (`trainyard.hosts.link`). Its last message
says how it ended: as it should, or which host was lost first. A connection that ends without one is a lost host.
"""

import contextlib
import socket
import threading
import time
from collections.abc import Iterator, Mapping, Sequence

from trainyard.errors import JobError
from trainyard.hosts.connection import Connection
from trainyard.hosts.link import (
    POLL_SECONDS,
    SILENCE_LIMIT_SECONDS,
    HostLostError,
    Link,
    address,
    connect,
    seconds_to_wait,
)
from trainyard.stop import Stop


class Watch:
    """What one host knows about the programs of the others.

    Args:
        link: the link between the hosts.

    Attributes:
        lost: the first other host that ended early, once one has.
    """

    def __init__(self, link: Link) -> None:
        self.lost: HostLostError | None = None
        self._link = link
        self._readers = [threading.Thread(target=self._follow, args=(each,), daemon=True) for each in link.connections]
        for reader in self._readers:
            reader.start()

    @property
    def others(self) -> bool:
        """Whether there are other hosts."""
        return bool(self._readers)

    def end(self, stop: Stop) -> None:
        """Say that the program ended here as it should.

        The first host waits until all others have ended, because they learn from it that a host was lost.

        Args:
            stop: ends the waiting.
        """
        while self._link.index == 0 and not stop.requested and self._reading(POLL_SECONDS):
            pass
        self._link.finish()

    def fail(self, reason: str) -> HostLostError | None:
        """Say that the program failed here, so that the others end too.

        They answer at once. A host that does not answer was perhaps lost before, and is the cause.

        Returns:
            The other host that was lost, which may be the cause; None if there is none.
        """
        self._link.leave(reason)
        self._reading(SILENCE_LIMIT_SECONDS + POLL_SECONDS)
        return self.lost

    def _reading(self, seconds: float) -> bool:
        """Wait for the last message of every host, at most that long; return whether one is missing."""
        deadline = time.monotonic() + seconds
        for reader in self._readers:
            reader.join(max(0.0, deadline - time.monotonic()))
        return any(reader.is_alive() for reader in self._readers)

    def _follow(self, connection: Connection) -> None:
        """Read the messages of a host up to its last one."""
        try:
            self._link.receive(connection)
        except HostLostError as lost:
            if lost.host != self._link.hosts[self._link.index]:
                self.lost = self.lost or lost
            # The other side waits for this, so that it does not take this host's end for a loss.
            connection.send({"lost": lost.host, "reason": lost.reason})


@contextlib.contextmanager
def watched(hosts: Sequence[str], current: str, stop: Stop, environ: Mapping[str, str]) -> Iterator[Watch]:
    """Wait for the other hosts, and watch them until the ``with`` block ends. If it raises, they end too.

    Args:
        hosts: the hosts on which the program trains together; none if it trains alone.
        current: the name of this host.
        stop: ends the waiting. Then nobody is watched.
        environ: TRAINER_HOSTS_SECONDS is how long to wait for a host; the default is 300.

    Raises:
        JobError: a host did not appear, or its name has no address here.
    """
    seconds = seconds_to_wait(environ)
    link = connect(hosts or [current], current, stop, seconds) or Link([current], 0, [])
    watch = Watch(link)
    try:
        _wait_for_names(hosts, stop, seconds)
        yield watch
    except HostLostError:
        raise
    except BaseException as error:
        watch.fail(str(error) or type(error).__name__)
        raise
    finally:
        link.close()


def _wait_for_names(hosts: Sequence[str], stop: Stop, seconds: float) -> None:
    """Wait until the names of all hosts have an address: TensorFlow would wait for them without a word."""
    deadline = time.monotonic() + seconds
    while missing := [host for host in hosts if not _has_address(host)]:
        if stop.requested:
            return
        if time.monotonic() > deadline:
            raise JobError(
                f"On this host, {', '.join(missing)} had no address within {seconds:g} seconds.",
                "SageMaker gives every host of a job an address; by hand, start each container with its --hostname.",
            )
        time.sleep(POLL_SECONDS)


def _has_address(host: str) -> bool:
    try:
        socket.getaddrinfo(*address(host))
    except OSError:
        return False
    return True
