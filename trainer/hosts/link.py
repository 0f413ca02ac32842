"""How the hosts of a job find each other and agree on plain data, without TensorFlow.

Every host keeps one connection to the first. On their own, peers of TensorFlow wait 13 minutes for a host that never
appears, heed no SIGTERM meanwhile, and never say which host it was.
"""

import contextlib
import json
import select
import socket
import threading
import time
from collections.abc import Iterator, Sequence
from typing import Any

from trainer.contract.errors import JobError
from trainer.contract.stop import Stop

PORT = 2222
"""The one port, on all hosts, of this link and then of TensorFlow; a host written ``name:port`` has its own."""

# How often a host that waits looks whether it is to stop.
TICK = 0.5
# A host whose error may come from the loss of another waits this long to hear of it.
HEARSAY = 20.0

# A host tells the others this often that it is alive, whatever else it does,
BEAT = 10.0
# and one that has told nothing for so long is taken for lost: stopped, or out of memory and swapping.
SILENCE = 60.0

Message = dict[str, Any]


def address(host: str) -> tuple[str, int]:
    """Name and port of a host as it is written in the list of hosts."""
    name, _, port = host.rpartition(":")
    return (name, int(port)) if name else (host, PORT)


class HostLostError(JobError):
    """Another host ended before the training did."""

    def __init__(self, host: str, why: str) -> None:
        reason = f": {why.rstrip('.')}." if why else "."
        super().__init__(f"{host} was lost, and with it the training{reason}", "Its log says more.")
        self.host = host
        self.why = why


class Wire:
    """One connection: a JSON object a line."""

    def __init__(self, connection: socket.socket, host: str = "") -> None:
        self.host = host
        self._socket = connection
        self._rest = b""
        self._sending = threading.Lock()
        # A host whose machine is gone sends no end: these find it within 40 seconds (the last one where something
        # is on its way to it; in milliseconds).
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        options = {"TCP_KEEPIDLE": 10, "TCP_KEEPINTVL": 10, "TCP_KEEPCNT": 3, "TCP_USER_TIMEOUT": 40_000}
        for option, value in options.items():
            if hasattr(socket, option):  # macOS has others
                connection.setsockopt(socket.IPPROTO_TCP, getattr(socket, option), value)

    def fileno(self) -> int:
        """For select."""
        return self._socket.fileno()

    def send(self, message: Message) -> None:
        """Send a message; where the other side is gone, receiving will say so."""
        with contextlib.suppress(OSError), self._sending:
            self._socket.sendall(json.dumps(message).encode() + b"\n")

    def receive(self, seconds: float | None = None) -> Message:
        """The next message.

        Raises:
            TimeoutError: there was none in this time.
            ConnectionError: the other side is gone.
        """
        self._socket.settimeout(seconds)
        while b"\n" not in self._rest:
            try:
                more = self._socket.recv(1 << 16)
            except TimeoutError as error:
                if error.errno is None:
                    raise
                raise ConnectionResetError from error  # ETIMEDOUT: keep-alive found nobody
            if not more:
                raise ConnectionResetError
            self._rest += more
        line, _, self._rest = self._rest.partition(b"\n")
        message: Message = json.loads(line)
        return message

    def close(self) -> None:
        """End the connection."""
        self._socket.close()


class Link:
    """The hosts of a job as one of them sees them.

    Args:
        hosts: all of them, the first one being the chief.
        index: which of them this is.
        wires: to every other host on the chief, to the chief elsewhere.
    """

    def __init__(self, hosts: Sequence[str], index: int, wires: Sequence[Wire]) -> None:
        self.hosts = tuple(hosts)
        self.index = index
        self._wires = tuple(wires)
        self._closed = threading.Event()
        if wires:
            threading.Thread(target=self._beat, daemon=True).start()

    def exchange(self, told: Any) -> list[Any]:
        """Wait until every host has told something, as JSON can hold it; all of it, in the order of the hosts.

        Raises:
            HostLostError: one of them ended instead.
        """
        if not self._wires:
            return [told]
        if self.index == 0:
            everything = [told, *(self._hear(wire)["told"] for wire in self._wires)]
            self._tell({"all": everything})
            return everything
        self._tell({"told": told})
        heard: list[Any] = self._hear(self._wires[0])["all"]
        return heard

    def leave(self, why: str) -> None:
        """Tell the others that this host ends, and why."""
        self._tell({"lost": self.hosts[self.index], "why": why})

    def lost(self, seconds: float = HEARSAY) -> HostLostError | None:
        """Which host was lost, as far as that can be heard in this time."""
        deadline = time.monotonic() + seconds
        try:
            while self._wires and time.monotonic() < deadline:
                for wire in self._wires:
                    with contextlib.suppress(TimeoutError):
                        self._listen(wire, TICK / len(self._wires))
        except HostLostError as lost:
            return lost
        return None

    def close(self) -> None:
        """End all connections."""
        self._closed.set()
        for wire in self._wires:
            wire.close()

    def _tell(self, message: Message) -> None:
        for wire in self._wires:
            wire.send(message)

    def _beat(self) -> None:
        """In a thread of its own, which runs on while TensorFlow computes."""
        while not self._closed.wait(BEAT):
            self._tell({"beat": True})

    def _hear(self, wire: Wire) -> Message:
        """What a host tells.

        Raises:
            HostLostError: it, or another one, was lost.
        """
        while True:
            try:
                message = self._listen(wire, SILENCE)
            except TimeoutError:
                raise self._told_of({"lost": wire.host, "why": "it does not answer"}) from None
            # "stop" was said while waiting, when all hosts had just met.
            if "beat" not in message and "stop" not in message:
                return message

    def _listen(self, wire: Wire, seconds: float) -> Message:
        """The next message of a host.

        Raises:
            TimeoutError: there was none in this time.
            HostLostError: it, or another one, was lost.
        """
        try:
            message = wire.receive(seconds)
        except TimeoutError:
            raise
        except OSError:
            message = {"lost": wire.host, "why": ""}
        if "lost" in message:
            raise self._told_of(message)
        return message

    def _told_of(self, lost: Message) -> HostLostError:
        """A host that was lost, after the others were told."""
        if self.index == 0:  # they hear of each other through the chief only
            self._tell(lost)
        return HostLostError(lost["lost"], lost["why"])


