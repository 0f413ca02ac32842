"""The local S3, called by boto3 and by plain HTTP: bytes, ranges, versions, copies, parts, unusual keys."""

import filecmp
import hashlib
import http.client
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from boto3.s3.transfer import TransferConfig
from botocore.exceptions import ClientError

from tests.unit.localcloud.processes import wait_until

MIB = 1 << 20
PARTS = TransferConfig(multipart_threshold=5 * MIB, multipart_chunksize=5 * MIB)


@pytest.fixture(scope="module")
def s3(client: Callable[..., Any]) -> Any:
    made = client("s3")
    made.create_bucket(Bucket="bytes")
    made.create_bucket(Bucket="versions")
    made.put_bucket_versioning(Bucket="versions", VersioningConfiguration={"Status": "Enabled"})
    return made


def read(s3: Any, key: str, bucket: str = "bytes", **more: Any) -> bytes:
    return bytes(s3.get_object(Bucket=bucket, Key=key, **more)["Body"].read())


def files(cloud: Any) -> set[str]:
    return {path.name for path in (cloud.folder / "objects").glob("*")}


@pytest.fixture
def nothing_left(s3: Any, cloud: Any) -> Iterator[None]:
    """Check that objects which a test creates and deletes leave no file."""
    before = files(cloud)
    yield
    # The server's threads let go of an object when they have sent its last byte, which may be after it has arrived.
    wait_until(lambda: files(cloud) <= before)


@pytest.mark.parametrize(
    ("header", "content", "where"),
    [
        ("bytes=0-0", b"0", "0-0"),
        ("bytes=2-4", b"234", "2-4"),
        ("bytes=7-", b"789", "7-9"),
        ("bytes=-3", b"789", "7-9"),
        ("bytes=-30", b"0123456789", "0-9"),
        ("bytes=8-99", b"89", "8-9"),
    ],
)
def test_a_range_of_an_object_is_returned(s3: Any, header: str, content: bytes, where: str) -> None:
    s3.put_object(Bucket="bytes", Key="digits", Body=b"0123456789", Metadata={"Mine": "yes"}, ContentType="text/x")
    answer = s3.get_object(Bucket="bytes", Key="digits", Range=header)
    assert answer["Body"].read() == content
    assert answer["ContentRange"] == f"bytes {where}/10"
    assert answer["ContentLength"] == len(content)
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 206
    assert answer["ETag"] == f'"{hashlib.md5(b"0123456789", usedforsecurity=False).hexdigest()}"'
    assert (answer["Metadata"], answer["ContentType"]) == ({"mine": "yes"}, "text/x")
    assert answer["LastModified"]


@pytest.mark.parametrize("header", ["bytes=5-2", "bytes=0-1,3-4", "lines=1-2", "bytes=-", "bytes=x-y"])
def test_an_invalid_range_returns_the_whole_object(s3: Any, header: str) -> None:
    s3.put_object(Bucket="bytes", Key="digits", Body=b"0123456789")
    assert read(s3, "digits", Range=header) == b"0123456789"


@pytest.mark.parametrize("header", ["bytes=10-", "bytes=10-12", "bytes=-0"])
def test_a_range_beyond_the_object_is_refused(s3: Any, header: str) -> None:
    s3.put_object(Bucket="bytes", Key="digits", Body=b"0123456789")
    with pytest.raises(ClientError, match="InvalidRange") as raised:
        s3.get_object(Bucket="bytes", Key="digits", Range=header)
    assert raised.value.response["ResponseMetadata"]["HTTPStatusCode"] == 416


def test_conditional_requests(s3: Any) -> None:
    etag = s3.put_object(Bucket="bytes", Key="if", Body=b"x")["ETag"]
    with pytest.raises(ClientError, match="304"):
        s3.get_object(Bucket="bytes", Key="if", IfNoneMatch=etag)
    with pytest.raises(ClientError, match="PreconditionFailed"):
        s3.get_object(Bucket="bytes", Key="if", IfMatch='"other"')
    with pytest.raises(ClientError, match="PreconditionFailed"):
        s3.put_object(Bucket="bytes", Key="if", Body=b"y", IfNoneMatch="*")
    assert read(s3, "if", IfMatch=etag) == b"x"
    with pytest.raises(ClientError, match="NoSuchKey"):
        s3.get_object(Bucket="bytes", Key="nothing", Range="bytes=0-1")


