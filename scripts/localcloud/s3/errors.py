"""S3's errors.

https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
"""

from xml.sax.saxutils import escape

from werkzeug.wrappers import Response


class S3Error(Exception):
    """An error that a caller gets, in S3's words.

    Args:
        code: the error code, such as ``BadDigest``.
        message: the sentence for the caller.
        status: the HTTP status.
    """

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status

    def response(self) -> Response:
        """Return the HTTP response."""
        body = (
            '<?xml version="1.0" encoding="UTF-8"?>\n'
            f"<Error><Code>{self.code}</Code><Message>{escape(self.message)}</Message></Error>"
        )
        return Response(body, self.status, content_type="application/xml")
