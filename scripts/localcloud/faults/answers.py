"""AWS's errors, in the form of each protocol.

Forms: https://smithy.io/2.0/aws/protocols/ and https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
Codes: https://docs.aws.amazon.com/IAM/latest/APIReference/CommonErrors.html and the S3 page above.
"""

import json
import uuid
from datetime import UTC, datetime, timedelta
from xml.sax.saxutils import escape

from werkzeug.wrappers import Response

from scripts.localcloud.faults.operations import Call, Protocol
from scripts.localcloud.faults.rules import Fault, Kind

REQUEST_ID = "x-amzn-RequestId"
# How much later AWS's time is if the clock is wrong. Nothing else in the answer to a HEAD says so.
CLOCK_ERROR = timedelta(hours=1)
_JSON = (Protocol.JSON, Protocol.REST_JSON, Protocol.CBOR)
# The statuses that are not 400.
_STATUSES = {
    "AccessDenied": 403,
    "BadGateway": 502,
    "DENIED": 401,
    "ExpiredToken": 403,
    "GatewayTimeout": 504,
    "InternalError": 500,
    "InternalFailure": 500,
    "InternalServerError": 500,
    "InvalidAccessKeyId": 403,
    "InvalidClientTokenId": 403,
    "RequestTimeTooSkewed": 403,
    "ServerException": 500,
    "ServiceUnavailable": 503,
    "ServiceUnavailableException": 503,
    "SignatureDoesNotMatch": 403,
    "SlowDown": 503,
    "TOOMANYREQUESTS": 429,
}
_MESSAGES = {
    "DENIED": "Your authorization token has expired. Reauthenticate and try again.",
    "ExpiredToken": "The security token included in the request is expired",
    "ExpiredTokenException": "The security token included in the request is expired",
    "InternalError": "We encountered an internal error. Please try again.",
    "InvalidSignatureException": "Signature not yet current: 20260801T120000Z is still later than 20260801T110500Z",
    "RequestTimeTooSkewed": "The difference between the request time and the current time is too large.",
    "ServiceUnavailable": "Service is unable to handle request.",
    "SignatureDoesNotMatch": "Signature expired: 20260801T110000Z is now earlier than 20260801T110500Z",
    "SlowDown": "Please reduce your request rate.",
    "Throttling": "Rate exceeded",
    "ThrottlingException": "Rate exceeded",
}


def error(fault: Fault, call: Call) -> Response:
    """Return the error response that a call gets."""
    code = fault.code or _own_code(fault.kind, call)
    status = fault.status or (400 if code == "ExpiredToken" and call.service == "s3" else _STATUSES.get(code, 400))
    message = _MESSAGES.get(code, "The local cloud was asked for this error.")
    response = error_response(call.protocol, code, message, status)
    if fault.kind is Kind.WRONG_CLOCK:
        response.date = datetime.now(UTC) + CLOCK_ERROR
    return response


def error_response(protocol: Protocol, code: str, message: str, status: int) -> Response:
    """Return an error in the form of a protocol, which AWS's SDKs raise with this code and this message."""
    body, content_type = _form(protocol, code, message)
    response = Response(body, status, content_type=content_type)
    response.headers[REQUEST_ID] = str(uuid.uuid4())
    match protocol:
        case Protocol.REST_JSON:
            response.headers["x-amzn-ErrorType"] = code
        case Protocol.CBOR:
            response.headers["smithy-protocol"] = "rpc-v2-cbor"
        case Protocol.REGISTRY:
            response.headers["Docker-Distribution-Api-Version"] = "registry/2.0"
    return response


def _own_code(kind: Kind, call: Call) -> str:
    """Return the code that a service uses for a kind of error."""
    is_json = call.protocol in _JSON
    match kind:
        case _ if call.protocol is Protocol.REGISTRY:
            return "TOOMANYREQUESTS" if kind is Kind.THROTTLED else "DENIED"
        case Kind.THROTTLED:
            return "SlowDown" if call.service == "s3" else "ThrottlingException" if is_json else "Throttling"
        case Kind.EXPIRED:
            return "ExpiredTokenException" if is_json else "ExpiredToken"
        case _:  # WRONG_CLOCK
            s3 = "RequestTimeTooSkewed" if call.service == "s3" else "SignatureDoesNotMatch"
            return "InvalidSignatureException" if is_json else s3


def _form(protocol: Protocol, code: str, message: str) -> tuple[bytes, str]:
    """Return an error's body and its content type."""
    xml = f"<Code>{escape(code)}</Code><Message>{escape(message)}</Message>"
    match protocol:
        case Protocol.JSON | Protocol.REST_JSON:
            version = "x-amz-json-1.1" if protocol is Protocol.JSON else "json"
            return json.dumps({"__type": code, "message": message}).encode(), f"application/{version}"
        case Protocol.CBOR:
            texts = (text for pair in (("__type", code), ("message", message)) for text in pair)
            return b"\xa2" + b"".join(map(_cbor, texts)), "application/cbor"
        case Protocol.QUERY:
            return f"<ErrorResponse><Error><Type>Sender</Type>{xml}</Error></ErrorResponse>".encode(), "text/xml"
        case Protocol.EC2:
            return f"<Response><Errors><Error>{xml}</Error></Errors></Response>".encode(), "text/xml"
        case Protocol.REST_XML:
            return f'<?xml version="1.0" encoding="UTF-8"?>\n<Error>{xml}</Error>'.encode(), "application/xml"
        case Protocol.REGISTRY:
            return json.dumps({"errors": [{"code": code, "message": message}]}).encode(), "application/json"


def _cbor(text: str) -> bytes:
    """Return a text in CBOR: its type with the form of its length, the length, the text (RFC 8949, section 3)."""
    encoded = text.encode()
    return b"\x79" + len(encoded).to_bytes(2, "big") + encoded
