"""Whether a refusal of AWS comes from this machine's clock. AWS refuses requests that are signed with a wrong time.

https://docs.aws.amazon.com/IAM/latest/UserGuide/signature-v4-troubleshooting.html
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

# Most services accept five minutes of difference, S3 fifteen.
TOLERATED = timedelta(minutes=5)
WRONG_TIME = {"RequestTimeTooSkewed", "RequestInTheFuture"}
WRONG_TIME_MESSAGES = ("Signature expired", "Signature not yet current")


def clock_problem(response: Mapping[str, Any], now: datetime | None = None) -> str | None:
    """What is wrong with the clock, as a sentence; None if the refusal has another reason.

    The answer to a HEAD has no body, so no code. But every answer has AWS's time in its header ``Date``.

    Args:
        response: the ``response`` of a botocore ClientError.
        now: the time of this machine; default: the current time.
    """
    error, metadata = response.get("Error", {}), response.get("ResponseMetadata", {})
    headers = metadata.get("HTTPHeaders", {})
    message = str(error.get("Message", ""))
    named = error.get("Code") in WRONG_TIME or any(part in message for part in WRONG_TIME_MESSAGES)
    difference = _difference(headers.get("date"), now or datetime.now(UTC))
    is_refusal = 400 <= metadata.get("HTTPStatusCode", 0) < 500
    if difference is not None and abs(difference) > TOLERATED and (is_refusal or named):
        side = "ahead of" if difference > timedelta(0) else "behind"
        return f"This machine's clock is {_minutes(difference)} {side} AWS's, so AWS refuses the request."
    return f"AWS refuses the time of this machine's clock: {message or error.get('Code')}" if named else None


def _difference(date: str | None, now: datetime) -> timedelta | None:
    try:
        return now - parsedate_to_datetime(date) if date else None
    except (TypeError, ValueError):
        return None


def _minutes(difference: timedelta) -> str:
    minutes = round(abs(difference).total_seconds() / 60)
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h {minutes % 60} min"
