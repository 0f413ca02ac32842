"""The front of the registry: it checks what ECR checks and the registry does not.

It checks the token, that the repository exists, and that an immutable tag does not move. It streams all other requests
to the registry. Its errors have ECR's words, and HTTP statuses after which docker does not retry.
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
from scripts.localcloud.registry.program import RegistryStartError
from scripts.localcloud.registry.storage import Storage
from scripts.localcloud.registry.tokens import Tokens, TokenStatus

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

USER = "AWS"
CHUNK = 1 << 20
MANIFEST_BYTES = 4 << 20  # The registry's own limit.
_PATH = re.compile(r"/v2/(?P<name>.+)/(?P<kind>manifests|blobs|tags)/(?P<rest>\w[\w.:+-]*|uploads/[\w-]*)", re.ASCII)
# Headers that belong to one connection (RFC 9110, section 7.6.1); the connection to the registry has its own.
_HOP_BY_HOP = {"connection", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade"}


@dataclass(frozen=True)
class Address:
    """The parts of a request's path, such as ``/v2/NAME/manifests/TAG``."""

    name: str
    kind: str
    rest: str

    @property
    def path(self) -> str:
        """The whole path."""
        return f"/v2/{self.name}/{self.kind}/{self.rest}"


class RegistryError(Exception):
    """An error response of the registry's API.

    Args:
        status: the HTTP status.
        code: a code of https://distribution.github.io/distribution/spec/api/#errors
        message: the sentence for the caller.
    """

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code

    def response(self) -> Response:
        """Return the HTTP response."""
        content = {"errors": [{"code": self.code, "message": str(self)}]}
        response = Response(json.dumps(content), self.status, content_type="application/json")
        if self.status == 401:
            response.headers["WWW-Authenticate"] = f'Basic realm="{USER}"'
        return response


