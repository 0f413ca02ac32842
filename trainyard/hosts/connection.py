"""A connection between two hosts of a job."""

import contextlib
import json
import socket
import threading
from typing import Any

Message = dict[str, Any]


class Connection:
    """A connection to another host. Each message is a JSON object on one line."""

    def __init__(self, connection: socket.socket, host: str = "") -> None:
        self.host = host
        self._socket = connection
        self._buffer = b""
        self._send_lock = threading.Lock()
        # A message is sent at once. Otherwise it waits for the acknowledgement of the message before (`man 7 tcp`,
        # Nagle's algorithm), and if this host ends meanwhile without having read all heartbeats, it is never sent.
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        # If the machine of a host is gone, the connection does not end by itself. These options detect it within 40
        # seconds. The last one is in milliseconds, and counts while data is on its way.
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        options = {"TCP_KEEPIDLE": 10, "TCP_KEEPINTVL": 10, "TCP_KEEPCNT": 3, "TCP_USER_TIMEOUT": 40_000}
        for option, value in options.items():
            if hasattr(socket, option):  # macOS has others
                connection.setsockopt(socket.IPPROTO_TCP, getattr(socket, option), value)

    def fileno(self) -> int:
        """Return the file descriptor, for select."""
        return self._socket.fileno()

    def send(self, message: Message) -> None:
        """Send a message. If the other side is gone, only `receive` raises an error."""
        with contextlib.suppress(OSError), self._send_lock:
            self._socket.sendall(json.dumps(message).encode() + b"\n")

    def receive(self, seconds: float | None = None) -> Message:
        """Wait for the next message and return it.

        Raises:
            TimeoutError: no message arrived in this time.
            ConnectionError: the other side is gone.
        """
        self._socket.settimeout(seconds)
        while b"\n" not in self._buffer:
            try:
                data = self._socket.recv(1 << 16)
            except TimeoutError as error:
                if error.errno is None:
                    raise
                raise ConnectionResetError from error  # ETIMEDOUT: keep-alive got no answer
            if not data:
                raise ConnectionResetError
            self._buffer += data
        line, _, self._buffer = self._buffer.partition(b"\n")
        message: Message = json.loads(line)
        return message

    def close(self) -> None:
        """Close the connection."""
        self._socket.close()
