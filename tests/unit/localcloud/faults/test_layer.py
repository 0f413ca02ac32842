"""The faults of a running local cloud, as boto3 sees them."""

import http.client
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import cache, partial
from typing import Any

import botocore.exceptions
import pytest
from botocore.config import Config

from scripts import localcloud
from scripts.core.clock import clock_problem
from scripts.core.errors import UserError
from tests.unit.localcloud.account import new_client
from tests.unit.localcloud.processes import wait_until

LOST = botocore.exceptions.ConnectionClosedError
CALLS = {
    "s3": lambda client: client.list_buckets(),
    "sts": lambda client: client.get_caller_identity(),
    "sagemaker": lambda client: client.list_training_jobs(),
    "ec2": lambda client: client.describe_vpcs(),
    "lambda": lambda client: client.list_functions(),
    "cloudwatch": lambda client: client.list_metrics(),
}


@pytest.fixture
def faults(cloud: localcloud.Cloud) -> Iterator[Callable[[str], None]]:
    """Sets the faults of the local cloud; none are left."""
    yield lambda text: localcloud.set_faults(cloud, text)
    localcloud.set_faults(cloud, "")


@pytest.fixture(scope="module")
def once(cloud: localcloud.Cloud) -> Callable[[str], Any]:
    """Makes clients that try each call once."""
    config = Config(retries={"mode": "standard", "total_max_attempts": 1}, read_timeout=60)
    return cache(partial(new_client, cloud.url, config=config))


@pytest.fixture
def bucket(once: Callable[[str], Any]) -> str:
    once("s3").create_bucket(Bucket="faulty")
    return "faulty"


def struck(cloud: localcloud.Cloud) -> list[tuple[int, int]]:
    return [(rule.struck, rule.calls) for rule in localcloud.fault_status(cloud).rules]


@pytest.mark.parametrize("service", sorted(CALLS))
@pytest.mark.parametrize(
    ("fault", "codes", "statuses"),
    [
        ("503", {"ServiceUnavailable"}, {503}),
        ("throttled", {"SlowDown", "Throttling", "ThrottlingException"}, {400, 503}),
        ("expired", {"ExpiredToken", "ExpiredTokenException"}, {400, 403}),
        ("wrong-clock", {"RequestTimeTooSkewed", "SignatureDoesNotMatch", "InvalidSignatureException"}, {400, 403}),
        ("OddException/418", {"OddException"}, {418}),
    ],
)
def test_an_error_has_the_form_of_its_protocol(
    faults: Callable[[str], None],
    once: Callable[[str], Any],
    service: str,
    fault: str,
    codes: set[str],
    statuses: set[int],
) -> None:
    faults(f"{service} {fault}")
    with pytest.raises(botocore.exceptions.ClientError) as raised:
        CALLS[service](once(service))
    assert raised.value.response["Error"]["Code"] in codes
    assert raised.value.response["ResponseMetadata"]["HTTPStatusCode"] in statuses


def test_a_wrong_clock_shows_in_the_date_of_an_answer_without_a_body(
    faults: Callable[[str], None], once: Callable[[str], Any], bucket: str
) -> None:
    faults("s3:HeadBucket wrong-clock")
    with pytest.raises(botocore.exceptions.ClientError) as raised:
        once("s3").head_bucket(Bucket=bucket)
    problem = clock_problem(raised.value.response)
    assert problem == "This machine's clock is 60 min behind AWS's, so AWS refuses the request."


def test_docker_gets_an_error_in_the_registrys_form(cloud: localcloud.Cloud, faults: Callable[[str], None]) -> None:
    faults("registry throttled, * 500")
    connection = http.client.HTTPConnection("127.0.0.1", cloud.port, timeout=60)
    connection.request("GET", "/v2/a/manifests/latest")
    answer = connection.getresponse()
    assert (answer.status, b'"code": "TOOMANYREQUESTS"' in answer.read()) == (429, True)
    connection.close()


