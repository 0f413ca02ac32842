"""The layer around the server's application: it gives calls their faults, and counts how often each rule struck."""

import json
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from werkzeug.wrappers import Request, Response

from scripts.core.errors import UserError
from scripts.localcloud.environment import OWN_CALLS
from scripts.localcloud.faults import answers
from scripts.localcloud.faults.decision import Tally, decide
from scripts.localcloud.faults.names import read, signing_name
from scripts.localcloud.faults.operations import Call, identify
from scripts.localcloud.faults.rules import INSTANCES, Faults, Kind, Rule
from scripts.localcloud.http import ConnectionCutError

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment


class FaultLayer:
    """A WSGI application that misbehaves by rules.

    Args:
        application: answers the calls that get no fault.
    """

    def __init__(self, application: "WSGIApplication") -> None:
        self._application = application
        self._lock = threading.Lock()
        self._faults = Faults()
        self._tallies: tuple[Tally, ...] = ()
        self._operations: Counter[str] = Counter()
        self._replaced = threading.Event()

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Answer one request.

        Raises:
            ConnectionCutError: the connection must be cut now.
        """
        strike = self._strike(environ)
        if strike is None:
            return self._application(environ, start_response)
        call, rule, replaced = strike
        match rule.fault.kind:
            case Kind.CUT_BEFORE:
                raise ConnectionCutError
            case Kind.SILENCE:
                replaced.wait(rule.fault.seconds)
                raise ConnectionCutError
            case Kind.DELAY:
                replaced.wait(rule.fault.seconds)
                return self._application(environ, start_response)
            case Kind.CUT_AFTER:
                self._finish(environ)
                raise ConnectionCutError
            case Kind.TRUNCATED:
                return self._truncate(environ, start_response)
            case _:
                return answers.error(rule.fault, call)(environ, start_response)

    def of_instances(self) -> str | None:
        """Return the error with which the instances of a job fail now; None if they do not."""
        with self._lock:
            rule, self._tallies = decide(self._faults, self._tallies, INSTANCES, "")
            return rule.fault.code if rule else None

    def control(self, request: Request) -> Response:
        """Answer a request to the control address: GET returns the rules and their tallies, PUT replaces the rules."""
        if request.method == "PUT":
            try:
                faults = read(request.get_data(as_text=True))
            except UserError as error:
                return Response(str(error), 400)
            self._set(faults)
        with self._lock:
            rules = [
                {"text": rule.text, "calls": tally.calls, "struck": tally.struck}
                for rule, tally in zip(self._faults.rules, self._tallies, strict=True)
            ]
            content = {"seed": self._faults.seed, "rules": rules, "operations": dict(self._operations)}
        return Response(json.dumps(content), content_type="application/json")

    def _set(self, faults: Faults) -> None:
        signed = tuple(replace(rule, service=signing_name(rule.service)) for rule in faults.rules)
        with self._lock:
            self._replaced.set()  # Calls that wait for the end of a delay or of a silence go on now.
            self._replaced = threading.Event()
            self._faults = Faults(signed, faults.seed)
            self._tallies = (Tally(),) * len(signed)
            self._operations = Counter()

    def _strike(self, environ: "WSGIEnvironment") -> tuple[Call, Rule, threading.Event] | None:
        """Return the call, the rule that strikes it, and the event that ends its waits; None for most calls."""
        if not self._faults.rules or OWN_CALLS in environ.get("HTTP_USER_AGENT", ""):
            return None
        call = identify(Request(environ))
        with self._lock:
            self._operations[f"{call.service}:{call.operation}"] += 1
            rule, self._tallies = decide(self._faults, self._tallies, call.service, call.operation)
            return (call, rule, self._replaced) if rule else None

    def _finish(self, environ: "WSGIEnvironment") -> None:
        """Do what a call asks for, to its end, and send nothing."""
        with _closing(self._application(environ, _ignore)) as chunks:
            for _ in chunks:
                pass

    def _truncate(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Answer with all headers and half of the body. A response without a body is cut before its headers."""
        length: list[int] = []

        def start(status: str, headers: list[tuple[str, str]], *_: Any) -> Any:
            length.extend(int(value) for name, value in headers if name.lower() == "content-length")
            return start_response(status, headers)

        chunks = self._application(environ, start)
        if environ["REQUEST_METHOD"] == "HEAD" or length == [0]:
            raise ConnectionCutError
        if not length:  # The end of the connection marks the end of the body.
            with _closing(chunks):
                chunks = [b"".join(chunks)]
            length = [len(chunks[0])]
        return _first_half(chunks, length[0] // 2)


def _ignore(_status: str, _headers: list[tuple[str, str]], _error: object = None) -> Callable[[bytes], object]:
    return lambda _: None


@contextmanager
def _closing(chunks: Iterable[bytes]) -> Iterator[Iterable[bytes]]:
    """Close a response's body at the end of the ``with``, as WSGI demands."""
    try:
        yield chunks
    finally:
        if hasattr(chunks, "close"):
            chunks.close()


def _first_half(chunks: Iterable[bytes], half: int) -> Iterator[bytes]:
    with _closing(chunks):
        for chunk in chunks:
            yield chunk[:half]
            half -= len(chunk)
            if half <= 0:
                break
    raise ConnectionCutError
