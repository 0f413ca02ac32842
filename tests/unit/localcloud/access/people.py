"""Users and roles of the local cloud, and boto3 clients with their keys."""

import itertools
from collections.abc import Callable
from functools import cache, partial
from typing import Any

from botocore.exceptions import ClientError

from tests.unit.localcloud.account import document, new_client

Client = Callable[..., Any]
_NUMBERS = itertools.count()


def allow(*actions: str, resource: Any = "*", **more: Any) -> dict[str, Any]:
    """A statement that allows actions."""
    return {"Effect": "Allow", "Action": list(actions), "Resource": resource, **more}


def deny(*actions: str, resource: Any = "*", **more: Any) -> dict[str, Any]:
    """A statement that denies actions."""
    return allow(*actions, resource=resource, **more) | {"Effect": "Deny"}


def signed(service: str, key: str) -> str:
    """A header Authorization for a service; nobody verifies the signature."""
    scope = f"{key}/20260801/us-east-1/{service}/aws4_request"
    return f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature={'0' * 64}"


class People:
    """Makes users and sessions in a local cloud.

    Args:
        url: the local cloud's endpoint.
        iam: root's client of IAM.
    """

    def __init__(self, url: str, iam: Any) -> None:
        self._url = url
        self._iam = iam

    def user(self, *statements: dict[str, Any]) -> tuple[str, Client]:
        """Make a user with an inline policy; give its name and what makes its clients."""
        name = f"user-{next(_NUMBERS)}"
        self._iam.create_user(UserName=name)
        if statements:
            self._iam.put_user_policy(UserName=name, PolicyName="inline", PolicyDocument=document(*statements))
        key = self._iam.create_access_key(UserName=name)["AccessKey"]
        return name, self.with_keys(key["AccessKeyId"], key["SecretAccessKey"])

    def with_keys(self, key: str, secret: str, token: str | None = None) -> Client:
        """Give what makes clients with these keys."""

        return cache(partial(new_client, self._url, keys=(key, secret, token)))

    def session(self, client: Client, role: str, **more: Any) -> Client:
        """Assume a role; give what makes clients of the session."""
        given = client("sts").assume_role(RoleArn=role, RoleSessionName="me", **more)["Credentials"]
        return self.with_keys(given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"])


def refused(call: Callable[..., Any], **parameters: Any) -> tuple[str, int, str]:
    """The code, the status and the message with which a call is refused; empty if it is not."""
    try:
        call(**parameters)
    except ClientError as error:
        answer = error.response
        return answer["Error"]["Code"], answer["ResponseMetadata"]["HTTPStatusCode"], answer["Error"]["Message"]
    return "", 200, ""
