"""What a job's program may call of AWS, and the keys with which it calls."""

import contextlib
import http.client
import json
import socket
import stat
import threading
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path, PurePosixPath
from typing import Any

import pytest

from scripts.localcloud.clients import Keys
from scripts.localcloud.job_front import JOB_SERVICE, MAX_BODY, JobFront
from scripts.localcloud.sagemaker import endpoint, network, role

SCOPE = "ASIA1/20260801/eu-west-1/{}/aws4_request"
SIGNED = f"AWS4-HMAC-SHA256 Credential={SCOPE}, SignedHeaders=host;x-amz-date, Signature={'0' * 64}"
PRESIGNED = "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=" + SCOPE.replace("/", "%2F")
PUT_OBJECT = {"REQUEST_METHOD": "PUT", "RAW_URI": "/bucket/key", "PATH_INFO": "/bucket/key"}
NOW = datetime(2026, 8, 1, 12, tzinfo=UTC)


def asked(service: str = "s3", **changed: str | bool) -> dict[str, Any]:
    """Return a WSGI request that is signed for a service."""
    return {
        "REQUEST_METHOD": "GET",
        "RAW_URI": "/",
        "PATH_INFO": "/",
        "QUERY_STRING": "",
        "SERVER_NAME": "172.18.0.1",
        "SERVER_PORT": "4000",
        "HTTP_HOST": "172.18.0.1:4000",
        "HTTP_AUTHORIZATION": SIGNED.format(service),
        "wsgi.url_scheme": "http",
    } | changed


def answered(environ: dict[str, Any]) -> tuple[int, str]:
    """Return the status and the text with which a request is answered; the text of 200 is the service."""
    statuses: list[str] = []

    def application(seen: dict[str, Any], start: Any) -> Iterable[bytes]:
        start("200 OK", [])
        return [seen[JOB_SERVICE].encode()]

    body = b"".join(JobFront(application)(environ, lambda status, _: statuses.append(status)))  # type: ignore[arg-type]
    return int(statuses[0].partition(" ")[0]), body.decode()


def presigned(service: str) -> dict[str, Any]:
    request = asked(QUERY_STRING=PRESIGNED.format(service))
    del request["HTTP_AUTHORIZATION"]
    return request


@pytest.mark.parametrize("service", ["s3", "logs", "sts"])
def test_three_services_are_answered(service: str) -> None:
    assert answered(asked(service)) == answered(presigned(service)) == (200, service)
    by_version_2 = presigned("x") | {"QUERY_STRING": "AWSAccessKeyId=a&Signature=b%3D&Expires=1795967610"}
    assert answered(by_version_2) == (200, "s3")
    without_spaces = asked(HTTP_AUTHORIZATION=SIGNED.format(service).replace(", ", ","))
    assert answered(without_spaces) == (200, service)


@pytest.mark.parametrize("service", ["iam", "ecr", "sagemaker", "monitoring", "s3-outposts", ""])
def test_other_services_are_refused(service: str) -> None:
    for request in (asked(service), presigned(service)):
        status, text = answered(request)
        assert (status, "AccessDenied" in text) == (403, True)
    query_call = answered(asked("iam", QUERY_STRING="Action=ListRoles"))[1]
    assert "<Code>AccessDenied</Code>" in query_call
    assert "not the service iam" in query_call
    json_call = answered(asked("ecr", HTTP_X_AMZ_TARGET="AmazonEC2ContainerRegistry_V20150921.CreateRepository"))
    assert json.loads(json_call[1])["__type"] == "AccessDeniedException"


@pytest.mark.parametrize(
    "authorization",
    [
        "",
        "AWS ASIA1:signature",
        "Bearer x",
        SIGNED.format("s3") + "," + SIGNED.format("iam"),
        SIGNED.format("s3").replace("aws4_request", "aws4_request/iam/aws4_request"),
        SIGNED.format("s3") + "\n",
        "x " + SIGNED.format("s3"),
    ],
)
def test_what_is_not_one_signature_is_refused(authorization: str) -> None:
    assert answered(asked(HTTP_AUTHORIZATION=authorization, QUERY_STRING=PRESIGNED.format("s3")))[0] == 403
    twice = PRESIGNED.format("s3") + "&" + PRESIGNED.format("sts")
    assert answered(presigned("s3") | {"QUERY_STRING": twice})[0] == 403


