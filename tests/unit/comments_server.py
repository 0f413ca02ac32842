"""GitHub's API of a pull request's comments, as far as actions/comment uses it, on 127.0.0.1."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

LONGEST = 65_536


class Comments:
    """The server's comments, and how it answers.

    Attributes:
        found: the comments of all pull requests, in their order.
        seen: each call: method and path.
        tokens: the tokens that it was given.
        failing: gives the status and the headers of a refusal for a call; None to answer it.
    """

    def __init__(self) -> None:
        self.found: list[dict[str, Any]] = []
        self.seen: list[str] = []
        self.tokens: set[str] = set()
        self.failing: Callable[[str, int], tuple[int, dict[str, str]] | None] = lambda _method, _count: None
        self.url = ""

    def add(self, body: str, author: str = "github-actions[bot]") -> int:
        """A comment that was there before."""
        self.found.append({"id": 1_000 + len(self.found), "body": body, "user": {"login": author}})
        return int(self.found[-1]["id"])


@contextmanager
def serving() -> Iterator[Comments]:
    """A running server for the pull request 7 of `o/r`."""
    comments = Comments()

    class Handler(_Handler):
        held = comments

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    comments.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield comments
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    held: Comments

    def do_GET(self) -> None:
        if self._refuses():
            return
        address = urlsplit(self.path)
        if address.path != "/repos/o/r/issues/7/comments":
            self._answer(404, {"message": "Not Found"})
            return
        query = parse_qs(address.query)
        size, page = int(query["per_page"][0]), int(query["page"][0])
        more = len(self.held.found) > size * page
        link = {"Link": f'<{self.held.url}{address.path}?page={page + 1}>; rel="next"'} if more else {}
        self._answer(200, self.held.found[size * (page - 1) : size * page], link)

    def do_POST(self) -> None:
        body = self._body()
        if not self._refuses():
            self.held.add(body)
            self._answer(201, self.held.found[-1])

    def do_PATCH(self) -> None:
        body = self._body()
        if self._refuses():
            return
        for each in self.held.found:
            if self.path == f"/repos/o/r/issues/comments/{each['id']}":
                each["body"] = body
                self._answer(200, each)
                return
        self._answer(404, {"message": "Not Found"})

    def _body(self) -> str:
        return str(json.loads(self.rfile.read(int(self.headers["Content-Length"])))["body"])

    def _refuses(self) -> bool:
        self.held.seen.append(f"{self.command} {self.path}")
        self.held.tokens.add(self.headers["Authorization"])
        found = self.held.failing(self.command, len(self.held.seen))
        if found:
            self._answer(found[0], {"message": "Resource not accessible\n::error::by integration"}, found[1])
        return found is not None

    def _answer(self, status: int, content: object, headers: dict[str, str] | None = None) -> None:
        data = json.dumps(content).encode()
        self.send_response(status)
        for name, value in {"Content-Length": str(len(data)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_arguments: object) -> None:
        """Print nothing."""
