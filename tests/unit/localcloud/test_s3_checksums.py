"""Checksums that a caller sends, in headers or after the body, are compared with the bytes."""

import base64
import hashlib
import http.client
import zlib
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError
from hypothesis import given
from hypothesis import strategies as st

from scripts.localcloud.s3 import checksums
from scripts.localcloud.s3.blobs import Blob, Store, join

BODY = b"123456789"
# The check values of https://reveng.sourceforge.io/crc-catalogue/ for "123456789"
KNOWN = {
    "crc32": "cbf43926",
    "crc32c": "e3069283",
    "crc64nvme": "ae8b14860a799888",
    "sha1": hashlib.sha1(BODY, usedforsecurity=False).hexdigest(),
    "sha256": hashlib.sha256(BODY).hexdigest(),
}
SIGNED = "AWS4-HMAC-SHA256 Credential=a/20260801/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=" + "0" * 64


def b64(digest: bytes) -> str:
    return base64.b64encode(digest).decode()


def md5(body: bytes) -> str:
    return b64(hashlib.md5(body, usedforsecurity=False).digest())


RIGHT = {name: b64(bytes.fromhex(value)) for name, value in KNOWN.items()}
WRONG = {name: b64(bytes(checksums.SIZES[name])) for name in KNOWN}


@pytest.fixture(scope="module")
def s3(client: Callable[..., Any]) -> Any:
    made = client("s3")
    made.create_bucket(Bucket="checked")
    return made


@pytest.fixture
def put(s3: Any, cloud: Any) -> Callable[..., tuple[int, str]]:
    """Send a PUT by plain HTTP, with exactly these headers."""

    def send(body: bytes = BODY, path: str = "/checked/k", **headers: str) -> tuple[int, str]:
        connection = http.client.HTTPConnection("127.0.0.1", cloud.port)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request("PUT", path, body, {"Authorization": SIGNED} | named)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()

    return send


@pytest.mark.parametrize("algorithm", sorted(KNOWN))
def test_a_checksum_is_compared_with_the_bytes(s3: Any, algorithm: str) -> None:
    name = f"Checksum{algorithm.upper()}"
    s3.put_object(Bucket="checked", Key=algorithm, Body=BODY, **{name: RIGHT[algorithm]})
    answer = s3.get_object(Bucket="checked", Key=algorithm, ChecksumMode="ENABLED")
    assert answer["Body"].read() == BODY
    assert answer[name] == RIGHT[algorithm]
    part = s3.get_object(Bucket="checked", Key=algorithm, ChecksumMode="ENABLED", Range="bytes=0-1")
    assert name not in part
    with pytest.raises(ClientError) as raised:
        s3.put_object(Bucket="checked", Key="wrong", Body=BODY, **{name: WRONG[algorithm]})
    assert raised.value.response["Error"] == {
        "Code": "BadDigest",
        "Message": f"The {algorithm.upper()} you specified did not match the calculated checksum.",
    }
    assert raised.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    assert "Contents" not in s3.list_objects_v2(Bucket="checked", Prefix="wrong")


@pytest.mark.parametrize("algorithm", [name.upper() for name in KNOWN])
def test_checksums_that_boto3_computes_are_accepted_and_returned(s3: Any, algorithm: str) -> None:
    s3.put_object(Bucket="checked", Key="own", Body=BODY, ChecksumAlgorithm=algorithm)
    head = s3.head_object(Bucket="checked", Key="own", ChecksumMode="ENABLED")
    assert head[f"Checksum{algorithm}"] == RIGHT[algorithm.lower()]
    s3.copy_object(
        Bucket="checked", Key="copied", CopySource={"Bucket": "checked", "Key": "own"}, ChecksumAlgorithm=algorithm
    )
    head = s3.head_object(Bucket="checked", Key="copied", ChecksumMode="ENABLED")
    assert head[f"Checksum{algorithm}"] == RIGHT[algorithm.lower()]


