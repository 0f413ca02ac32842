"""The program of a job in test_calls_of_aws: it calls AWS, and tries what it may not reach. Prints JSON.

The small image has Python alone; boto3 comes as an archive in the channel `packages`. The variables LISTENER and
CLOUD_PORT name another server of this machine and the local cloud's own port.
"""

import json
import os
import shutil
import socket
import sys
import time
import urllib.request
from http.client import HTTPResponse
from pathlib import Path
from typing import Any

PACKAGES = Path("/opt/ml/input/data/packages/boto3.tar")
TO_S3 = "{} HTTP/1.1\r\n{}Authorization: AWS4-HMAC-SHA256 {}, SignedHeaders=host, Signature={}\r\n{}\r\n"
NO_BODY = "Content-Length: 0\r\n"


def main() -> None:
    """Print the key first, so that the test knows it, and then what was seen."""
    shutil.unpack_archive(PACKAGES, "/tmp/packages")
    sys.path.insert(0, "/tmp/packages")
    import boto3

    session = boto3.Session(region_name=os.environ["AWS_REGION"])
    found: Any = session.get_credentials()
    key = found.get_frozen_credentials().access_key
    print(key, flush=True)
    seen = {"method": found.method, **calls(session), "refused": refusals(session), "attacks": attacks(key)}
    print(json.dumps(seen), flush=True)
    time.sleep(600)


def calls(session: Any) -> dict[str, Any]:
    """Call what a program may call."""
    from boto3.s3.transfer import TransferConfig

    s3, logs = session.client("s3"), session.client("logs")
    s3.put_object(Bucket="models", Key="by/program", Body=b"written" * 1000)
    in_parts = TransferConfig(multipart_threshold=1, multipart_chunksize=5 << 20)
    s3.upload_file(str(PACKAGES), "models", "by/parts", Config=in_parts)
    url = s3.generate_presigned_url("get_object", Params={"Bucket": "data", "Key": "train/a.txt"})
    logs.create_log_group(logGroupName="mine")
    return {
        "identity": session.client("sts").get_caller_identity()["Arn"],
        "range": s3.get_object(Bucket="models", Key="by/program", Range="bytes=0-6")["Body"].read().decode(),
        "presigned": urllib.request.urlopen(url).read().decode(),
        "groups": [group["logGroupName"] for group in logs.describe_log_groups()["logGroups"]],
    }


def refusals(session: Any) -> dict[str, str]:
    """Return the error codes of services that are not there, and of an action that the role may not do."""
    from botocore.exceptions import ClientError

    role = "arn:aws:iam::123456789012:role/training"
    wanted: dict[str, tuple[str, dict[str, str]]] = {
        "iam": ("list_roles", {}),
        "ecr": ("describe_repositories", {}),
        "sagemaker": ("search", {"Resource": "TrainingJob"}),
        "sts": ("assume_role", {"RoleArn": role, "RoleSessionName": "more"}),
    }
    found = {}
    for service, (operation, parameters) in wanted.items():
        try:
            getattr(session.client(service), operation)(**parameters)
        except ClientError as error:
            found[service] = error.response["Error"]["Code"]
    return found


def attacks(key: str) -> dict[str, Any]:
    """Return the answers to requests that name something else than the three services: status and content type."""
    address, _, port = os.environ["AWS_ENDPOINT_URL"].removeprefix("http://").partition(":")
    own, other = f"Host: {address}:{port}\r\nConnection: close\r\n", os.environ["LISTENER"]
    chunked = "Transfer-Encoding: chunked\r\n"

    def answer(first: str, hosts: str = own, more: str = "") -> str:
        scope = f"Credential={key}/20260801/us-east-1/s3/aws4_request"
        with socket.create_connection((address, int(port)), 60) as connection:
            connection.sendall(TO_S3.format(first, hosts, scope, "0" * 64, more).encode())
            response = HTTPResponse(connection)
            response.begin()
            return f"{response.status} {response.headers.get_content_type()}"

    return {
        "control": answer("GET /_local/jobs"),
        "faults": answer("PUT /_local/faults", more=NO_BODY),
        "moto": answer("GET /moto-api/data.json"),
        "registry": answer("GET /v2/"),
        "sagemaker": answer("POST /", more=f"X-Amz-Target: SageMaker.ListTrainingJobs\r\n{NO_BODY}"),
        "other host": answer("GET /", hosts="Host: iam.amazonaws.com\r\nConnection: close\r\n"),
        "two hosts": answer("GET /", hosts=f"{own}Host: iam.amazonaws.com\r\n"),
        "two signatures": answer("GET /", more="Authorization: AWS x\r\n"),
        "other port": answer(f"GET http://{other}/"),
        "tunnel": answer(f"CONNECT {other}"),
        "two lengths": answer("POST /", more=f"{NO_BODY}{chunked}"),
        "the local cloud itself": reaches(address, int(os.environ["CLOUD_PORT"])),
    }


def reaches(address: str, port: int) -> bool:
    """Whether a port of this machine's address accepts a connection."""
    try:
        socket.create_connection((address, port), 3).close()
    except OSError:
        return False
    return True


main()
