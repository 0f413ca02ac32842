"""A proxy in front of the local cloud that answers chosen operations with AWS's documented errors.

The local cloud enforces no permissions and no quotas, never throttles and never closes a connection. This proxy sends
AWS's answer in such a case, over HTTP. It forwards every other call unchanged.
"""

import http.client
import json
import re
import threading
import urllib.parse
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

USER = "arn:aws:iam::123456789012:user/ada"
TARGETS = {"SageMaker": "sagemaker", "AmazonEC2ContainerRegistry_V20150921": "ecr", "Logs_20140328": "logs"}
SCOPE = re.compile(r"Credential=[^/]*/\d{8}/[a-z0-9-]+/([a-z0-9-]+)/")
HALF = "half"
"""An answer: half of the local cloud's response, then the connection closes."""


@dataclass(frozen=True)
class Refusal:
    """An error response of AWS."""

    code: str
    message: str
    status: int = 400


@dataclass
class Rule:
    """How to answer an operation.

    Args:
        operation: such as ``s3:PutObject``.
        answer: a refusal, a JSON object, or `HALF`; None forwards the call after `release` is set.
        place: a text that the path must contain.
        times: how often to answer; None: always.
        arrived: set when the first call has arrived.
        release: a call without an answer waits for it.
        calls: how many calls are being answered now.
    """

    operation: str
    answer: Refusal | dict[str, Any] | str | None
    place: str = ""
    times: int | None = None
    arrived: threading.Event = field(default_factory=threading.Event)
    release: threading.Event = field(default_factory=threading.Event)
    calls: int = 0


READING = ("Get", "Head", "List", "Describe", "BatchGet", "BatchCheck", "Search", "Simulate")


class Front:
    """The proxy. `url` is its address; `made` lists every call that created, changed or deleted something."""

    def __init__(self, port: int) -> None:
        self.rules: list[Rule] = []
        self.made: list[str] = []
        self._answered = threading.Condition()
        front = self

        class Handler(_Handler):
            owner = front
            behind = port

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    @contextmanager
    def rule_for(self, operation: str, path: str) -> Iterator[Rule | None]:
        """The rule for a call while it is answered; None if the call is forwarded."""
        found = self._taken(operation, path)
        try:
            yield found
        finally:
            if found is not None:
                with self._answered:
                    found.calls -= 1
                    self._answered.notify_all()

    def _taken(self, operation: str, path: str) -> Rule | None:
        with self._answered:
            for rule in self.rules:
                if rule.operation == operation and rule.place in path and rule.times != 0:
                    rule.times = None if rule.times is None else rule.times - 1
                    rule.calls += 1
                    rule.arrived.set()
                    return rule
        return None

    @contextmanager
    def answering(
        self, operation: str, answer: Refusal | dict[str, Any] | str | None = None, place: str = ""
    ) -> Iterator[Rule]:
        """Answer an operation in this way until the end of the block. No such call is still on its way then."""
        rule = Rule(operation, answer, place)
        self.rules.append(rule)
        try:
            yield rule
        finally:
            rule.release.set()
            with self._answered:
                self.rules.remove(rule)
                assert self._answered.wait_for(lambda: rule.calls == 0, 60), f"{operation} has no end"


def denied(action: str, resource: str) -> Refusal:
    """AccessDenied with the message of most services."""
    message = (
        f"User: {USER} is not authorized to perform: {action} on resource: {resource} "
        f"because no identity-based policy allows the {action} action"
    )
    return Refusal("AccessDenied" if action.startswith(("s3:", "iam:")) else "AccessDeniedException", message, 403)


class _Handler(BaseHTTPRequestHandler):
    owner: Front
    behind: int
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is the base class's
        """Nothing."""

    def _any(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        operation = name(self.command, self.path, self.headers.get, body)
        with self.owner.rule_for(operation, self.path) as rule:
            if rule is not None and rule.answer is None:
                rule.release.wait(60)
            elif rule is not None and rule.answer != HALF:
                self._say(operation, rule.answer)
                return
            self._pass_on(operation, body, cut=rule is not None and rule.answer == HALF)

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = _any  # noqa: N815 - as http.server calls them

    def _say(self, operation: str, answer: Any) -> None:
        content, kind = form(operation.partition(":")[0], answer)
        self.send_response(answer.status if isinstance(answer, Refusal) else 200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(0 if self.command == "HEAD" else len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def _pass_on(self, operation: str, body: bytes, cut: bool) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self.behind, timeout=120)
        headers = {key: value for key, value in self.headers.items() if key.lower() not in {"connection", "expect"}}
        connection.request(self.command, self.path, body, headers)
        answer = connection.getresponse()
        content = answer.read()
        if answer.status < 300 and not operation.partition(":")[2].startswith(READING):
            # Before the command knows of it: what it has made is listed when it ends.
            self.owner.made.append(f"{operation} {self.path.partition('?')[0]}")
        self.send_response(answer.status)
        for key, value in answer.getheaders():
            if key.lower() not in {"connection", "content-length", "transfer-encoding", "date", "server"}:
                self.send_header(key, value)
        length = answer.getheader("Content-Length") if self.command == "HEAD" else str(len(content))
        self.send_header("Content-Length", length or "0")
        self.end_headers()
        self.wfile.write(content[: len(content) // 2] if cut else content)
        if cut:
            self.close_connection = True
        connection.close()


def name(method: str, path: str, header: Callable[[str, str], str], body: bytes) -> str:
    """The operation of a call, such as ``sagemaker:CreateTrainingJob``."""
    target, _, operation = header("X-Amz-Target", "").partition(".")
    if target:
        return f"{TARGETS.get(target, target)}:{operation}"
    scope = SCOPE.search(header("Authorization", ""))
    service = scope[1] if scope else "s3"
    if service != "s3":
        return f"{service}:{urllib.parse.parse_qs(body.decode()).get('Action', ['?'])[0]}"
    where, _, query = path.partition("?")
    return f"s3:{_of_s3(method, '/' in where.strip('/'), query)}"


def _of_s3(method: str, is_object: bool, query: str) -> str:
    if is_object:
        return {"GET": "GetObject", "HEAD": "HeadObject", "PUT": "PutObject"}.get(method, method)
    if method == "POST" and query.startswith("delete"):
        return "DeleteObjects"
    if method == "GET" and "list-type=2" in query:
        return "ListObjectsV2"
    if method == "PUT":
        return "PutBucket" + query.partition("=")[0] if query else "CreateBucket"
    return {"HEAD": "HeadBucket", "GET": f"Get {query}"}.get(method, f"{method} {query}")


def form(service: str, answer: Refusal | dict[str, Any]) -> tuple[bytes, str]:
    """An answer's bytes and content type, in the protocol of its service."""
    if not isinstance(answer, Refusal):
        if service == "sts":
            fields = "".join(f"<{key}>{value}</{key}>" for key, value in answer.items())
            body = f"<GetCallerIdentityResponse><GetCallerIdentityResult>{fields}</GetCallerIdentityResult>"
            return f"{body}</GetCallerIdentityResponse>".encode(), "text/xml"
        return json.dumps(answer).encode(), "application/x-amz-json-1.1"
    error = f"<Error><Code>{answer.code}</Code><Message>{answer.message}</Message></Error>"
    if service == "s3":
        return error.encode(), "application/xml"
    if service in {"sts", "iam"}:
        return f"<ErrorResponse>{error}<RequestId>1</RequestId></ErrorResponse>".encode(), "text/xml"
    return json.dumps({"__type": answer.code, "message": answer.message}).encode(), "application/x-amz-json-1.1"