def test_content_md5_is_checked(put: Callable[..., tuple[int, str]]) -> None:
    assert put(Content_MD5=md5(BODY))[0] == 200
    status, text = put(Content_MD5=md5(b"other"))
    assert (status, "<Code>BadDigest</Code>" in text) == (400, True)
    assert "<Code>InvalidDigest</Code>" in put(Content_MD5="not base64")[1]


def test_the_signed_payload_hash_is_checked(put: Callable[..., tuple[int, str]]) -> None:
    assert put(x_amz_content_sha256=hashlib.sha256(BODY).hexdigest())[0] == 200
    assert put(x_amz_content_sha256="UNSIGNED-PAYLOAD")[0] == 200
    status, text = put(x_amz_content_sha256="0" * 64)
    assert (status, "<Code>XAmzContentSHA256Mismatch</Code>" in text) == (400, True)


def test_an_invalid_checksum_is_refused(put: Callable[..., tuple[int, str]]) -> None:
    status, text = put(x_amz_checksum_crc32="AA==")
    assert (status, "Value for x-amz-checksum-crc32 header is invalid" in text) == (400, True)


def chunked(body: bytes, size: int, trailer: str, signature: str = "") -> bytes:
    chunks = [body[start : start + size] for start in range(0, len(body), size)]
    lines = [f"{len(chunk):x}{signature}\r\n".encode() + chunk + b"\r\n" for chunk in chunks]
    return b"".join(lines) + f"0{signature}\r\n{trailer}\r\n".encode()


@pytest.mark.parametrize("algorithm", sorted(KNOWN))
@pytest.mark.parametrize(
    ("form", "signature"),
    [
        ("STREAMING-UNSIGNED-PAYLOAD-TRAILER", ""),
        ("STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER", f";chunk-signature={'0' * 64}"),
    ],
)
def test_a_checksum_after_the_body_is_checked(
    s3: Any, put: Callable[..., tuple[int, str]], algorithm: str, form: str, signature: str
) -> None:
    headers = {
        "x_amz_content_sha256": form,
        "x_amz_trailer": f"x-amz-checksum-{algorithm}",
        "x_amz_sdk_checksum_algorithm": algorithm.upper(),
        "x_amz_decoded_content_length": str(len(BODY)),
        "Content_Encoding": "aws-chunked",
    }
    sent = chunked(BODY, 4, f"x-amz-checksum-{algorithm}:{RIGHT[algorithm]}\r\n", signature)
    assert put(sent, **headers)[0] == 200
    answer = s3.get_object(Bucket="checked", Key="k", ChecksumMode="ENABLED")
    assert answer["Body"].read() == BODY
    assert answer[f"Checksum{algorithm.upper()}"] == RIGHT[algorithm]
    assert "ContentEncoding" not in answer
    sent = chunked(BODY, 4, f"x-amz-checksum-{algorithm}:{WRONG[algorithm]}\r\n", signature)
    status, text = put(sent, **headers)
    assert (status, "<Code>BadDigest</Code>" in text) == (400, True)


def test_signed_chunks_without_a_trailer_are_stored(s3: Any, put: Callable[..., tuple[int, str]]) -> None:
    sent = chunked(BODY, 5, "", f";chunk-signature={'0' * 64}")
    headers = {"x_amz_content_sha256": "STREAMING-AWS4-HMAC-SHA256-PAYLOAD", "x_amz_decoded_content_length": "9"}
    assert put(sent, **headers, Content_Encoding="aws-chunked,gzip")[0] == 200
    answer = s3.get_object(Bucket="checked", Key="k")
    assert (answer["Body"].read(), answer["ContentEncoding"]) == (BODY, "gzip")


@pytest.mark.parametrize("sent", [b"9\r\n12345", b"zz\r\n", b"4\r\n1234\r\n0\r\n\r\n", b""])
def test_an_incomplete_body_is_refused(put: Callable[..., tuple[int, str]], sent: bytes) -> None:
    headers = {"x_amz_content_sha256": "STREAMING-UNSIGNED-PAYLOAD-TRAILER", "x_amz_decoded_content_length": "9"}
    status, text = put(sent, **headers)
    assert (status, "<Code>IncompleteBody</Code>" in text) == (400, True)


