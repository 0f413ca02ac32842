"""A reserved port goes to the program that it is reserved for, and to no other."""

import contextlib
import socket

import pytest

from scripts.core.ports import LOOPBACK, reserved_port

NETWORK = "127.0.0.2"  # another address of this machine


def any_port(address: str) -> int:
    """The port that the system gives to a server."""
    with socket.create_server((address, 0)) as server:
        return int(server.getsockname()[1])


@pytest.mark.parametrize("address", [LOOPBACK, NETWORK])
def test_no_other_program_gets_a_reserved_port(address: str) -> None:
    """Of about 7,000 ports 300 are reserved: by chance, one of 1,000 servers would get one of them."""
    with contextlib.ExitStack() as stack:
        reserved = {stack.enter_context(reserved_port()) for _ in range(300)}
        assert len(reserved) == 300
        assert not reserved & {any_port(address) for _ in range(1000)}
    assert reserved & {any_port(address) for _ in range(1000)}


def test_a_reserved_port_is_free_on_all_addresses() -> None:
    """Servers have 200 of about 7,000 ports: by chance, one of 200 reserved ports would be in use."""
    with contextlib.ExitStack() as stack:
        servers = [stack.enter_context(socket.create_server((NETWORK, 0))) for _ in range(200)]
        used = {server.getsockname()[1] for server in servers}
        assert not used & {stack.enter_context(reserved_port()) for _ in range(200)}


def test_the_program_that_names_a_reserved_port_listens_on_it() -> None:
    with reserved_port() as port:
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection((LOOPBACK, port))
        for address in ("", LOOPBACK):
            with socket.create_server((address, port)) as server, socket.create_connection((LOOPBACK, port)) as caller:
                server.accept()[0].close()
                assert caller.recv(1) == b""
