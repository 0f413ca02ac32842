"""Connects the hosts of a job, so that they find each other and exchange plain data. Without TensorFlow.

Every host keeps one connection to the first host, the chief. TensorFlow alone would not do: it waits 13 minutes for a
host that never appears, ignores SIGTERM meanwhile, and never names the missing host. The trainer uses this link
(`trainyard.hosts.cluster`), and so does the process that starts another program (`trainer.contract.watch`).
"""

import contextlib
import re
import select
import socket
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from trainyard.errors import JobError
from trainyard.hosts.connection import Connection, Message
from trainyard.stop import Stop, sigterm_blocked

PORT = 2222
"""The port of this link on every host."""

# The environment variable with the seconds to wait for a host, and its default.
WAIT_VARIABLE = "TRAINER_HOSTS_SECONDS"
DEFAULT_WAIT = "300"

# A waiting host checks this often whether it should stop.
POLL_SECONDS = 0.5
# After an error that the loss of another host may have caused, a host waits this long for the name of that host.
LOST_HOST_WAIT_SECONDS = 20.0

# Every host sends heartbeats this often, whatever else it does.
HEARTBEAT_SECONDS = 10.0
# A host that sends nothing for this long counts as lost: it is frozen, or out of memory and swapping.
SILENCE_LIMIT_SECONDS = 60.0


def address(host: str, port: int = PORT) -> tuple[str, int]:
    """Return name and port of a host. A host written ``name:port`` has its own port for everything."""
    name, _, own = host.rpartition(":")
    return (name, int(own)) if name else (host, port)


def seconds_to_wait(environ: Mapping[str, str]) -> float:
    """Return how many seconds to wait for a host.

    Raises:
        JobError: the variable does not hold a number of seconds.
    """
    text = environ.get(WAIT_VARIABLE) or DEFAULT_WAIT
    if not re.fullmatch(r"[0-9]{1,6}(\.[0-9]+)?", text):
        raise JobError(f"{WAIT_VARIABLE} is {text!r}, which is not a number of seconds.", "Set one such as 300.")
    return float(text)


class HostLostError(JobError):
    """Another host ended before the training did."""

    def __init__(self, host: str, reason: str) -> None:
        detail = f": {reason.rstrip('.')}." if reason else "."
        super().__init__(f"The training ended because {host} was lost{detail}", "See the log of that host.")
        self.host = host
        self.reason = reason


class Link:
    """The connections of one host to the other hosts of the job.

    Args:
        hosts: all hosts; the first one is the chief.
        index: the index of this host.
        connections: on the chief, to every other host; on another host, to the chief.
    """

    def __init__(self, hosts: Sequence[str], index: int, connections: Sequence[Connection]) -> None:
        self.hosts = tuple(hosts)
        self.index = index
        self.connections = tuple(connections)
        self._closed = threading.Event()
        if connections:
            with sigterm_blocked():
                threading.Thread(target=self._send_heartbeats, daemon=True).start()

    def exchange(self, value: Any) -> list[Any]:
        """Send a value to all hosts and wait for theirs. The value must be plain JSON data.

        Returns:
            The values of all hosts, in the order of the hosts.

        Raises:
            HostLostError: a host ended instead.
        """
        if not self.connections:
            return [value]
        if self.index == 0:
            values = [value, *(self.receive(connection)["value"] for connection in self.connections)]
            self._send({"values": values})
            return values
        self._send({"value": value})
        answer: list[Any] = self.receive(self.connections[0])["values"]
        return answer

    def leave(self, reason: str) -> None:
        """Tell the other hosts that this host ends, and why."""
        self._send({"lost": self.hosts[self.index], "reason": reason})

    def finish(self) -> None:
        """Tell the other hosts that this host ends as it should."""
        self._send({"ended": True})

    def find_lost_host(self, seconds: float = LOST_HOST_WAIT_SECONDS) -> HostLostError | None:
        """Wait for a message that a host was lost; None if none arrives in this time."""
        deadline = time.monotonic() + seconds
        try:
            while self.connections and time.monotonic() < deadline:
                for connection in self.connections:
                    with contextlib.suppress(TimeoutError):
                        self._next_message(connection, POLL_SECONDS / len(self.connections))
        except HostLostError as lost:
            return lost
        return None

    def close(self) -> None:
        """Close all connections."""
        self._closed.set()
        for connection in self.connections:
            connection.close()

    def _send(self, message: Message) -> None:
        for connection in self.connections:
            connection.send(message)

    def _send_heartbeats(self) -> None:
        """Send heartbeats from a thread of its own, so that they continue while TensorFlow computes."""
        while not self._closed.wait(HEARTBEAT_SECONDS):
            self._send({"heartbeat": True})

    def receive(self, connection: Connection) -> Message:
        """Return the next message of a host that is not a heartbeat.

        Raises:
            HostLostError: this host or another one was lost.
        """
        while True:
            try:
                message = self._next_message(connection, SILENCE_LIMIT_SECONDS)
            except TimeoutError:
                raise self._report_lost({"lost": connection.host, "reason": "it does not answer"}) from None
            # A host may have sent "stop" while it waited, just before the last host connected.
            if "heartbeat" not in message and "stop" not in message:
                return message

    def _next_message(self, connection: Connection, seconds: float) -> Message:
        """Return the next message of a host.

        Raises:
            TimeoutError: no message arrived in this time.
            HostLostError: this host or another one was lost.
        """
        try:
            message = connection.receive(seconds)
        except TimeoutError:
            raise
        except OSError:
            message = {"lost": connection.host, "reason": ""}
        if "lost" in message:
            raise self._report_lost(message)
        return message

    def _report_lost(self, message: Message) -> HostLostError:
        """Return the error for a lost host, after the chief has informed the other hosts."""
        if self.index == 0:  # the other hosts are connected only to the chief
            self._send(message)
        return HostLostError(message["lost"], message["reason"])