class Front:
    """A WSGI application for ``/v2/``.

    Args:
        connections: starts the registry if necessary, and returns connections to it.
        storage: the registry's files.
        tokens: the tokens with which callers log in.
    """

    def __init__(self, connections: Callable[[], urllib3.HTTPConnectionPool], storage: Storage, tokens: Tokens) -> None:
        self._connections = connections
        self._storage = storage
        self._tokens = tokens
        self._manifests = threading.Lock()  # Between the check of a tag and its move, nobody else may move it.
        self._expected: dict[str, threading.Event] = {}

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Answer one request."""
        request = Request(environ)
        try:
            response = self._answer(request)
        except RegistryError as refusal:
            _drain(request)
            response = refusal.response()
        except RegistryStartError as error:
            _drain(request)
            response = RegistryError(403, "DENIED", str(error)).response()
        except (urllib3.exceptions.HTTPError, ClientDisconnected, OSError):
            # Either the caller has closed its connection and gets no response, or the registry has ended. Then the
            # next request starts it again.
            response = RegistryError(503, "UNAVAILABLE", "The registry did not answer.").response()
        response.headers["Docker-Distribution-Api-Version"] = "registry/2.0"
        return response(environ, start_response)

    def expect_request(self, name: str) -> threading.Event:
        """Return an event that is set once a request names the repository ``name``, which need not exist."""
        return self._expected.setdefault(name, threading.Event())

    def stop_expecting(self, name: str) -> None:
        """Forget the event of ``name``."""
        self._expected.pop(name, None)

    def _answer(self, request: Request) -> Response:
        address = _address(request.path)
        if not self._may_download(request, address):
            self._check_token(request)
        if address is None:
            return Response("{}", content_type="application/json")
        if request.method == "DELETE":
            raise RegistryError(405, "UNSUPPORTED", "The operation is unsupported.")
        expected = self._expected.get(address.name)
        if expected is not None:
            expected.set()
        repository = repositories.find(address.name)
        if repository is None:
            raise RegistryError(404, "NAME_UNKNOWN", repositories.missing(address.name))
        if request.method == "PUT" and address.kind == "manifests":
            return self._put_manifest(request, address, repository.is_tag_immutable())
        return self._forward(request, address, _body_chunks(request))

    def _check_token(self, request: Request) -> None:
        token = password(request.headers.get("Authorization", ""))
        match self._tokens.status(USER, token or ""):
            case TokenStatus.EXPIRED:
                raise RegistryError(
                    401, "DENIED", "Your authorization token has expired. Reauthenticate and try again."
                )
            case TokenStatus.UNKNOWN:
                raise RegistryError(401, "UNAUTHORIZED", "Not Authorized")

    def _may_download(self, request: Request, address: Address | None) -> bool:
        """Return whether the URL has a token for the layer that it names (see GetDownloadUrlForLayer)."""
        if address is None or address.kind != "blobs" or request.method not in ("GET", "HEAD"):
            return False
        token = parse_qs(request.query_string.decode()).get("token", [""])[0]
        return self._tokens.status(address.path, token) is TokenStatus.VALID

    def _put_manifest(self, request: Request, address: Address, immutable: bool) -> Response:
        body = b"".join(_limit_size(_body_chunks(request), MANIFEST_BYTES))
        digest = "sha256:" + hashlib.sha256(body).hexdigest()
        with self._manifests:
            present = self._storage.find_digest(address.name, address.rest)
            if immutable and present not in (None, digest):
                raise RegistryError(
                    400,
                    "TAG_INVALID",
                    f"The image tag '{address.rest}' already exists in the '{address.name}' repository and cannot be "
                    "overwritten because the tag is immutable.",
                )
            return self._forward(request, address, body)

    def _forward(self, request: Request, address: Address, body: Any) -> Response:
        headers = {name: value for name, value in request.headers.items() if name.lower() not in _HOP_BY_HOP}
        headers.pop("Authorization", None)
        answer = self._connections().urlopen(
            request.method,
            _forward_path(request, address),
            body=body,
            headers=headers,  # Host is among them, from which the registry makes its Location headers.
            chunked="Content-Length" not in headers and body is not None,
            retries=False,
            redirect=False,
            preload_content=False,
            decode_content=False,
        )
        kept = [(name, value) for name, value in answer.headers.items() if name.lower() not in _HOP_BY_HOP]
        response = Response(_stream(answer), answer.status, kept, direct_passthrough=True)
        response.call_on_close(answer.close)
        return response


def _address(path: str) -> Address | None:
    """Return the parts of a path; None for ``/v2/`` itself.

    Raises:
        RegistryError: ECR has no such path.
    """
    if path in ("/v2", "/v2/"):
        return None
    found = _PATH.fullmatch(path)
    if found is None:
        raise RegistryError(404, "UNSUPPORTED", "The operation is unsupported.")
    return Address(found["name"], found["kind"], found["rest"])


def password(authorization: str) -> str | None:
    """Return the token in a header of the form ``Basic <AWS:token in base64>``, or None."""
    scheme, _, encoded = authorization.partition(" ")
    try:
        user, _, password = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None
    return password if scheme.lower() == "basic" and user == USER else None


def _forward_path(request: Request, address: Address) -> str:
    """Return the path and query for the registry.

    ``mount`` is removed. It takes a layer from another repository, which may be one of a former local cloud.
    """
    query = parse_qsl(request.query_string.decode(), keep_blank_values=True)
    kept = [(name, value) for name, value in query if name not in ("mount", "from", "token")]
    return f"{address.path}?{urlencode(kept)}" if kept else address.path


def _body_chunks(request: Request) -> Iterator[bytes] | None:
    """Return a request's body in chunks, or None if it has none."""
    if not request.environ.get("wsgi.input_terminated") and not request.content_length:
        return None
    stream = request.environ["wsgi.input"]
    return iter(lambda: stream.read(CHUNK), b"")


def _limit_size(chunks: Iterator[bytes] | None, most: int) -> Iterator[bytes]:
    for chunk in chunks or ():
        most -= len(chunk)
        if most < 0:
            raise RegistryError(400, "MANIFEST_INVALID", "The manifest is too large.")
        yield chunk


def _drain(request: Request) -> None:
    """Read the rest of the body, because docker misses a response that comes while it still sends."""
    with suppress(ClientDisconnected, OSError):
        for _ in _body_chunks(request) or ():
            pass


def _stream(answer: urllib3.BaseHTTPResponse) -> Iterator[bytes]:
    while chunk := answer.read(CHUNK):
        yield chunk