def test_parts_and_other_bodies_are_checked_too(s3: Any, put: Callable[..., tuple[int, str]]) -> None:
    upload = s3.create_multipart_upload(Bucket="checked", Key="parts", ChecksumAlgorithm="CRC32")["UploadId"]
    where = {"Bucket": "checked", "Key": "parts", "UploadId": upload}
    with pytest.raises(ClientError, match="BadDigest"):
        s3.upload_part(**where, PartNumber=1, Body=BODY, ChecksumCRC32=WRONG["crc32"])
    part = s3.upload_part(**where, PartNumber=1, Body=BODY)
    parts = [{"PartNumber": 1, "ETag": part["ETag"], "ChecksumCRC32": part["ChecksumCRC32"]}]
    s3.complete_multipart_upload(**where, MultipartUpload={"Parts": parts})
    answer = s3.get_object(Bucket="checked", Key="parts", ChecksumMode="ENABLED")
    crc = zlib.crc32(zlib.crc32(BODY).to_bytes(4, "big")).to_bytes(4, "big")
    assert answer["ChecksumCRC32"] == f"{b64(crc)}-1"
    status, text = put(b"<Tagging><TagSet/></Tagging>", "/checked/parts?tagging", Content_MD5=md5(b"other"))
    assert (status, "<Code>BadDigest</Code>" in text) == (400, True)


@pytest.mark.parametrize("sent", ["RIGHT", "WRONG"])
def test_the_checksum_of_a_completed_object_is_checked(s3: Any, sent: str) -> None:
    upload = s3.create_multipart_upload(
        Bucket="checked", Key="whole", ChecksumAlgorithm="CRC64NVME", ChecksumType="FULL_OBJECT"
    )["UploadId"]
    where = {"Bucket": "checked", "Key": "whole", "UploadId": upload}
    etag = s3.upload_part(**where, PartNumber=1, Body=BODY, ChecksumAlgorithm="CRC64NVME")["ETag"]
    parts = {"Parts": [{"PartNumber": 1, "ETag": etag}]}
    claim = (RIGHT if sent == "RIGHT" else WRONG)["crc64nvme"]
    if sent == "RIGHT":
        s3.complete_multipart_upload(**where, MultipartUpload=parts, ChecksumCRC64NVME=claim)
        answer = s3.get_object(Bucket="checked", Key="whole", ChecksumMode="ENABLED")
        assert answer["ChecksumCRC64NVME"] == claim
    else:
        with pytest.raises(ClientError, match="BadDigest"):
            s3.complete_multipart_upload(**where, MultipartUpload=parts, ChecksumCRC64NVME=claim)


@given(st.lists(st.binary(max_size=20), max_size=5), st.integers(0, 100), st.integers(0, 100))
def test_joined_blobs_read_as_one(
    tmp_path_factory: pytest.TempPathFactory, parts: list[bytes], one: int, other: int
) -> None:
    store = Store(tmp_path_factory.mktemp("store"))
    blob = join(store.write([part])[0] for part in parts)
    whole = b"".join(parts)
    assert (blob.read(), blob.size) == (whole, len(whole))
    start, stop = sorted((one, other))
    assert blob.cut(start, stop).read() == whole[start:stop]
    assert blob.cut(start, stop).digest("crc32") == zlib.crc32(whole[start:stop]).to_bytes(4, "big")


def test_a_file_is_deleted_with_the_last_blob_that_needs_it(tmp_path: Any) -> None:
    store = Store(tmp_path / "store")
    first = store.write([b"abc"])[0]
    part = first.cut(1, 2)
    assert Blob().read() == b""
    del first
    assert part.read() == b"b"
    del part
    assert list((tmp_path / "store").iterdir()) == []
