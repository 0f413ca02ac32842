"""AWS without a network: botocore's requests are answered in this process, and some of them get a fault.

moto answers S3, IAM, ECR and STS, and a small SageMaker the rest, prices and quotas too. What a fault does to a
connection is done to the answer that botocore gets, at the place where a socket would be. Nothing waits: time passes
only when somebody sleeps.
"""

import functools
import io
import json
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.exceptions import ConnectionClosedError, ReadTimeoutError
from botocore.httpsession import URLLib3Session
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from urllib3 import HTTPResponse
from werkzeug.test import run_wsgi_app
from werkzeug.wrappers import Request

from scripts.core.patience import Patience
from scripts.localcloud.faults import answers, parse
from scripts.localcloud.faults.operations import Call, identify
from scripts.localcloud.faults.rules import Fault, Kind
from scripts.localcloud.shims import add_simulation
from scripts.runs.following import follow
from scripts.training.submission import submit
from scripts.tuning import follow as follow_tuning
from tests.unit.faulty_aws import Clock

ADDRESS = "http://127.0.0.1:9"
Answered = tuple[int, dict[str, str], bytes]
TOO_LONG = 700.0
"""After these seconds of virtual time, the person presses Ctrl-C."""


class Edge:
    """Answers botocore's requests.

    Args:
        sagemaker: answers an operation of SageMaker or CloudWatch Logs with a status and a content.
    """

    def __init__(self, sagemaker: Callable[[str, dict[str, Any]], tuple[int, dict[str, Any]]]) -> None:
        add_simulation()
        self._sagemaker = sagemaker
        self._moto = DomainDispatcherApplication(create_backend_app)
        # moto lists a folder at each call, to find the service of a host name.
        self._moto.get_backend_for_host = functools.cache(self._moto.get_backend_for_host)
        self.clock = Clock()
        self.calls: Counter[str] = Counter()
        self.struck = 0
        self._operation, self._fault, self._most = "", Fault(Kind.DELAY), 0

    def fail(self, operation: str, fault: str, most: int) -> None:
        """Let the first calls of an operation fail.

        Args:
            operation: such as ``s3:PutObject``.
            fault: a word of FAULTS.
            most: how many.
        """
        self._operation, self._fault, self._most = operation, parse(f"* {fault}").rules[0].fault, most
        self.struck = 0
        self.calls.clear()
        self.clock = Clock()

    def now(self) -> float:
        """The virtual time."""
        return self.clock.time

    def sleep(self, seconds: float) -> None:
        """Let time pass.

        Raises:
            KeyboardInterrupt: nobody would wait that long.
        """
        self.clock.sleep(seconds)
        if self.clock.time - Clock().time > TOO_LONG:
            raise KeyboardInterrupt

    def send(self, request: AWSPreparedRequest) -> AWSResponse:
        """Answer a request, as botocore's session does."""
        environ = _environ(request)
        call = identify(Request(environ))
        name = f"{call.service}:{call.operation}"
        self.calls[name] += 1
        if name != self._operation or self.struck >= self._most:
            return _response(request, *self._answer(call, environ))
        self.struck += 1
        return self._misbehave(call, environ, request)

    def _misbehave(self, call: Call, environ: dict[str, Any], request: AWSPreparedRequest) -> AWSResponse:
        kind = self._fault.kind
        if kind is Kind.SILENCE:
            self.sleep(min(self._fault.seconds, 60.0))
            raise ReadTimeoutError(endpoint_url=request.url)
        if kind is Kind.CUT_BEFORE:
            raise ConnectionClosedError(endpoint_url=request.url)
        if kind not in {Kind.CUT_AFTER, Kind.TRUNCATED}:
            return _response(request, *_run(answers.error(self._fault, call), environ))
        status, headers, body = self._answer(call, environ)
        if kind is Kind.CUT_AFTER or not body:
            raise ConnectionClosedError(endpoint_url=request.url)
        return _response(request, status, headers | {"Content-Length": str(len(body))}, body[: len(body) // 2])

    def _answer(self, call: Call, environ: dict[str, Any]) -> Answered:
        if call.service not in {"logs", "pricing", "sagemaker", "servicequotas"}:
            return _run(self._moto, environ)
        status, content = self._sagemaker(call.operation, json.loads(environ["wsgi.input"].read() or "{}"))
        return status, {"Content-Type": "application/x-amz-json-1.1"}, json.dumps(content).encode()


def _environ(request: AWSPreparedRequest) -> dict[str, Any]:
    parts = urlsplit(request.url)
    body = _bytes(getattr(request, "body", None))
    environ = {
        "REQUEST_METHOD": request.method,
        "PATH_INFO": parts.path,
        "QUERY_STRING": parts.query,
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "9",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "HTTP_HOST": parts.netloc,
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": io.StringIO(),
    }
    for name, value in request.headers.items():
        key = name.upper().replace("-", "_")
        environ[key if key == "CONTENT_TYPE" else f"HTTP_{key}"] = _bytes(value).decode()
    return environ | {"CONTENT_LENGTH": str(len(body))}


def _bytes(body: Any) -> bytes:
    read = getattr(body, "read", None)
    content: Any = read() if read else body
    return content.encode() if isinstance(content, str) else bytes(content or b"")


def _run(application: Any, environ: dict[str, Any]) -> Answered:
    chunks, status, headers = run_wsgi_app(application, environ, buffered=True)
    return int(status.split()[0]), dict(headers), b"".join(chunks)


def _response(request: AWSPreparedRequest, status: int, headers: dict[str, str], body: bytes) -> AWSResponse:
    raw = HTTPResponse(
        io.BytesIO(body),
        headers,
        status,
        preload_content=False,
        request_method=request.method,
        enforce_content_length=False,
    )
    response = AWSResponse(request.url, status, raw.headers, raw)  # type: ignore[arg-type]  # as botocore does
    if not request.stream_output:
        _ = response.content  # botocore's session reads it too
    return response


@contextmanager
def connected(edge: Edge) -> Iterator[None]:
    """Let every client of this process speak with ``edge``, and let time pass only when somebody sleeps."""
    virtual = {time.sleep: edge.sleep, time.time: edge.now, time.monotonic: edge.now}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(URLLib3Session, "send", lambda _, request: edge.send(request))
        for function in (submit, follow, follow_tuning, Patience.__init__):  # they take the clock as an argument
            patch.setattr(function, "__defaults__", tuple(virtual.get(one, one) for one in function.__defaults__ or ()))
        patch.setattr("time.sleep", edge.sleep)
        yield
