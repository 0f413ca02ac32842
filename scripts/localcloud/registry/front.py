"""What stands before the registry: it checks what ECR checks and the registry does not.

That is the token, the repository's existence, and that an immutable tag stays where it is. All else is handed on,
in streams. A refusal is worded as ECR's is, and of a status at which docker does not try again.
API: https://distribution.github.io/distribution/spec/api/
"""

import base64
import binascii
import hashlib
import json
import re
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, parse_qsl, urlencode

import urllib3
from werkzeug.exceptions import ClientDisconnected
from werkzeug.wrappers import Request, Response

from scripts.localcloud.registry import repositories
from scripts.localcloud.registry.program import NotStartedError
from scripts.localcloud.registry.storage import Storage
from scripts.localcloud.registry.tokens import Standing, Tokens

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

USER = "AWS"
CHUNK = 1 << 20
MANIFEST_BYTES = 4 << 20  # The registry's own limit.
_PATH = re.compile(r"/v2/(?P<name>.+)/(?P<kind>manifests|blobs|tags)/(?P<rest>\w[\w.:+-]*|uploads/[\w-]*)", re.ASCII)
# Headers of one connection (RFC 9110, section 7.6.1); the other connection has its own.
_HOP_BY_HOP = {"connection", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade"}


@dataclass(frozen=True)
class Address:
    """What a request's path names, such as ``/v2/NAME/manifests/TAG``."""

    name: str
    kind: str
    rest: str

    @property
    def path(self) -> str:
        """The path again."""
        return f"/v2/{self.name}/{self.kind}/{self.rest}"


class RefusedError(Exception):
    """What the registry's API answers in place of a result.

    Args:
        status: of the answer.
        code: of https://distribution.github.io/distribution/spec/api/#errors
        message: the sentence for the caller.
    """

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code

    def response(self) -> Response:
        """The answer."""
        content = {"errors": [{"code": self.code, "message": str(self)}]}
        response = Response(json.dumps(content), self.status, content_type="application/json")
        if self.status == 401:
            response.headers["WWW-Authenticate"] = f'Basic realm="{USER}"'
        return response


class Front:
    """A WSGI application for ``/v2/``.

    Args:
        connections: gives the connections to the registry, which it starts at first.
        storage: the registry's files.
        tokens: what callers log in with.
    """

    def __init__(self, connections: Callable[[], urllib3.HTTPConnectionPool], storage: Storage, tokens: Tokens) -> None:
        self._connections = connections
        self._storage = storage
        self._tokens = tokens
        self._manifests = threading.Lock()  # A tag is looked at and moved by one at a time; that takes milliseconds.
        self._awaited: dict[str, threading.Event] = {}

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Answer one request."""
        request = Request(environ)
        try:
            response = self._answer(request)
        except RefusedError as refusal:
            _drain(request)
            response = refusal.response()
        except NotStartedError as error:
            _drain(request)
            response = RefusedError(403, "DENIED", str(error)).response()
        except (urllib3.exceptions.HTTPError, ClientDisconnected, OSError):
            # The caller has gone, who then hears nothing, or the registry, which the next attempt finds again.
            response = RefusedError(503, "UNAVAILABLE", "The registry did not answer.").response()
        response.headers["Docker-Distribution-Api-Version"] = "registry/2.0"
        return response(environ, start_response)

    def awaiting(self, name: str) -> threading.Event:
        """An event that is set once somebody has asked for a repository that nobody has."""
        return self._awaited.setdefault(name, threading.Event())

    def forget(self, name: str) -> None:
        """Await ``name`` no more."""
        self._awaited.pop(name, None)

    def _answer(self, request: Request) -> Response:
        address = _address(request.path)
        if not self._may_download(request, address):
            self._check_token(request)
        if address is None:
            return Response("{}", content_type="application/json")
        if request.method == "DELETE":
            raise RefusedError(405, "UNSUPPORTED", "The operation is unsupported.")
        awaited = self._awaited.get(address.name)
        if awaited is not None:
            awaited.set()
        repository = repositories.find(address.name)
        if repository is None:
            raise RefusedError(404, "NAME_UNKNOWN", repositories.missing(address.name))
        if request.method == "PUT" and address.kind == "manifests":
            return self._put_manifest(request, address, repository.is_tag_immutable())
        return self._handed_on(request, address, _pieces(request))

    def _check_token(self, request: Request) -> None:
        token = _password(request.headers.get("Authorization", ""))
        match self._tokens.standing(USER, token or ""):
            case Standing.EXPIRED:
                raise RefusedError(401, "DENIED", "Your authorization token has expired. Reauthenticate and try again.")
            case Standing.UNKNOWN:
                raise RefusedError(401, "UNAUTHORIZED", "Not Authorized")

    def _may_download(self, request: Request, address: Address | None) -> bool:
        """Whether the address has in itself the right to one layer (GetDownloadUrlForLayer)."""
        if address is None or address.kind != "blobs" or request.method not in ("GET", "HEAD"):
            return False
        token = parse_qs(request.query_string.decode()).get("token", [""])[0]
        return self._tokens.standing(address.path, token) is Standing.GOOD

    def _put_manifest(self, request: Request, address: Address, immutable: bool) -> Response:
        body = b"".join(_limited(_pieces(request), MANIFEST_BYTES))
        digest = "sha256:" + hashlib.sha256(body).hexdigest()
        with self._manifests:
            present = self._storage.tagged(address.name, address.rest)
            if immutable and present not in (None, digest):
                raise RefusedError(
                    400,
                    "TAG_INVALID",
                    f"The image tag '{address.rest}' already exists in the '{address.name}' repository and cannot be "
                    "overwritten because the tag is immutable.",
                )
            return self._handed_on(request, address, body)

    def _handed_on(self, request: Request, address: Address, body: Any) -> Response:
        headers = {name: value for name, value in request.headers.items() if name.lower() not in _HOP_BY_HOP}
        headers.pop("Authorization", None)
        answer = self._connections().urlopen(
            request.method,
            _target(request, address),
            body=body,
            headers=headers,  # Host is among them: the registry makes its Location of it.
            chunked="Content-Length" not in headers and body is not None,
            retries=False,
            redirect=False,
            preload_content=False,
            decode_content=False,
        )
        kept = [(name, value) for name, value in answer.headers.items() if name.lower() not in _HOP_BY_HOP]
        response = Response(_streamed(answer), answer.status, kept, direct_passthrough=True)
        response.call_on_close(answer.close)
        return response


def _address(path: str) -> Address | None:
    """What a path names; None for ``/v2/`` itself.

    Raises:
        RefusedError: it is none of what ECR has.
    """
    if path in ("/v2", "/v2/"):
        return None
    found = _PATH.fullmatch(path)
    if found is None:
        raise RefusedError(404, "UNSUPPORTED", "The operation is unsupported.")
    return Address(found["name"], found["kind"], found["rest"])


def _password(authorization: str) -> str | None:
    """The token in a header of the form ``Basic <AWS:token in base64>``."""
    scheme, _, encoded = authorization.partition(" ")
    try:
        user, _, password = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None
    return password if scheme.lower() == "basic" and user == USER else None


def _target(request: Request, address: Address) -> str:
    """Where a request goes on to.

    Without ``mount``, which takes a layer from another repository: one that may have gone with a former local cloud.
    """
    query = parse_qsl(request.query_string.decode(), keep_blank_values=True)
    kept = [(name, value) for name, value in query if name not in ("mount", "from", "token")]
    return f"{address.path}?{urlencode(kept)}" if kept else address.path


def _pieces(request: Request) -> Iterator[bytes] | None:
    """A request's body in pieces; None where it has none."""
    if not request.environ.get("wsgi.input_terminated") and not request.content_length:
        return None
    stream = request.environ["wsgi.input"]
    return iter(lambda: stream.read(CHUNK), b"")


def _limited(pieces: Iterator[bytes] | None, most: int) -> Iterator[bytes]:
    for piece in pieces or ():
        most -= len(piece)
        if most < 0:
            raise RefusedError(400, "MANIFEST_INVALID", "The manifest is too large.")
        yield piece


def _drain(request: Request) -> None:
    """Read what is still to come: docker misses an answer that it gets while it sends."""
    with suppress(ClientDisconnected, OSError):
        for _ in _pieces(request) or ():
            pass


def _streamed(answer: urllib3.BaseHTTPResponse) -> Iterator[bytes]:
    while piece := answer.read(CHUNK):
        yield piece
