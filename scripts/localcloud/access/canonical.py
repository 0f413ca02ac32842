"""Leaves in a request only what the gate has read of it, so that moto cannot read something else.

moto looks for an operation and its parameters in the address, in a form, in any body that could be a form, and in
headers, and takes the region from the User-Agent. A request can name one thing to the gate and another one to moto.
"""

from typing import TYPE_CHECKING, Any

from moto.core.responses import BaseResponse

from scripts.localcloud.access.requests import AwsRequest
from scripts.localcloud.faults.operations import FORM, Protocol

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

_CALL = "trainyard.call"
_JSON = "application/x-amz-json-1.1"
_NAMED = (Protocol.CBOR, Protocol.EC2, Protocol.JSON, Protocol.QUERY)
"""Protocols in which a request names its operation. In the others, moto finds it by the address, as the gate does."""
# Without any parameter in the address, moto reads a body in JSON as if it were a form.
_NO_FORM = "json="


def canonical(environ: "WSGIEnvironment", asked: AwsRequest) -> "WSGIEnvironment":
    """A request for moto.

    Args:
        environ: the request.
        asked: what the gate has read of it.
    """
    changed: dict[str, Any] = {**environ, _CALL: asked}
    match asked.call.protocol:
        case Protocol.JSON | Protocol.CBOR:
            _set_query(changed, _NO_FORM)
        case Protocol.QUERY | Protocol.EC2 if _is_form(environ):
            _set_query(changed, "")
    is_json = str(environ.get("CONTENT_TYPE", "")).startswith("application/x-amz-json")
    if asked.call.protocol is Protocol.JSON and not is_json:
        changed["CONTENT_TYPE"] = _JSON
    return changed


def patch_moto() -> None:
    """Let moto take the operation and the region from what the gate has read."""
    find_action, find_region = BaseResponse._get_action, BaseResponse.get_region_from_url

    def action(response: Any) -> str:
        asked = response.normalized_request.environ.get(_CALL)
        named = asked and asked.call.protocol in _NAMED and asked.call.operation
        return str(named or find_action(response))

    def region(response: Any, request: Any, full_url: str) -> str:
        asked = request.environ.get(_CALL)
        return str(asked.region if asked else find_region(response, request, full_url))

    BaseResponse._get_action = action
    BaseResponse.get_region_from_url = region


def _is_form(environ: "WSGIEnvironment") -> bool:
    return str(environ.get("CONTENT_TYPE", "")).partition(";")[0].strip().lower() == FORM


def _set_query(environ: dict[str, Any], query: str) -> None:
    environ["QUERY_STRING"] = query
    environ["RAW_URI"] = str(environ["RAW_URI"]).partition("?")[0] + (f"?{query}" if query else "")
    environ.pop("werkzeug.request", None)
