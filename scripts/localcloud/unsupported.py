"""Refuses at once what moto does not have: operations, and whole services.

moto fails with an exception in such a call, or finds no page. The caller would get a status of 500 and repeat the call
for seconds, or get a page in HTML that no SDK understands.
"""

import functools
from typing import TYPE_CHECKING, Any, cast

from botocore.model import OperationNotFoundError
from flask import current_app
from flask import request as flask_request
from moto.moto_server.werkzeug_app import create_backend_app
from werkzeug.wrappers import Request, Response

from scripts.localcloud.faults.answers import error_response
from scripts.localcloud.faults.names import botocore
from scripts.localcloud.faults.operations import FORM, Call, Protocol, identify

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

BAD_REQUEST, NOT_FOUND, METHOD_NOT_ALLOWED = 400, 404, 405
# What AWS answers to an operation that a service does not have:
# https://docs.aws.amazon.com/IAM/latest/APIReference/CommonErrors.html (InvalidAction),
# https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html (NotImplemented),
# https://docs.aws.amazon.com/apigateway/latest/developerguide/CommonErrors.html (UnknownOperationException)
_CODES = {Protocol.QUERY: "InvalidAction", Protocol.EC2: "InvalidAction", Protocol.REST_XML: "NotImplemented"}
_OTHER_CODE = "UnknownOperationException"


def backend(service: str | None) -> "WSGIApplication":
    """Return an application that answers the calls of a service, and refuses those that moto does not have.

    Args:
        service: moto's name of the service; None if moto does not have it.
    """
    if service is None:
        return Request.application(lambda request: _service_error(request, "moto does not have it"))
    try:
        application: Any = create_backend_app(service)
    except ModuleNotFoundError as missing:
        # moto imports a service at its first call, and requirements.in omits the packages of some services.
        reason = f"the Python package {missing.name} is not installed"
        return Request.application(lambda request: _service_error(request, reason))
    application.before_request(_keep_form)
    application.register_error_handler(NotImplementedError, _operation_error)
    # moto reads botocore's model of the service, which may lack the operation.
    application.register_error_handler(OperationNotFoundError, _operation_error)
    application.after_request(_replace_missing_page)
    return cast("WSGIApplication", application)


def _keep_form() -> None:
    """Keep the body of a form, which names the operation: once moto has read the form, it is gone."""
    if flask_request.mimetype == FORM:
        flask_request.get_data()


def _operation_error(_: Exception | None = None) -> Response:
    """Return the error of the call that Flask is answering."""
    application: Any = current_app
    call = identify(flask_request, _model(application.service))
    message = f"The local cloud does not have {call.operation or 'this operation'} of {call.service or 'AWS'}."
    return error_response(call.protocol, _code(call), message, BAD_REQUEST)


def _replace_missing_page(response: Response) -> Response:
    """Replace an answer that says "not found" of the address, not of something that AWS has there.

    Flask does so where moto has no page for an operation, and moto where its page does not know the operation. Then the
    body is empty, which it is on AWS only in an answer to HEAD.
    """
    if flask_request.method == "HEAD" or response.status_code not in (NOT_FOUND, METHOD_NOT_ALLOWED):
        return response
    if flask_request.routing_exception is None and response.get_data():
        return response
    return _operation_error()


def _service_error(request: Request, reason: str) -> Response:
    call = identify(request)
    message = f"The local cloud does not have this service: {reason}."
    return error_response(call.protocol, "NotImplemented", message, BAD_REQUEST)


@functools.cache
def _model(service: str) -> str:
    """Return botocore's name of a service that moto calls ``service``: lambda for awslambda; empty if there is none."""
    names: dict[str, str] = {name.replace("-", ""): name for name in botocore().get_available_services()}
    return names.get(service) or names.get(service.removeprefix("aws"), "")


def _code(call: Call) -> str:
    return _CODES.get(call.protocol, _OTHER_CODE)
