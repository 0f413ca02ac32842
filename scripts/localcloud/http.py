"""HTTP for the server: werkzeug's request handler, but connections stay open for the next request.

Without this, a transfer of many small S3 objects spends half its time on opening connections.
"""

import socket
import traceback
from collections.abc import Callable, Iterable
from contextlib import ExitStack, suppress
from http import HTTPStatus
from typing import Any

from moto.moto_server.werkzeug_app import MotoRequestHandler
from werkzeug.exceptions import ClientDisconnected
from werkzeug.wsgi import LimitedStream, get_content_length

CHUNK = 1 << 20
Headers = list[tuple[str, str]]
_BODILESS = (HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED)


class ConnectionCutError(Exception):
    """Raised by an application, or by the body that it returned: nothing more is sent, and the connection is cut."""


class Handler(MotoRequestHandler):  # type: ignore[misc]  # moto publishes no types
    """Answers the requests of one connection, in a separate thread."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = 1 << 16  # So that the headers and a small body leave in one packet.

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Do nothing: the log is for errors of the server only."""

    def log_error(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name for it
        """Do nothing: requests that are not HTTP are no errors of the server. A Docker engine tries TLS first."""

    def run_wsgi(self) -> None:
        """Answer one request."""
        try:
            self._answer()
        except ConnectionCutError:
            self._cut()

    def _answer(self) -> None:
        if self.headers.get("Expect", "").lower().strip() == "100-continue":
            self.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            self.wfile.flush()
        self.environ = environ = self.make_environ()
        if "wsgi.input_terminated" in environ:
            self.close_connection = True  # A chunked body may still have unread bytes, and nothing tells how many.
        else:
            environ["wsgi.input"] = LimitedStream(self.rfile, get_content_length(environ) or 0)
        started: list[tuple[str, Headers]] = []

        def start_response(status: str, headers: Headers, _: object = None) -> Callable[[bytes], object]:
            started.append((status, headers))
            return _no_write

        try:
            chunks = self.server.app(environ, start_response)
        except ConnectionCutError:
            raise
        except Exception:
            traceback.print_exc()
            started, chunks = [("500 Internal Server Error", [("Content-Length", "0")])], []
        with ExitStack() as stack:
            if hasattr(chunks, "close"):
                stack.callback(chunks.close)
            self._drain(environ["wsgi.input"])
            status, headers = started[-1]
            self._send(status, headers, chunks)

    def _cut(self) -> None:
        """End the connection as a network does that fails: what was written arrives, and nothing more."""
        self.close_connection = True
        with suppress(OSError):  # the caller was faster
            self.wfile.flush()
            self.connection.shutdown(socket.SHUT_RDWR)

    def _drain(self, body: Any) -> None:
        """Read the rest of a request's body, so that the next request starts at its first byte."""
        try:
            while isinstance(body, LimitedStream) and body.read(CHUNK):
                pass
        except ClientDisconnected:
            self.close_connection = True

    def _send(self, status: str, headers: Headers, chunks: Iterable[bytes]) -> None:
        code, _, reason = status.partition(" ")
        names = {name.lower() for name, _ in headers}
        self.send_response_only(int(code), reason)
        if "server" not in names:
            self.send_header("Server", self.version_string())
        if "date" not in names:
            self.send_header("Date", self.date_time_string())
        for name, value in headers:
            self.send_header(name, value)
        is_known = self.command == "HEAD" or int(code) in _BODILESS or "content-length" in names
        if not is_known:
            self.close_connection = True  # Then the end of the connection marks the end of the body.
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        for chunk in chunks:
            self.wfile.write(chunk)
        self.wfile.flush()


def _no_write(_: bytes) -> None:
    raise NotImplementedError("The applications here return their bodies; none calls WSGI's old write().")
