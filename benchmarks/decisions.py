"""Measures how long the local cloud takes to decide whether a caller may make a call, in this process.

The caller is a session of a role with the rights of the stack's training role and a permissions boundary; the bucket
has the policy of the stack's buckets. Run it from the repository's root: ``python -m benchmarks.decisions``. It
measures the time on the processor, so other programs make no difference.
"""

import json
import statistics
import time
from collections.abc import Mapping
from typing import Any

from moto.iam.models import iam_backends
from moto.s3.models import s3_backends
from moto.sts.models import sts_backends
from werkzeug.test import EnvironBuilder
from werkzeug.wrappers import Request

from scripts.localcloud.access import requests
from scripts.localcloud.access.gate import Gate
from scripts.localcloud.environment import ACCOUNT, REGION
from scripts.localcloud.registry.tokens import Tokens
from tests.unit.localcloud.access.training_role import rights

CALLS = 2_000
BUCKET = "trainyard-data"
LOGS = {"X-Amz-Target": "Logs_20140328.PutLogEvents", "Content-Type": "application/x-amz-json-1.1"}
LINE = {"logGroupName": "/aws/sagemaker/TrainingJobs", "logStreamName": "a/algo-1-1"}


def main() -> None:
    """Print one line per call."""
    key, token = _session()
    gate = Gate(Tokens())
    scope = f"{key}/20260801/{REGION}/{{}}/aws4_request"
    signed = f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature={'0' * 64}"
    calls: Mapping[str, tuple[str, str, str, bytes, Mapping[str, str]]] = {
        "s3:GetObject": ("s3", "GET", f"/{BUCKET}/digits/training/0/one.png", b"", {}),
        "s3:ListObjectsV2": ("s3", "GET", f"/{BUCKET}?list-type=2&prefix=digits%2F", b"", {}),
        "logs:PutLogEvents": ("logs", "POST", "/", json.dumps(LINE).encode(), LOGS),
    }
    for name, (service, method, path, body, headers) in calls.items():
        sent = {"Authorization": signed.format(service), "X-Amz-Security-Token": token, **headers}
        builder = EnvironBuilder(path, method=method, headers=list(sent.items()), data=body)
        environ = builder.get_environ() | {"RAW_URI": path}
        times = [_seconds(gate, environ, body) for _ in range(CALLS)]
        print(f"{name}: {1000 * statistics.median(times):.2f} ms (99%: {1000 * sorted(times)[-CALLS // 100]:.2f} ms)")


def _session() -> tuple[str, str]:
    """Make the role and the bucket; give the key and the token of a session of the role."""
    data = f"arn:aws:s3:::{BUCKET}"
    repository = f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/trainer"
    statements = rights(data, "arn:aws:s3:::models", "arn:aws:s3:::checkpoints", repository)
    everything = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    iam, sts = iam_backends[ACCOUNT]["aws"], sts_backends[ACCOUNT]["aws"]
    limit = iam.create_policy("", "/", _document([everything]), "limit", {})
    role: Any = iam.create_role("training", "{}", "/", limit.arn, "", [], "3600")
    iam.put_role_policy("training", "rights", _document(statements))
    bucket: Any = s3_backends[ACCOUNT]["aws"].create_bucket(BUCKET, REGION)
    tls = {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": [data, f"{data}/*"]}
    bucket.policy = _document([{**tls, "Condition": {"Bool": {"aws:SecureTransport": "false"}}}]).encode()
    session = sts.assume_role(REGION, "bench", role.arn, "", 3600, "")
    return session.access_key_id, session.session_token


def _document(statements: list[dict[str, Any]]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


def _seconds(gate: Gate, environ: dict[str, Any], body: bytes) -> float:
    fresh = EnvironBuilder(input_stream=None, data=body).get_environ()["wsgi.input"]
    request = Request({**environ, "wsgi.input": fresh})
    started = time.thread_time()
    refusal = gate.refusal(request, requests.read(request))
    seconds = time.thread_time() - started
    if refusal is not None:
        raise RuntimeError(refusal.get_data(as_text=True))
    return seconds


if __name__ == "__main__":
    main()