def meet(hosts: Sequence[str], current: str, stop: Stop, limit: float) -> Link | None:
    """Wait for all hosts to appear.

    Args:
        hosts: all of the job.
        current: which of them this is.
        stop: ends the waiting, on all hosts.
        limit: seconds to wait.

    Returns:
        The link between them; None where a stop was asked for.

    Raises:
        JobError: a host did not appear within the limit.
    """
    if len(hosts) == 1:
        return Link(hosts, 0, [])
    if current not in hosts:
        raise JobError(f"This host, {current}, is none of the job's: {', '.join(hosts)}.")
    index = hosts.index(current)
    wires = _gather(hosts, stop, limit) if index == 0 else _call(hosts, current, stop, limit)
    return None if wires is None else Link(hosts, index, wires)


def _gather(hosts: Sequence[str], stop: Stop, limit: float) -> list[Wire] | None:
    """What the chief does: let all others call."""
    deadline = time.monotonic() + limit
    wires: dict[str, Wire] = {}

    def answer(message: Message) -> None:
        for wire in wires.values():
            wire.send(message)

    with _listener(address(hosts[0])[1]) as listener:
        while missing := [host for host in hosts[1:] if host not in wires]:
            if stop.requested:
                answer({"stop": True})
                return None
            if time.monotonic() > deadline:
                answer({"missing": missing})
                raise _absent(missing, limit)
            sources: list[socket.socket | Wire] = [listener, *wires.values()]
            for ready in select.select(sources, [], [], TICK)[0]:
                if isinstance(ready, Wire):
                    _heed(ready, wires, stop)
                else:
                    wires.update({wire.host: wire for wire in _accepted(listener) if wire.host in missing})
        answer({"met": True})
    return [wires[host] for host in hosts[1:]]


def _heed(wire: Wire, wires: dict[str, Wire], stop: Stop) -> None:
    """A host that has called speaks while others are awaited: it is to stop, or it is gone."""
    try:
        stop.requested |= "stop" in wire.receive(TICK)
    except OSError:
        del wires[wire.host]


def _accepted(listener: socket.socket) -> Iterator[Wire]:
    """Whoever calls, once he has said his name."""
    wire = Wire(listener.accept()[0])
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
        wire.host = wire.receive(TICK)["host"]
        yield wire


def _call(hosts: Sequence[str], current: str, stop: Stop, limit: float) -> list[Wire] | None:
    """What the others do: call the chief, and wait for its answer."""
    deadline = time.monotonic() + limit
    wire, said_stop = None, False
    while time.monotonic() < deadline:
        if stop.requested and wire is None:
            return None
        try:
            if wire is None:
                wire = Wire(socket.create_connection(address(hosts[0]), timeout=TICK), hosts[0])
                wire.send({"host": current})
                deadline = time.monotonic() + limit + HEARSAY  # from here on the chief's limit counts
            if stop.requested and not said_stop:
                wire.send({"stop": True})
                said_stop = True
            message = wire.receive(TICK)
        except TimeoutError:
            continue
        except OSError:  # no such name yet, nobody there yet, or gone again
            wire = None
            time.sleep(TICK)
            continue
        if "missing" in message:
            raise _absent(message["missing"], limit)
        return None if "stop" in message else [wire]
    raise _absent(hosts[:1], limit)


def _listener(port: int) -> socket.socket:
    try:
        return socket.create_server(("", port))
    except OSError as error:
        raise JobError(
            f"The port {port}, at which the other hosts would find this one, cannot be had: {error}"
        ) from None


def _absent(hosts: Sequence[str], limit: float) -> JobError:
    return JobError(
        f"{', '.join(hosts)} did not appear within {limit:g} seconds.",
        "Its log says why; where it has none, it never started. In a VPC, the security group must let the job's "
        "instances reach each other.",
    )
