"""Ports of this machine for programs that cannot choose a free one themselves."""

import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager

LOOPBACK = "127.0.0.1"


@contextmanager
def reserved_port() -> Iterator[int]:
    """Reserve a port during the ``with`` block, for a program that listens on it. It is free on all addresses.

    A port that was only looked up can be another program's before the own one listens, and a port that is free on
    127.0.0.1 can be in use on the address of a network, which a server for all addresses needs too. Linux gives a bound
    port neither to a socket that asks for any port nor to a connection. But a program that names the port may listen on
    it if both sockets have SO_REUSEADDR and the first one does not listen (`man 7 socket`). Programs in Go, gRPC and
    Python's ``socket.create_server`` set it. Other systems refuse this, so there the port is only free at first.
    """
    with socket.socket() as reserved:
        reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        reserved.bind(("", 0))  # nothing can connect: it does not listen
        port = reserved.getsockname()[1]
        if sys.platform != "linux":
            reserved.close()
        yield port