@pytest.mark.parametrize(
    "key",
    [
        "with space",
        "a+b",
        "é/漢字/😀",
        "a%20b",
        "a//b",
        "/first",
        "a/./b",
        "a/../b",
        "a?b&c=d#e",
        "'\"<>\\|*",
        "a/",
        "." * 3,
    ],
)
def test_unusual_keys_are_stored_unchanged(s3: Any, key: str) -> None:
    key = f"odd/{key}"
    s3.put_object(Bucket="bytes", Key=key, Body=key.encode())
    assert read(s3, key) == key.encode()
    assert s3.head_object(Bucket="bytes", Key=key)["ContentLength"] == len(key.encode())
    listed = [entry["Key"] for entry in s3.list_objects_v2(Bucket="bytes", Prefix="odd/")["Contents"]]
    assert listed == [key]
    s3.delete_object(Bucket="bytes", Key=key)


@pytest.mark.parametrize("key", ["../x", "a/../../x", "..", "../../../../etc/passwd"])
def test_a_key_that_would_leave_its_bucket_is_refused(s3: Any, key: str) -> None:
    for call in (s3.put_object, s3.get_object, s3.delete_object):
        with pytest.raises(ClientError) as raised:
            call(Bucket="bytes", Key=key, **({"Body": b"x"} if call == s3.put_object else {}))
        assert raised.value.response["Error"]["Code"] == "InvalidURI"
        assert repr(key) in raised.value.response["Error"]["Message"]


@pytest.mark.usefixtures("nothing_left")
def test_an_empty_object_is_stored(s3: Any) -> None:
    s3.put_object(Bucket="bytes", Key="empty", Body=b"")
    assert read(s3, "empty") == b""
    assert s3.head_object(Bucket="bytes", Key="empty")["ContentLength"] == 0
    with pytest.raises(ClientError, match="InvalidRange"):
        s3.get_object(Bucket="bytes", Key="empty", Range="bytes=0-0")


@pytest.mark.usefixtures("nothing_left")
def test_versions_are_kept_deleted_and_restored(s3: Any) -> None:
    first, second = (
        s3.put_object(Bucket="versions", Key="k", Body=body)["VersionId"] for body in (b"first", b"second")
    )
    assert read(s3, "k", "versions") == b"second"
    assert read(s3, "k", "versions", VersionId=first, Range="bytes=1-2") == b"ir"
    marker = s3.delete_object(Bucket="versions", Key="k")["VersionId"]
    with pytest.raises(ClientError, match="NoSuchKey"):
        read(s3, "k", "versions")
    assert read(s3, "k", "versions", VersionId=second) == b"second"
    s3.delete_object(Bucket="versions", Key="k", VersionId=marker)
    assert read(s3, "k", "versions") == b"second"
    s3.copy_object(Bucket="versions", Key="k", CopySource={"Bucket": "versions", "Key": "k", "VersionId": first})
    assert read(s3, "k", "versions") == b"first"
    for entry in s3.list_object_versions(Bucket="versions")["Versions"]:
        s3.delete_object(Bucket="versions", Key="k", VersionId=entry["VersionId"])


@pytest.mark.usefixtures("nothing_left")
def test_an_overwritten_or_deleted_object_leaves_no_file(s3: Any, cloud: Any) -> None:
    before = files(cloud)
    for body in (b"one", b"two", b"three"):
        s3.put_object(Bucket="bytes", Key="again", Body=body)
    assert len(files(cloud) - before) == 1
    s3.delete_objects(Bucket="bytes", Delete={"Objects": [{"Key": "again"}]})


