"""The WSGI application: SageMaker, ECR's images, its registry and S3's bytes are ours, all the rest is moto's."""

import dataclasses
import functools
import io
import json
import traceback
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.wrappers import Request, Response

from scripts.localcloud import awsjson
from scripts.localcloud.ecr import TARGET, Ecr
from scripts.localcloud.engine import Verdict
from scripts.localcloud.environment import JOBS_PATH, LOOPBACK
from scripts.localcloud.registry import Registry
from scripts.localcloud.s3.blobs import Store
from scripts.localcloud.s3.front import S3Front

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

Handler = Callable[[awsjson.Call], "dict[str, Any] | None"]


class Application:
    """Hands each request to whoever answers it.

    Args:
        sagemaker: answers a call of SageMaker.
        registry: what is behind ECR.
        verdict: how jobs run here.
        store: keeps the bytes of S3's objects.
    """

    def __init__(self, sagemaker: Handler, registry: Registry, verdict: Callable[[], Verdict], store: Store) -> None:
        moto = DomainDispatcherApplication(create_backend_app)
        # moto lists its packages' folder to find the service of a host name, at each call: half the time of a call.
        moto.get_backend_for_host = functools.cache(moto.get_backend_for_host)
        self._rest = S3Front(moto, store)
        self._registry = registry.app
        self._verdict = verdict
        ecr = Ecr(registry, possible=lambda: verdict().missing is None)
        self._handlers: dict[str, Handler] = {"SageMaker.": sagemaker, TARGET: ecr}

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Answer one request."""
        request = Request(environ)
        if request.host.rpartition(":")[0] not in LOOPBACK or "Origin" in request.headers:
            # A page in a browser can reach 127.0.0.1, by a name of its own that it lets point here.
            body = "The local cloud answers programs that call it as 127.0.0.1 or localhost, and nobody else.\n"
            return Response(body, 403)(environ, start_response)
        # Neither can be a bucket's name: that has three letters or more, and no underscore.
        if request.path == "/v2" or request.path.startswith("/v2/"):
            return self._registry(environ, start_response)
        if request.path == JOBS_PATH:
            verdict = json.dumps(dataclasses.asdict(self._verdict()))
            return Response(verdict, content_type="application/json")(environ, start_response)
        response = self._ours(request)
        if response is not None:
            return response(environ, start_response)
        try:
            return self._rest(environ, start_response)
        except ModuleNotFoundError as error:
            # moto imports a service at its first call. requirements.in leaves out the packages of some services.
            return _no_such_service(request, error)(environ, start_response)

    def _ours(self, request: Request) -> Response | None:
        target = request.headers.get("X-Amz-Target", "")
        handler = next((found for prefix, found in self._handlers.items() if target.startswith(prefix)), None)
        if handler is None:
            return None
        body = request.get_data()
        request.environ["wsgi.input"] = io.BytesIO(body)  # moto reads it again where the call is its own.
        try:
            result = handler(awsjson.read_call(request))
        except awsjson.ServiceError as error:
            return awsjson.refusal(error)
        except Exception:
            traceback.print_exc()
            fault = awsjson.ServiceError("InternalFailure", "The local cloud met a bug of its own: see server.log.")
            return awsjson.refusal(fault)
        return None if result is None else awsjson.answer(result)


def _no_such_service(request: Request, error: ModuleNotFoundError) -> Response:
    """Return a refusal that says which Python package the service needs."""
    message = f"The local cloud does not have this service: the Python package {error.name} is not installed."
    if request.mimetype == "application/x-www-form-urlencoded":  # a service whose answers are XML
        xml = f"<ErrorResponse><Error><Code>NotImplemented</Code><Message>{message}</Message></Error></ErrorResponse>"
        return Response(xml, 400, content_type="text/xml")
    return awsjson.refusal(awsjson.ServiceError("NotImplemented", message))
