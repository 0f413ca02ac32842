"""Several requests on one connection: each gets its own response, even if the one before it failed."""

import http.client
import socket
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

SIGNED = "AWS4-HMAC-SHA256 Credential=a/20260801/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=" + "0" * 64


@pytest.fixture
def connection(cloud: Any, client: Callable[..., Any]) -> Iterator[http.client.HTTPConnection]:
    client("s3").create_bucket(Bucket="wire")
    opened = http.client.HTTPConnection("127.0.0.1", cloud.port, timeout=60)
    yield opened
    opened.close()


def ask(connection: http.client.HTTPConnection, method: str, path: str, body: bytes = b"", **headers: str) -> Any:
    connection.request(method, path, body, {"Authorization": SIGNED} | headers)
    answer = connection.getresponse()
    return answer.status, answer.read(), answer


def test_a_connection_serves_several_requests(connection: http.client.HTTPConnection) -> None:
    assert ask(connection, "PUT", "/wire/k", b"bytes")[0] == 200
    first = connection.sock
    assert ask(connection, "HEAD", "/wire/k")[:2] == (200, b"")
    assert ask(connection, "GET", "/wire/k")[:2] == (200, b"bytes")
    assert ask(connection, "GET", "/wire/nothing")[0] == 404
    assert ask(connection, "PUT", "/wire/../../k", b"x" * 3_000_000)[0] == 400  # The server does not use this body
    assert ask(connection, "DELETE", "/wire/k")[:2] == (204, b"")
    assert ask(connection, "GET", "/wire/k", Connection="close")[0] == 404
    assert connection.sock is None
    assert first is not None


def test_a_request_for_another_host_is_refused(connection: http.client.HTTPConnection) -> None:
    status, text, _ = ask(connection, "PUT", "/wire/k", b"x" * 3_000_000, Host="evil.example")
    assert (status, b"127.0.0.1 or localhost" in text) == (403, True)
    assert ask(connection, "GET", "/wire/none")[0] == 404


def test_a_body_of_unknown_length_is_stored(connection: http.client.HTTPConnection) -> None:
    connection.request("PUT", "/wire/k", iter([b"by", b"tes"]), {"Authorization": SIGNED}, encode_chunked=True)
    assert connection.getresponse().status == 200
    connection.close()
    assert ask(connection, "GET", "/wire/k")[1] == b"bytes"


def test_an_interrupted_upload_leaves_nothing(cloud: Any, connection: http.client.HTTPConnection) -> None:
    before = {path.name for path in (cloud.folder / "objects").glob("*")}
    with socket.create_connection(("127.0.0.1", cloud.port)) as raw:
        lines = ["PUT /wire/half HTTP/1.1", f"Host: 127.0.0.1:{cloud.port}", f"Authorization: {SIGNED}"]
        head = "\r\n".join([*lines, "Content-Length: 100", "", ""])
        raw.sendall(head.encode() + b"half")
        raw.shutdown(socket.SHUT_WR)
        assert b"IncompleteBody" in raw.makefile("rb").read()
    assert ask(connection, "GET", "/wire/half")[0] == 404
    assert {path.name for path in (cloud.folder / "objects").glob("*")} <= before


@pytest.mark.e2e
def test_reading_an_object_during_replacements_gives_one_whole_version(client: Callable[..., Any]) -> None:
    s3, done = client("s3"), threading.Event()
    s3.create_bucket(Bucket="busy")
    bodies = {bytes([letter]) * 100_000 for letter in b"abc"}
    s3.put_object(Bucket="busy", Key="k", Body=b"a" * 100_000)

    def replace() -> None:
        while not done.is_set():
            for body in bodies:
                s3.put_object(Bucket="busy", Key="k", Body=body)

    thread = threading.Thread(target=replace)
    thread.start()
    try:
        for _ in range(60):
            assert s3.get_object(Bucket="busy", Key="k")["Body"].read() in bodies
    finally:
        done.set()
        thread.join()
