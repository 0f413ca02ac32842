"""Finds answers that arrived incomplete: botocore itself does not compare an answer with its announced length.

Without these checks, half of a JSON answer is an answer without members: botocore reads it as an empty one
(``BaseJSONParser._parse_body_as_json``, and ``enforce_content_length=False`` in ``URLLib3Session.send``).
"""

from collections.abc import Mapping
from typing import Any


def refuse_incomplete(client: Any) -> None:
    """Make every answer to ``client`` that is shorter than announced a lost connection, which botocore retries."""
    endpoint = client._endpoint  # boto3 has no public way to the session that sends
    endpoint.http_session = _CheckedSession(endpoint.http_session)
    client.meta.events.register("after-call", _refuse_empty)


class _CheckedSession:
    """Sends with another session of botocore and checks the length of each answer.

    A handler of botocore's event ``before-send`` could do the same. But botocore calls all of them, also after one that
    has answered, as moto's does.
    """

    def __init__(self, session: Any) -> None:
        self._session = session

    def send(self, request: Any) -> Any:
        import botocore.exceptions

        answer = self._session.send(request)
        if request.stream_output or request.method == "HEAD":
            return answer  # a stream checks its length itself when it is read; the answer to a HEAD has no body
        if is_incomplete(answer.headers, answer.content):
            raise botocore.exceptions.ConnectionClosedError(endpoint_url=request.url, request=request)
        return answer

    def close(self) -> None:
        self._session.close()


def _refuse_empty(http_response: Any, parsed: Mapping[str, Any], model: Any, **_more: Any) -> None:
    import botocore.exceptions

    # An answer without any member that it must have, such as an empty one with the length 0, is none.
    required = model.output_shape.required_members if model.output_shape else ()
    if required and http_response.status_code < 300 and not any(name in parsed for name in required):
        raise botocore.exceptions.ConnectionClosedError(endpoint_url=http_response.url)


def is_incomplete(headers: Mapping[str, str], body: bytes) -> bool:
    """Whether a body is shorter than its header Content-Length says."""
    announced = headers.get("Content-Length", "")
    return announced.isdigit() and len(body) < int(announced)
