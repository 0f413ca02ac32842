"""boto3 clients with which SageMaker calls the local cloud's other services, with the credentials of the job's role.

They cannot reach AWS: the server's environment has nothing of AWS, and every client names its endpoint and keys.
"""

import threading
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

import boto3
from botocore.config import Config

from scripts.localcloud.environment import OWN_CALLS

if TYPE_CHECKING:
    from mypy_boto3_ecr import ECRClient
    from mypy_boto3_logs import CloudWatchLogsClient
    from mypy_boto3_s3 import S3Client

CONNECTIONS = 16
SESSION = "SageMaker"  # The name of the sessions in which SageMaker acts as a role.


@dataclass(frozen=True)
class Keys:
    """The keys that sign a request; the defaults are those of the SageMaker service itself, which do not expire."""

    access_key: str = "local"
    secret_key: str = "local"  # noqa: S105 - any value works: it never leaves 127.0.0.1
    token: str | None = None
    expires: datetime | None = None


class Clients:
    """Makes clients of one endpoint."""

    def __init__(self, endpoint: str) -> None:
        self._endpoint = endpoint
        self._session = boto3.Session()
        self._lock = threading.Lock()  # A boto3 session must not make clients in two threads at once.

    @property
    def registry(self) -> str:
        """The host and port of the account's ECR, as image names have it."""
        return f"localhost:{urlsplit(self._endpoint).port}"

    def s3(self, region: str, keys: Keys) -> "S3Client":
        """Return a client of S3."""
        return cast("S3Client", self._client("s3", region, keys))

    def logs(self, region: str, keys: Keys) -> "CloudWatchLogsClient":
        """Return a client of CloudWatch Logs."""
        return cast("CloudWatchLogsClient", self._client("logs", region, keys))

    def cloudwatch(self, region: str, keys: Keys) -> Any:
        """Return a client of CloudWatch."""
        return self._client("cloudwatch", region, keys)

    def ecr(self, region: str) -> "ECRClient":
        """Return a client of ECR."""
        return cast("ECRClient", self._client("ecr", region, Keys()))

    def ec2(self, region: str) -> Any:
        """Return a client of EC2."""
        return self._client("ec2", region, Keys())

    def assume_role(self, role: str, region: str) -> Keys:
        """Return the keys with which SageMaker acts as a role; STS makes them."""
        sts = self._client("sts", region, Keys())
        made = sts.assume_role(RoleArn=role, RoleSessionName=SESSION)["Credentials"]
        return Keys(made["AccessKeyId"], made["SecretAccessKey"], made["SessionToken"], made["Expiration"])

    def _client(self, service: str, region: str, keys: Keys) -> Any:
        config = Config(
            max_pool_connections=CONNECTIONS,
            retries={"mode": "standard"},
            s3={"addressing_style": "path"},
            user_agent_extra=OWN_CALLS,
        )
        with self._lock:
            return self._session.client(  # type: ignore[call-overload]  # the stubs accept literal names only
                service,
                region_name=region,
                endpoint_url=self._endpoint,
                aws_access_key_id=keys.access_key,
                aws_secret_access_key=keys.secret_key,
                aws_session_token=keys.token,
                config=config,
            )
