"""Whose call it is, by its keys or its token, and how a refusal reads in each protocol."""

import base64
import json
import urllib.error
import urllib.request
from typing import Any

import pytest
from botocore.parsers import RpcV2CBORParser
from werkzeug.test import EnvironBuilder
from werkzeug.wrappers import Request

from scripts.core import refusals
from scripts.localcloud.access import requests
from scripts.localcloud.access.gate import Gate
from scripts.localcloud.job_front import JOB_SERVICE
from scripts.localcloud.registry.tokens import Tokens
from tests.unit.localcloud.access.people import Client, People, allow, refused, signed
from tests.unit.localcloud.account import document

ACCOUNT = "123456789012"


def refusal_of(gate: Gate, environ: dict[str, Any]) -> Any:
    request = Request(environ)
    return gate.refusal(request, requests.read(request, environ.get(JOB_SERVICE)))


FORMS: dict[str, tuple[str, str, dict[str, Any], str, int]] = {
    "json": ("sagemaker", "list_training_jobs", {}, "AccessDeniedException", 400),
    "query": ("iam", "list_roles", {}, "AccessDenied", 403),
    "rest-xml": ("s3", "list_buckets", {}, "AccessDenied", 403),
    "rest-json": ("lambda", "list_functions", {}, "AccessDeniedException", 403),
}


@pytest.mark.parametrize("form", FORMS)
def test_a_refusal_reads_as_aws_s_and_names_action_and_resource(people: People, form: str) -> None:
    service, operation, parameters, code, status = FORMS[form]
    name, client = people.user()
    made = client(service)
    answer = refused(getattr(made, operation), **parameters)
    assert answer[:2] == (code, status)
    start = f"User: arn:aws:iam::{ACCOUNT}:user/{name} is not authorized to perform: {service}:"
    assert answer[2].startswith(start), answer
    assert " because no identity-based policy allows the " in answer[2]
    found = refusals.NOT_AUTHORIZED.search(answer[2])
    assert found
    assert found["resource"] == "*"


@pytest.mark.parametrize(
    ("service", "operation", "code"),
    [
        ("sts", "get_caller_identity", "InvalidClientTokenId"),
        ("s3", "list_buckets", "InvalidAccessKeyId"),
        ("sagemaker", "list_training_jobs", "UnrecognizedClientException"),
    ],
)
def test_a_key_that_the_local_cloud_has_not_given_is_refused(
    people: People, service: str, operation: str, code: str
) -> None:
    client = people.with_keys("AKIAIOSFODNN7EXAMPLE", "x")(service)
    assert refused(getattr(client, operation))[0] == code


def test_keys_that_no_longer_work_are_refused(people: People, client: Client) -> None:
    name, mine = people.user(allow("s3:*"))
    iam = client("iam")
    key = iam.list_access_keys(UserName=name)["AccessKeyMetadata"][0]["AccessKeyId"]
    mine("s3").list_buckets()
    iam.update_access_key(UserName=name, AccessKeyId=key, Status="Inactive")
    assert refused(mine("s3").list_buckets)[0] == "InvalidAccessKeyId"
    iam.delete_access_key(UserName=name, AccessKeyId=key)
    assert refused(mine("s3").list_buckets)[0] == "InvalidAccessKeyId"


@pytest.mark.parametrize(("service", "key"), [("logs", "local"), ("s3", "local"), ("sts", "x")])
def test_a_job_s_program_cannot_be_root(service: str, key: str) -> None:
    headers = {"Authorization": signed(service, key)} | (
        {"X-Amz-Target": "Logs_20140328.CreateLogGroup"} if service == "logs" else {}
    )
    environ = EnvironBuilder("/x", method="POST", headers=list(headers.items())).get_environ() | {"RAW_URI": "/x"}
    gate = Gate(Tokens())
    assert refusal_of(gate, environ) is None
    refusal = refusal_of(gate, {**environ, JOB_SERVICE: service})
    assert refusal
    assert refusal.status_code >= 400


def test_other_sdks_ask_cloudwatch_in_cbor(people: People, client: Client, cloud: Any) -> None:
    name, _ = people.user(allow("cloudwatch:PutMetricData", Condition={"StringEquals": {"cloudwatch:namespace": "m"}}))
    key = client("iam").list_access_keys(UserName=name)["AccessKeyMetadata"][0]["AccessKeyId"]
    address = f"{cloud.url}/service/GraniteServiceVersion20100801/operation/PutMetricData"
    # A map of one member, Namespace, whose value is the text `o`.
    request = urllib.request.Request(address, b"\xa1\x69Namespace\x61o", method="POST")
    for header, value in {"Authorization": signed("monitoring", key), "smithy-protocol": "rpc-v2-cbor"}.items():
        request.add_header(header, value)
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(request)
    parser = RpcV2CBORParser()
    read = parser.parse_data_item(parser.get_peekable_stream_from_bytes(caught.value.read()))
    assert read["__type"] == "AccessDenied"
    assert "cloudwatch:PutMetricData" in read["message"]


def test_docker_s_requests_are_those_of_the_token_s_owner(people: People, client: Client, cloud: Any) -> None:
    client("ecr").create_repository(repositoryName="pulled")
    name, mine = people.user(allow("ecr:GetAuthorizationToken"))
    given = mine("ecr").get_authorization_token()["authorizationData"][0]["authorizationToken"]

    def status(method: str, path: str) -> tuple[int, Any]:
        request = urllib.request.Request(f"{cloud.url}/v2/{path}", method=method)
        request.add_header("Authorization", f"Basic {given}")
        try:
            with urllib.request.urlopen(request) as answer:
                return answer.status, None
        except urllib.error.HTTPError as error:
            return error.code, json.loads(error.read() or b"null")

    assert base64.b64decode(given).startswith(b"AWS:")
    assert status("GET", "")[0] == 200
    refusal = status("POST", "pulled/blobs/uploads/")
    assert refusal[0] == 403
    assert "ecr:InitiateLayerUpload" in refusal[1]["errors"][0]["message"]
    pull = allow("ecr:BatchGetImage", resource=f"arn:aws:ecr:us-east-1:{ACCOUNT}:repository/pulled")
    client("iam").put_user_policy(UserName=name, PolicyName="pull", PolicyDocument=document(pull))
    assert status("GET", "pulled/manifests/v1")[0] != 403
    assert status("GET", "other/manifests/v1")[0] == 403
