"""The WSGI application: it answers SageMaker, ECR's images, S3's bytes, quotas and prices itself, and moto all else.

Before each call, the gate decides whether the caller may make it. Around all this is the layer that gives calls the
faults that were asked for.
"""

import dataclasses
import functools
import io
import json
import traceback
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from moto.moto_server.werkzeug_app import DomainDispatcherApplication
from werkzeug.wrappers import Request, Response

from scripts.core.errors import UserError
from scripts.localcloud import awsjson, price_list, quotas, unsupported
from scripts.localcloud.access.gate import Gate
from scripts.localcloud.ecr import TARGET, Ecr
from scripts.localcloud.engine import ContainerSupport
from scripts.localcloud.environment import CLOCK_PATH, FAULTS_PATH, INTERRUPTIONS_PATH, JOBS_PATH, LOOPBACK
from scripts.localcloud.faults.layer import FaultLayer
from scripts.localcloud.interruptions import Orders
from scripts.localcloud.job_front import JOB_SERVICE
from scripts.localcloud.registry import Registry
from scripts.localcloud.s3.blobs import Store
from scripts.localcloud.s3.front import S3Front

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

Handler = Callable[[awsjson.Call], "dict[str, Any] | None"]


class _Moto(DomainDispatcherApplication):  # type: ignore[misc]  # moto publishes no types
    """moto's application; a request of a job's program gets the service that it may call, whatever else it says."""

    def get_application(self, environ: "WSGIEnvironment") -> Any:
        """Return the application of a request's service."""
        service = environ.get(JOB_SERVICE)
        if service is None:
            return super().get_application(environ)
        with self.lock:
            if service not in self.app_instances:
                self.app_instances[service] = self.create_app(service)
            return self.app_instances[service]


class Application:
    """Hands each request to the part that answers it.

    Args:
        sagemaker: answers calls of SageMaker.
        registry: the registry behind ECR.
        container_support: returns whether jobs can run in containers.
        store: keeps the bytes of S3 objects.
        orders: keeps the ordered interruptions of spot jobs.
        move_clock: moves the clock of the warm pools forward by seconds.
    """

    def __init__(
        self,
        sagemaker: Handler,
        registry: Registry,
        container_support: Callable[[], ContainerSupport],
        store: Store,
        orders: Orders,
        move_clock: Callable[[float], None],
    ) -> None:
        moto = _Moto(unsupported.backend)
        # To find the service of a host name, moto lists a folder at each call. That takes half the time of a call.
        moto.get_backend_for_host = functools.cache(moto.get_backend_for_host)
        self._moto = S3Front(moto, store)
        self._registry = registry.app
        self._container_support = container_support
        self._orders = orders
        self._move_clock = move_clock
        ecr = Ecr(registry, containers_possible=lambda: container_support().missing is None)
        self._gate = Gate(registry.tokens)
        self._faults = FaultLayer(self._answer)
        self._handlers: dict[str, Handler] = {
            "SageMaker.": sagemaker,
            TARGET: ecr,
            quotas.TARGET: quotas.answer,
            price_list.TARGET: price_list.answer,
        }

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Answer one request."""
        request = Request(environ)
        if request.host.rpartition(":")[0] not in LOOPBACK or "Origin" in request.headers:
            # A web page can point a host name of its own at 127.0.0.1, and so reach this server from a browser.
            body = "The local cloud answers only programs that call it as 127.0.0.1 or localhost.\n"
            return Response(body, 403)(environ, start_response)
        # The control addresses get no faults, and cannot name a bucket: its name has no underscore.
        if request.path == JOBS_PATH:
            support = json.dumps(dataclasses.asdict(self._container_support()))
            return Response(support, content_type="application/json")(environ, start_response)
        if request.path == INTERRUPTIONS_PATH and request.method == "POST":
            return self._order(request)(environ, start_response)
        if request.path == CLOCK_PATH and request.method == "POST":
            self._move_clock(float(request.get_data(as_text=True)))
            return Response()(environ, start_response)
        if request.path == FAULTS_PATH:
            return self._faults.control(request)(environ, start_response)
        return self._faults(environ, start_response)

    def fault_of_instances(self) -> str | None:
        """Return the error with which the instances of a job fail now, if that was asked for; mostly None."""
        return self._faults.of_instances()

    def answer_job(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Answer a request of a job's program, in which ``JobFront`` has set the service."""
        return self._faults(environ, start_response)

    def _answer(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        request = Request(environ)
        refusal = self._gate.refusal(request)
        if refusal is not None:
            return refusal(environ, start_response)
        if JOB_SERVICE in environ:
            return self._moto(environ, start_response)
        # This path cannot name a bucket: a bucket's name has three letters or more.
        if request.path == "/v2" or request.path.startswith("/v2/"):
            return self._registry(environ, start_response)
        response = self._answer_here(request)
        if response is not None:
            return response(environ, start_response)
        return self._moto(environ, start_response)

    def _order(self, request: Request) -> Response:
        try:
            return Response(self._orders.add(request.get_data(as_text=True)))
        except UserError as error:
            return Response(f"{error}\n", 400)

    def _answer_here(self, request: Request) -> Response | None:
        target = request.headers.get("X-Amz-Target", "")
        handler = next((found for prefix, found in self._handlers.items() if target.startswith(prefix)), None)
        if handler is None:
            return None
        body = request.get_data()
        request.environ["wsgi.input"] = io.BytesIO(body)  # moto reads it again if the handler leaves the call to it.
        try:
            result = handler(awsjson.read_call(request))
        except awsjson.ServiceError as error:
            return awsjson.error_response(error)
        except Exception:
            traceback.print_exc()
            bug = awsjson.ServiceError("InternalFailure", "The local cloud has a bug: see server.log.")
            return awsjson.error_response(bug)
        return None if result is None else awsjson.success_response(result)