def test_a_call_that_is_cut_before_is_not_done(
    faults: Callable[[str], None], once: Callable[[str], Any], bucket: str
) -> None:
    faults("s3:PutObject cut-before")
    with pytest.raises(LOST):
        once("s3").put_object(Bucket=bucket, Key="before", Body=b"x" * 3_000_000)
    assert "Contents" not in once("s3").list_objects_v2(Bucket=bucket, Prefix="before")


def test_a_call_that_is_cut_after_is_done(
    faults: Callable[[str], None], once: Callable[[str], Any], bucket: str
) -> None:
    faults("s3:PutObject cut-after")
    with pytest.raises(LOST):
        once("s3").put_object(Bucket=bucket, Key="after", Body=b"x" * 3_000_000)
    assert once("s3").head_object(Bucket=bucket, Key="after")["ContentLength"] == 3_000_000


def test_a_truncated_answer_announces_more_than_it_has(
    faults: Callable[[str], None], once: Callable[[str], Any], bucket: str
) -> None:
    once("s3").put_object(Bucket=bucket, Key="half", Body=b"0123456789")
    faults("s3:*Object truncated")
    body = once("s3").get_object(Bucket=bucket, Key="half")["Body"]
    with pytest.raises(botocore.exceptions.ResponseStreamingError, match="5 bytes read, 5 more expected"):
        body.read()
    with pytest.raises(LOST):  # An answer without a body has nothing to send half of.
        once("s3").put_object(Bucket=bucket, Key="none", Body=b"x")
    with pytest.raises(LOST):
        once("s3").head_object(Bucket=bucket, Key="half")


def test_a_delay_and_a_silence_end_when_the_rules_are_replaced(
    cloud: localcloud.Cloud, faults: Callable[[str], None], once: Callable[[str], Any]
) -> None:
    faults("sts delay=0.01s")
    assert once("sts").get_caller_identity()["Account"] == cloud.account
    faults("sts silence=0.01s")
    with pytest.raises(LOST):
        once("sts").get_caller_identity()
    for fault in ("delay=600s", "silence=600s"):
        faults(f"sts {fault}")
        with ThreadPoolExecutor(1) as pool:
            waiting = pool.submit(once("sts").get_caller_identity)
            wait_until(lambda: struck(cloud) == [(1, 1)])
            faults("")
            assert isinstance(waiting.exception(), LOST if "silence" in fault else type(None))


def test_a_retry_gets_through(cloud: localcloud.Cloud, faults: Callable[[str], None], client: Any) -> None:
    faults("sts cut-before 1x, sts 503 1x")
    assert client("sts").get_caller_identity()["Account"] == cloud.account
    assert struck(cloud) == [(1, 3), (1, 2)]


def test_the_control_addresses_and_the_clouds_own_calls_get_no_faults(
    cloud: localcloud.Cloud, faults: Callable[[str], None], account: Any, once: Callable[[str], Any]
) -> None:
    faults("* 500, registry 500, sagemaker:CreateTrainingJob KmsException 0%")
    assert localcloud.container_support(cloud).missing
    assert struck(cloud) == [(0, 0)] * 3
    faults("s3 cut-before, logs cut-before, sts cut-before, cloudwatch cut-before")
    job = account.wait_until_ended(account.create("print(1)"))  # SageMaker reads and writes S3, and writes the log
    assert job["TrainingJobStatus"] == "Completed"
    assert struck(cloud) == [(0, 0)] * 4


def test_the_operations_are_counted_while_there_are_rules(
    cloud: localcloud.Cloud, faults: Callable[[str], None], once: Callable[[str], Any]
) -> None:
    faults("* 500 0%")
    once("sts").get_caller_identity()
    once("s3").list_buckets()
    assert localcloud.fault_status(cloud).operations == {"sts:GetCallerIdentity": 1, "s3:ListBuckets": 1}


def test_a_wrong_rule_changes_nothing(cloud: localcloud.Cloud, faults: Callable[[str], None]) -> None:
    faults("sts 503 1%, seed=3")
    with pytest.raises(UserError, match="FAULTS: `s3`"):
        faults("s3")
    status = localcloud.fault_status(cloud)
    assert (status.seed, [rule.text for rule in status.rules]) == (3, ["sts 503 1%"])