def connect(hosts: Sequence[str], current: str, stop: Stop, limit: float) -> Link | None:
    """Wait until all hosts are connected.

    Args:
        hosts: all hosts of the job.
        current: the name of this host.
        stop: ends the waiting on all hosts.
        limit: seconds to wait.

    Returns:
        The link between the hosts; None if the job should stop.

    Raises:
        JobError: a host did not appear within the limit.
    """
    if current not in hosts:
        raise JobError(f"This host, {current}, is not one of the job's hosts: {', '.join(hosts)}.")
    if len(hosts) == 1:
        return Link(hosts, 0, [])
    index = hosts.index(current)
    connections = _wait_for_hosts(hosts, stop, limit) if index == 0 else _call_chief(hosts, current, stop, limit)
    return None if connections is None else Link(hosts, index, connections)


def _wait_for_hosts(hosts: Sequence[str], stop: Stop, limit: float) -> list[Connection] | None:
    """On the chief: wait until every other host has connected. None if the job should stop."""
    deadline = time.monotonic() + limit
    connections: dict[str, Connection] = {}

    def send_to_all(message: Message) -> None:
        for connection in connections.values():
            connection.send(message)

    with _listen(address(hosts[0])[1]) as listener:
        while missing := [host for host in hosts[1:] if host not in connections]:
            if stop.requested:
                send_to_all({"stop": True})
                return None
            if time.monotonic() > deadline:
                send_to_all({"missing": missing})
                raise _missing_hosts(missing, limit)
            sources: list[socket.socket | Connection] = [listener, *connections.values()]
            for ready in select.select(sources, [], [], POLL_SECONDS)[0]:
                if isinstance(ready, Connection):
                    _read_early_message(ready, connections, stop)
                else:
                    connections.update({each.host: each for each in _accept(listener) if each.host in missing})
        send_to_all({"complete": True})
    return [connections[host] for host in hosts[1:]]


def _read_early_message(connection: Connection, connections: dict[str, Connection], stop: Stop) -> None:
    """Read from a connected host while others are missing: it asks to stop, or it is gone."""
    try:
        stop.requested |= "stop" in connection.receive(POLL_SECONDS)
    except OSError:
        del connections[connection.host]


def _accept(listener: socket.socket) -> Iterator[Connection]:
    """Accept a connection; yield it once the host has sent its name."""
    connection = Connection(listener.accept()[0])
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
        connection.host = connection.receive(POLL_SECONDS)["host"]
        yield connection


def _call_chief(hosts: Sequence[str], current: str, stop: Stop, limit: float) -> list[Connection] | None:
    """On the other hosts: connect to the chief and wait for its answer. None if the job should stop."""
    deadline = time.monotonic() + limit
    connection, stop_sent = None, False
    while time.monotonic() < deadline:
        if stop.requested and connection is None:
            return None
        try:
            if connection is None:
                connection = Connection(socket.create_connection(address(hosts[0]), timeout=POLL_SECONDS), hosts[0])
                connection.send({"host": current})
                deadline = time.monotonic() + limit + LOST_HOST_WAIT_SECONDS  # now the chief's limit counts
            if stop.requested and not stop_sent:
                connection.send({"stop": True})
                stop_sent = True
            message = connection.receive(POLL_SECONDS)
        except TimeoutError:
            continue
        except OSError:  # the name is unknown, the chief does not listen yet, or it is gone again
            connection = None
            time.sleep(POLL_SECONDS)
            continue
        if "missing" in message:
            raise _missing_hosts(message["missing"], limit)
        return None if "stop" in message else [connection]
    raise _missing_hosts(hosts[:1], limit)


def _listen(port: int) -> socket.socket:
    try:
        return socket.create_server(("", port))
    except OSError as error:
        raise JobError(f"This host cannot open the port {port}, to which the other hosts connect: {error}") from None


def _missing_hosts(hosts: Sequence[str], limit: float) -> JobError:
    return JobError(
        f"{', '.join(hosts)} did not appear within {limit:g} seconds.",
        "The log of that host says why. If there is no log, the host never started. In a VPC, the security group must "
        "let the job's instances reach each other.",
    )
