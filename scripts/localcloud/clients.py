"""boto3 clients of the local cloud's own endpoint, as SageMaker uses them: by the job's role.

The server's process has an environment without a way to AWS, and every client names endpoint and keys.
"""

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

import boto3
from botocore.config import Config

if TYPE_CHECKING:
    from mypy_boto3_ecr import ECRClient
    from mypy_boto3_iam import IAMClient
    from mypy_boto3_logs import CloudWatchLogsClient
    from mypy_boto3_s3 import S3Client

CONNECTIONS = 16


@dataclass(frozen=True)
class Keys:
    """What a request is signed with; the default is the service's own."""

    access_key: str = "local"
    secret_key: str = "local"  # noqa: S105 - anything will do: it never leaves 127.0.0.1
    token: str | None = None


class Clients:
    """Makes clients of one endpoint."""

    def __init__(self, endpoint: str) -> None:
        self._endpoint = endpoint
        self._session = boto3.Session()
        self._lock = threading.Lock()  # boto3 makes clients from one thread at a time only.

    @property
    def registry(self) -> str:
        """What the account's ECR is called in an image's name."""
        return f"localhost:{urlsplit(self._endpoint).port}"

    def s3(self, region: str, keys: Keys) -> "S3Client":
        """A client of S3."""
        return cast("S3Client", self._client("s3", region, keys))

    def logs(self, region: str, keys: Keys) -> "CloudWatchLogsClient":
        """A client of CloudWatch Logs."""
        return cast("CloudWatchLogsClient", self._client("logs", region, keys))

    def cloudwatch(self, region: str, keys: Keys) -> Any:
        """A client of CloudWatch."""
        return self._client("cloudwatch", region, keys)

    def iam(self, region: str) -> "IAMClient":
        """A client of IAM."""
        return cast("IAMClient", self._client("iam", region, Keys()))

    def ecr(self, region: str) -> "ECRClient":
        """A client of ECR."""
        return cast("ECRClient", self._client("ecr", region, Keys()))

    def assume_role(self, role: str, region: str) -> Keys:
        """The keys that STS gives for a role to SageMaker."""
        sts = self._client("sts", region, Keys())
        given = sts.assume_role(RoleArn=role, RoleSessionName="SageMaker")["Credentials"]
        return Keys(given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"])

    def _client(self, service: str, region: str, keys: Keys) -> Any:
        config = Config(max_pool_connections=CONNECTIONS, retries={"mode": "standard"}, s3={"addressing_style": "path"})
        with self._lock:
            # boto3's types know each service by its literal name only.
            return self._session.client(  # type: ignore[call-overload]  # the stubs want a literal
                service,
                region_name=region,
                endpoint_url=self._endpoint,
                aws_access_key_id=keys.access_key,
                aws_secret_access_key=keys.secret_key,
                aws_session_token=keys.token,
                config=config,
            )