@pytest.mark.parametrize(
    ("changed", "status"),
    [
        ({"REQUEST_METHOD": "CONNECT", "RAW_URI": "127.0.0.1:22"}, 400),
        ({"REQUEST_METHOD": "OPTIONS"}, 400),
        ({"RAW_URI": "http://127.0.0.1:22/"}, 400),
        ({"RAW_URI": "//127.0.0.1/"}, 400),
        ({"RAW_URI": "*"}, 400),
        ({"HTTP_HOST": "127.0.0.1:4000"}, 400),
        ({"HTTP_HOST": "iam.amazonaws.com"}, 400),
        ({"HTTP_HOST": "172.18.0.1:4000,172.18.0.1:4000"}, 400),
        ({"CONTENT_LENGTH": str(MAX_BODY)}, 200),
        ({"CONTENT_LENGTH": str(MAX_BODY + 1)}, 413),
        ({"CONTENT_LENGTH": "-1"}, 413),
        ({"wsgi.input_terminated": True}, 413),
        (PUT_OBJECT | {"wsgi.input_terminated": True}, 200),
        (PUT_OBJECT | {"CONTENT_LENGTH": str(MAX_BODY + 1)}, 200),
        (PUT_OBJECT | {"CONTENT_LENGTH": str(MAX_BODY + 1), "RAW_URI": "/bucket/key?tagging"}, 413),
        (PUT_OBJECT | {"CONTENT_LENGTH": str(MAX_BODY + 1), "RAW_URI": "/bucket?policy"}, 413),
        (PUT_OBJECT | {"CONTENT_LENGTH": str(MAX_BODY + 1), "RAW_URI": "/bucket/../x"}, 413),
        (PUT_OBJECT | {"CONTENT_LENGTH": str(MAX_BODY + 1), "HTTP_X_AMZ_COPY_SOURCE": "b/k"}, 413),
        (PUT_OBJECT | {"CONTENT_LENGTH": str(MAX_BODY + 1), "HTTP_AUTHORIZATION": SIGNED.format("sts")}, 413),
    ],
)
def test_the_form_of_a_request(changed: dict[str, Any], status: int) -> None:
    assert answered(asked(**changed))[0] == status


def test_only_containers_of_the_network_are_answered() -> None:
    own, network = IPv4Address("172.18.0.1"), IPv4Network("172.18.0.0/16")
    callers = {"172.18.0.2": True, "172.18.255.254": True, "172.18.0.1": False, "172.17.0.2": False, "127.0.0.1": False}
    assert {caller: endpoint.admits(network, own, IPv4Address(caller)) for caller in callers} == callers


@pytest.fixture
def served() -> Iterator[tuple[str, int]]:
    """An endpoint for the callers 127.0.0.1 and 127.0.0.3, which answers with the caller's address."""

    def application(environ: dict[str, Any], start: Any) -> Iterable[bytes]:
        text = environ["REMOTE_ADDR"].encode()
        start("200 OK", [("Content-Length", str(len(text)))])
        return [text]

    with endpoint.serve(application, IPv4Address("127.0.0.2"), IPv4Network("127.0.0.0/30")) as url:
        host, _, port = url.removeprefix("http://").partition(":")
        yield host, int(port)


def test_an_endpoint_answers_its_network_alone(served: tuple[str, int]) -> None:
    for source, answers in (("127.0.0.1", True), ("127.0.0.3", True), ("127.0.0.2", False), ("127.0.0.4", False)):
        connection = http.client.HTTPConnection(*served, timeout=60, source_address=(source, 0))
        try:
            connection.request("GET", "/")
            assert (answers, connection.getresponse().read()) == (True, source.encode())
        except ConnectionError:
            assert not answers
        finally:
            connection.close()


def test_an_endpoint_that_ends_cuts_its_connections() -> None:
    def application(_environ: dict[str, Any], start: Any) -> Iterable[bytes]:
        start("200 OK", [("Content-Length", "0")])
        return []

    network = IPv4Network("127.0.0.0/30")
    with endpoint.serve(application, IPv4Address("127.0.0.2"), network) as url:
        place = ("127.0.0.2", int(url.rpartition(":")[2]))
        connection = socket.create_connection(place, 60, source_address=("127.0.0.1", 0))
        connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert connection.recv(100).startswith(b"HTTP/1.1 200")
    with connection:
        while connection.recv(1000):
            pass
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(place, 60)


def test_a_gateway_of_another_machine_is_reported_and_the_job_has_no_endpoint() -> None:
    notes: list[str] = []
    elsewhere = {"Name": "n", "IPAM": {"Config": [{"Subnet": "192.0.2.0/24", "Gateway": "192.0.2.1"}]}}
    with contextlib.ExitStack() as stack:
        assert network.serve_endpoint(stack, elsewhere, JobFront(lambda _environ, _start: []), notes.append) is None
    (note,) = notes
    assert "this machine does not have the address 192.0.2.1" in note


def test_a_roles_files_have_new_keys_before_the_old_ones_expire(tmp_path: Path) -> None:
    folder, renewed, count = tmp_path / "role", threading.Event(), 0

    def assume() -> Keys:
        nonlocal count
        count += 1
        if count == 3:
            renewed.set()
        left = timedelta(milliseconds=2) if count < 3 else timedelta(hours=1)
        return Keys(f"key-{count}", "secret", "token", datetime.now(UTC) + left)

    with role.files(folder, PurePosixPath("/a b/role"), assume):
        assert (folder / "config").read_text() == "[default]\ncredential_process = cat '/a b/role/keys.json'\n"
        assert renewed.wait(60)
        while (content := json.loads((folder / "keys.json").read_text()))["AccessKeyId"] != "key-3":
            pass
        assert content["Version"] == 1
        assert (content["SecretAccessKey"], content["SessionToken"]) == ("secret", "token")
        assert datetime.fromisoformat(content["Expiration"]) > datetime.now(UTC) + timedelta(minutes=50)
        assert stat.S_IMODE(folder.stat().st_mode) == 0o755
        assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o644}
    assert not folder.exists()


@pytest.mark.parametrize(
    ("left", "seconds"), [(timedelta(hours=1), 1800), (timedelta(0), 0), (timedelta(hours=-1), 0), (None, None)]
)
def test_keys_are_renewed_after_half_of_their_time(left: timedelta | None, seconds: float | None) -> None:
    keys = Keys(expires=None if left is None else NOW + left)
    assert role.seconds_to_renewal(keys, NOW) == seconds
