"""What moto does not have is refused at once, by its name, in the form of each protocol."""

import http.client
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

LACKING = {
    "json": ("logs", "list_anomalies", {}, "UnknownOperationException", "ListAnomalies of logs"),
    "json, not in moto's list of pages": (
        "ecr",
        "list_pull_time_update_exclusions",
        {},
        "UnknownOperationException",
        "",
    ),
    "rest-json, without a page": ("batch", "list_consumable_resources", {}, "UnknownOperationException", ""),
    "rest-json, another name in moto": (
        "lambda",
        "get_account_settings",
        {},
        "UnknownOperationException",
        "GetAccountSettings of lambda",
    ),
    "rest-json, another name in signatures": (
        "efs",
        "describe_tags",
        {"FileSystemId": "fs-1"},
        "UnknownOperationException",
        "DescribeTags of elasticfilesystem",
    ),
    "query": ("sts", "get_delegated_access_token", {"TradeInToken": "x"}, "InvalidAction", "GetDelegatedAccessToken"),
    "ec2": ("ec2", "describe_bundle_tasks", {}, "InvalidAction", "DescribeBundleTasks of ec2"),
    "rest-xml": ("route53", "list_traffic_policies", {}, "NotImplemented", "ListTrafficPolicies of route53"),
}
WITHOUT_A_SERVICE = {
    "json": ("kendra", "list_indices"),
    "rest-json": ("outposts", "list_outposts"),
    "query": ("cloudsearch", "list_domain_names"),
    "a package is missing, json": ("glue", "get_databases"),
    "a package is missing, query": ("cloudformation", "list_stacks"),
    "a package is missing, rest-json": ("xray", "get_groups"),
}


def refusal(client: Any, operation: str, parameters: dict[str, Any]) -> tuple[int, str, str]:
    """Return status, code and message of the error; it came without a second try."""
    with pytest.raises(ClientError) as caught:
        getattr(client, operation)(**parameters)
    response = caught.value.response
    assert response["ResponseMetadata"]["RetryAttempts"] == 0
    return response["ResponseMetadata"]["HTTPStatusCode"], response["Error"]["Code"], response["Error"]["Message"]


@pytest.mark.parametrize("case", LACKING)
def test_an_operation_that_moto_lacks_is_refused_with_its_name(client: Callable[..., Any], case: str) -> None:
    service, operation, parameters, code, name = LACKING[case]
    made = client(service)
    name = name or f"{made.meta.method_to_api_mapping[operation]} of {service}"
    status, answered, message = refusal(made, operation, parameters)
    assert (status, answered) == (400, code)
    assert message.startswith("The local cloud does not have " + name)


@pytest.mark.parametrize("case", WITHOUT_A_SERVICE)
def test_a_service_that_is_missing_is_refused(client: Callable[..., Any], case: str) -> None:
    service, operation = WITHOUT_A_SERVICE[case]
    status, code, message = refusal(client(service), operation, {})
    assert (status, code) == (400, "NotImplemented")
    reason = "the Python package " if "package" in case else "moto does not have it"
    assert message.startswith(f"The local cloud does not have this service: {reason}")


def test_an_error_of_what_exists_stays_as_it_is(client: Callable[..., Any]) -> None:
    role = refusal(client("iam"), "get_role", {"RoleName": "nobody"})
    assert role[:2] == (404, "NoSuchEntity")
    function = refusal(client("lambda"), "get_function", {"FunctionName": "nothing"})
    assert function[:2] == (404, "ResourceNotFoundException")
    bucket = refusal(client("s3"), "head_bucket", {"Bucket": "nowhere-at-all"})
    assert bucket[:2] == (404, "404")


def test_a_name_in_a_request_cannot_add_to_the_answer(cloud: Any) -> None:
    signed = (
        "AWS4-HMAC-SHA256 Credential=a/20260801/us-east-1/iam/aws4_request, SignedHeaders=host, Signature=" + "0" * 64
    )
    headers = {"Authorization": signed, "Content-Type": "application/x-www-form-urlencoded"}
    connection = http.client.HTTPConnection("127.0.0.1", cloud.port, timeout=60)
    connection.request("POST", "/", "Action=%3Cb%3E&Version=2010-05-08", headers)
    answer = connection.getresponse()
    text = answer.read().decode()
    connection.close()
    assert (answer.status, "have &lt;b&gt; of iam" in text) == (400, True), text