@pytest.mark.usefixtures("nothing_left")
def test_a_multipart_upload_makes_one_object(s3: Any, tmp_path: Path) -> None:
    content = bytes(range(256)) * (11 * MIB // 256) + b"end"
    (tmp_path / "up").write_bytes(content)
    s3.upload_file(str(tmp_path / "up"), "bytes", "parts", Config=PARTS)
    head = s3.head_object(Bucket="bytes", Key="parts", ChecksumMode="ENABLED")
    assert head["ContentLength"] == len(content)
    assert head["ETag"].endswith('-3"')
    s3.download_file("bytes", "parts", str(tmp_path / "down"), Config=PARTS)
    assert (tmp_path / "down").read_bytes() == content
    across = s3.get_object(Bucket="bytes", Key="parts", Range=f"bytes={5 * MIB - 2}-{5 * MIB + 1}")
    assert across["Body"].read() == content[5 * MIB - 2 : 5 * MIB + 2]
    last = s3.get_object(Bucket="bytes", Key="parts", PartNumber=3)
    assert (last["Body"].read(), last["PartsCount"]) == (content[10 * MIB :], 3)
    with pytest.raises(ClientError, match="InvalidPartNumber"):
        s3.get_object(Bucket="bytes", Key="parts", PartNumber=4)
    s3.copy_object(Bucket="bytes", Key="copy", CopySource={"Bucket": "bytes", "Key": "parts"})
    s3.delete_object(Bucket="bytes", Key="parts")
    assert read(s3, "copy") == content
    md5 = hashlib.md5(content, usedforsecurity=False).hexdigest()
    assert s3.head_object(Bucket="bytes", Key="copy")["ETag"] == f'"{md5}"'
    s3.copy({"Bucket": "bytes", "Key": "copy"}, "bytes", "ranges", Config=PARTS)  # UploadPartCopy, range by range
    assert read(s3, "ranges") == content
    s3.delete_object(Bucket="bytes", Key="copy")
    s3.delete_object(Bucket="bytes", Key="ranges")


@pytest.mark.usefixtures("nothing_left")
def test_wrong_parts_are_refused_and_aborting_deletes_the_files(s3: Any, cloud: Any) -> None:
    before = files(cloud)
    upload = s3.create_multipart_upload(Bucket="bytes", Key="never")["UploadId"]
    where = {"Bucket": "bytes", "Key": "never", "UploadId": upload}
    etags = [s3.upload_part(**where, PartNumber=number, Body=b"small")["ETag"] for number in (1, 2)]
    parts = [{"PartNumber": number, "ETag": etag} for number, etag in enumerate(etags, 1)]
    with pytest.raises(ClientError, match="EntityTooSmall"):
        s3.complete_multipart_upload(**where, MultipartUpload={"Parts": parts})
    with pytest.raises(ClientError, match="InvalidPart"):
        s3.complete_multipart_upload(**where, MultipartUpload={"Parts": [{"PartNumber": 7, "ETag": '"x"'}]})
    assert len(files(cloud) - before) == 2
    s3.abort_multipart_upload(**where)


def test_presigned_urls_work(s3: Any, cloud: Any) -> None:
    def ask(method: str, url: str, body: bytes | None = None, **headers: str) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", cloud.port)
        connection.request(method, url.removeprefix(cloud.url), body, headers)
        answer = connection.getresponse()
        return answer.status, answer.read()

    where, before = {"Bucket": "bytes", "Key": "signed + é"}, files(cloud)
    assert ask("PUT", s3.generate_presigned_url("put_object", where), b"by hand")[0] == 200
    assert len(files(cloud) - before) == 1
    url = s3.generate_presigned_url("get_object", where)
    assert ask("GET", url) == (200, b"by hand")
    assert ask("GET", url, Range="bytes=3-6") == (206, b"hand")


def test_moto_still_reads_objects_itself(s3: Any) -> None:
    s3.put_object(Bucket="bytes", Key="rows.json", Body=json.dumps({"a": 1}).encode())
    answer = s3.select_object_content(
        Bucket="bytes",
        Key="rows.json",
        Expression="SELECT count(*) FROM S3Object",
        ExpressionType="SQL",
        InputSerialization={"JSON": {"Type": "DOCUMENT"}},
        OutputSerialization={"JSON": {}},
    )
    records = [event["Records"]["Payload"] for event in answer["Payload"] if "Records" in event]
    assert json.loads(b"".join(records)) == {"_1": 1}


@pytest.mark.e2e
def test_a_prefix_of_two_pages(s3: Any) -> None:
    for number in range(101):
        s3.put_object(Bucket="bytes", Key=f"many/{number:05}", Body=b"x")
    paginator = s3.get_paginator("list_objects_v2")
    pages = list(paginator.paginate(Bucket="bytes", Prefix="many/", PaginationConfig={"PageSize": 100}))
    assert [len(page["Contents"]) for page in pages] == [100, 1]
    listed = [entry["Key"] for page in pages for entry in page["Contents"]]
    assert listed == [f"many/{number:05}" for number in range(101)]
    assert read(s3, "many/00100") == b"x"


def peak_memory(cloud: Any) -> int:
    """The most memory that the local cloud has had, in bytes."""
    lines = Path(f"/proc/{cloud.pid}/status").read_text().splitlines()
    return 1024 * int(next(line for line in lines if line.startswith("VmHWM:")).split()[1])


@pytest.mark.e2e
def test_a_large_object_is_streamed_both_ways(s3: Any, cloud: Any, tmp_path: Path) -> None:
    block = bytes(range(256)) * 4096
    with (tmp_path / "big").open("wb") as file:
        for number in range(200):
            file.write(number.to_bytes(4, "big") + block[4:])
    Path(f"/proc/{cloud.pid}/clear_refs").write_text("5")  # the peak is counted from here
    before = peak_memory(cloud)
    s3.upload_file(str(tmp_path / "big"), "bytes", "big")
    s3.download_file("bytes", "big", str(tmp_path / "back"))
    assert filecmp.cmp(tmp_path / "big", tmp_path / "back", shallow=False)
    assert peak_memory(cloud) - before < 120 * MIB
    s3.delete_object(Bucket="bytes", Key="big")
