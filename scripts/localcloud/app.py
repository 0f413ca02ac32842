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
from scripts.localcloud.access import requests
from scripts.localcloud.access.canonical import canonical
from scripts.localcloud.access.gate import Gate
from scripts.localcloud.ecr import Ecr
from scripts.localcloud.engine import ContainerSupport
from scripts.localcloud.environment import CLOCK_PATH, FAULTS_PATH, INTERRUPTIONS_PATH, JOBS_PATH, LOOPBACK
from scripts.localcloud.faults.layer import FaultLayer
from scripts.localcloud.faults.operations import Protocol, own_service
from scripts.localcloud.interruptions import Orders
from scripts.localcloud.job_front import JOB_SERVICE
from scripts.localcloud.registry import Registry
from scripts.localcloud.s3.blobs import Store
from scripts.localcloud.s3.front import S3Front

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

Handler = Callable[[awsjson.Call], "dict[str, Any] | None"]

_SERVICE = "trainyard.service"  # A key of the WSGI environment: moto's name of the service that answers.


class _Moto(DomainDispatcherApplication):  # type: ignore[misc]  # moto publishes no types
    """moto's application; where the service is known, a request gets it, whatever else it says."""

    def get_application(self, environ: "WSGIEnvironment") -> Any:
        """Return the application of a request's service."""
        service = environ.get(_SERVICE)
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
            "sagemaker": sagemaker,
            "ecr": ecr,
            "servicequotas": quotas.answer,
            "pricing": price_list.answer,
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
        request, job_service = Request(environ), environ.get(JOB_SERVICE)
        asked = requests.read(request, job_service)
        refusal = self._gate.refusal(request, asked)
        if refusal is not None:
            return refusal(environ, start_response)
        if asked.call.protocol is Protocol.REGISTRY:
            return self._registry(environ, start_response)
        is_json = asked.call.protocol is Protocol.JSON and not job_service
        handler = self._handlers.get(own_service(request)) if is_json else None
        response = self._answer_here(request, handler) if handler else None
        if response is not None:
            return response(environ, start_response)
        environ = canonical(environ, asked)
        if job_service or asked.call.service == "s3":
            environ[_SERVICE] = "s3control" if requests.is_control(request) else asked.call.service
        return self._moto(environ, start_response)

    def _order(self, request: Request) -> Response:
        try:
            return Response(self._orders.add(request.get_data(as_text=True)))
        except UserError as error:
            return Response(f"{error}\n", 400)

    def _answer_here(self, request: Request, handler: Handler) -> Response | None:
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
