"""An endpoint on a job's own network, at which its containers call AWS, for as long as the job runs."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from ipaddress import IPv4Address, IPv4Network
from typing import TYPE_CHECKING, Any

from werkzeug.serving import ThreadedWSGIServer

from scripts.localcloud.http import Handler

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

BACKLOG = 128
MAX_CONNECTIONS = 500  # Of one job, so that its program cannot use up the threads of the local cloud.
POLL_SECONDS = 0.05


@contextmanager
def serve(application: "WSGIApplication", address: IPv4Address, network: IPv4Network) -> Iterator[str]:
    """Serve an application to a network during the ``with`` block; its end cuts all connections.

    Args:
        application: answers the requests.
        address: this machine's address in the network, the only one at which it listens.
        network: the addresses of the callers.

    Returns:
        The URL.

    Raises:
        OSError: this machine does not have the address.
    """
    with socket.socket() as listener:
        listener.bind((str(address), 0))
        listener.listen(BACKLOG)
        server = _Server(listener, application, address, network)
        thread = threading.Thread(target=server.serve_forever, args=(POLL_SECONDS,), name=f"endpoint {address}")
        thread.start()
        try:
            yield f"http://{address}:{listener.getsockname()[1]}"
        finally:
            server.shutdown()
            thread.join()
            server.cut_connections()
            server.server_close()


def admits(network: IPv4Network, own: IPv4Address, caller: IPv4Address) -> bool:
    """Return whether a caller is a container of the network.

    Containers of other networks, and programs of this machine, reach the address too.

    Args:
        network: the network's addresses.
        own: this machine's address in it.
        caller: the caller's address.
    """
    return caller in network and caller != own


class _Server(ThreadedWSGIServer):
    """A server for the containers of one network."""

    def __init__(
        self, listener: socket.socket, application: "WSGIApplication", address: IPv4Address, network: IPv4Network
    ) -> None:
        port = listener.getsockname()[1]
        super().__init__(str(address), port, application, Handler, fd=listener.fileno())
        self._own = address
        self._network = network
        self._connections: set[Any] = set()

    def verify_request(self, request: Any, client_address: Any) -> bool:
        """Return whether to answer a connection; one that is not answered is closed."""
        caller = IPv4Address(client_address[0])
        if not admits(self._network, self._own, caller) or len(self._connections) >= MAX_CONNECTIONS:
            return False
        self._connections.add(request)
        return True

    def shutdown_request(self, request: Any) -> None:
        """Close a connection."""
        self._connections.discard(request)
        super().shutdown_request(request)

    def cut_connections(self) -> None:
        """Cut the connections that are open; call it when no new one is accepted any more."""
        for connection in tuple(self._connections):
            with suppress(OSError):  # Its thread was faster.
                connection.shutdown(socket.SHUT_RDWR)
