"""Requests that name one thing to the gate and another thing to the service that answers."""

import json
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest

from scripts import localcloud
from tests.unit.localcloud.access.people import Client, People, allow, deny, refused, signed

GROUP = "arn:aws:logs:us-east-1:123456789012:log-group"
Send = Callable[..., tuple[int, str]]


@pytest.fixture(scope="module")
def send(cloud: localcloud.Cloud, client: Client) -> Send:
    """Sends a request with the key of a user; gives the status and the body."""

    def sent(
        name: str, service: str, path: str, method: str = "POST", body: bytes = b"", **headers: str
    ) -> tuple[int, str]:
        key = client("iam").list_access_keys(UserName=name)["AccessKeyMetadata"][0]["AccessKeyId"]
        given = {"Authorization": signed(service, key)} | {each.replace("_", "-"): one for each, one in headers.items()}
        request = urllib.request.Request(cloud.url + path, body, given, method=method)
        try:
            with urllib.request.urlopen(request) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    return sent


@pytest.fixture(scope="module")
def buckets(client: Client) -> None:
    for name in ("open", "closed"):
        client("s3").create_bucket(Bucket=name)
        client("s3").put_object(Bucket=name, Key="a", Body=b"secret" if name == "closed" else b"x")


@pytest.fixture(scope="module")
def reader(people: People, buckets: None) -> str:
    """A user who may do everything in one bucket, and nothing in the other."""
    name, _ = people.user(allow("s3:*", resource=["arn:aws:s3:::open", "arn:aws:s3:::open/*"]))
    return name


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/closed/a", {"X_Amz_Target": "S3.GetObject"}),
        ("/closed/a", {"X_Amz_Target": "SageMaker.ListTrainingJobs"}),
        ("/closed/a", {"smithy_protocol": "rpc-v2-cbor"}),
        ("/closed/a?Action=GetObject", {"Content_Type": "application/x-www-form-urlencoded"}),
        ("/closed/a", {"Host": "open.s3.amazonaws.com"}),
        ("/closed%2Fa", {}),
        ("//closed/a", {}),
        ("/open/../closed/a", {}),
        ("/open/%2e%2e/closed/a", {}),
        ("/open%2F..%2Fclosed/a", {}),
        ("/closed/a?versionId=null&bucket=open", {}),
        ("/v2/closed/a", {}),
    ],
)
def test_no_header_and_no_spelling_of_the_address_leads_to_another_bucket(
    send: Send, reader: str, path: str, headers: dict[str, str]
) -> None:
    body = json.dumps({"Bucket": "open", "Key": "a"}).encode()
    status, answer = send(reader, "s3", path, "GET", body, **headers)
    assert status >= 400
    assert "secret" not in answer
    assert send(reader, "s3", "/open/a", "GET") == (200, "x")


def test_an_address_names_one_operation_of_s3(people: People, send: Send, buckets: None) -> None:
    name, _ = people.user(allow("s3:GetObjectAcl", "s3:PutObjectTagging"))
    assert send(name, "s3", "/open/a?acl", "GET")[0] == 200
    for address in ("/open/a?acl&tagging", "/open/a?tagging&acl", "/open/a?acl&uploads", "/open/a?acl&attributes"):
        status, answer = send(name, "s3", address, "GET")
        assert (status, "Conflicting query string parameters: acl, " in answer) == (400, True), answer
    copied = send(name, "s3", "/open/b?tagging", "PUT", x_amz_copy_source="/closed/a")
    assert copied[0] == 400
    form = b'--b\r\nContent-Disposition: form-data; name="key"\r\n\r\nb\r\n--b--\r\n'
    whole, _ = people.user(allow("s3:*", resource="arn:aws:s3:::open"))
    assert send(whole, "s3", "/open", body=form, Content_Type="multipart/form-data; boundary=b")[0] == 501


@pytest.mark.parametrize(
    "key", ["a b", "a+b", "a%b", "ä/ö", "a//b", "/a", "a?b#c;d=e&f", "*", "a/../b", ".", "a\tb", "a:b"]
)
def test_every_key_is_decided_under_its_own_name(people: People, client: Client, buckets: None, key: str) -> None:
    literal = key.replace("*", "${*}").replace("?", "${?}")
    _, mine = people.user(allow("s3:PutObject", resource=f"arn:aws:s3:::open/keys/{literal}"))
    mine("s3").put_object(Bucket="open", Key=f"keys/{key}", Body=b"x")
    assert client("s3").head_object(Bucket="open", Key=f"keys/{key}")
    assert refused(mine("s3").put_object, Bucket="open", Key=f"keys/{key}x", Body=b"x")[0] == "AccessDenied"


@pytest.mark.parametrize(
    ("body", "deleted"),
    [
        (b"<Delete><Object><Key>kept</Key></Object></Delete>", False),
        (b"<Delete><Object><Key> kept</Key></Object></Delete>", False),
        (b"<Delete><Object><Key>ke<!-- x -->pt</Key></Object></Delete>", False),
        (b"<Delete><Object><Key>gone</Key><Key>kept</Key></Object></Delete>", False),
        (b"<Delete><Object><Key>gone</Key></Object></Delete><!-- -->", True),
        (b"0;chunk-signature=0\r\n<Delete><Object><Key>kept</Key></Object></Delete>", False),
    ],
)
def test_objects_are_deleted_under_the_names_that_the_gate_has_read(
    people: People, client: Client, buckets: None, send: Send, body: bytes, deleted: bool
) -> None:
    name, _ = people.user(allow("s3:*"), deny("s3:DeleteObject", resource="arn:aws:s3:::open/kept"))
    for key in ("kept", "gone"):
        client("s3").put_object(Bucket="open", Key=key, Body=b"x")
    send(name, "s3", "/open?delete", body=body)
    keys = [one["Key"] for one in client("s3").list_objects_v2(Bucket="open")["Contents"]]
    assert "kept" in keys
    assert ("gone" not in keys) == deleted


def test_sdks_may_delete_with_a_body_in_chunks(people: People, client: Client, buckets: None, send: Send) -> None:
    name, _ = people.user(allow("s3:DeleteObject", resource="arn:aws:s3:::open/gone"))
    client("s3").put_object(Bucket="open", Key="gone", Body=b"x")
    xml = b"<Delete><Object><Key>gone</Key></Object></Delete>"
    chunks = b"%x\r\n%b\r\n0\r\n\r\n" % (len(xml), xml)
    headers = {
        "x_amz_content_sha256": "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
        "x_amz_decoded_content_length": str(len(xml)),
        "Content_Encoding": "aws-chunked",
    }
    status, answer = send(name, "s3", "/open?delete", body=chunks, **headers)
    assert (status, "<Error>" in answer) == (200, False), answer
    assert "gone" not in [one["Key"] for one in client("s3").list_objects_v2(Bucket="open")["Contents"]]


POLYGLOT = b'{"logGroupName": "mine", "x": "&Action=DeleteLogGroup&logGroupName=yours&"}'


@pytest.mark.parametrize(
    ("path", "body", "headers"),
    [
        ("/?Action=DeleteLogGroup&logGroupName=yours", b'{"logGroupName": "mine"}', {}),
        ("/?logGroupName=yours", b'{"logGroupName": "mine"}', {}),
        ("/", POLYGLOT, {}),
        ("/", POLYGLOT, {"Content_Type": "application/x-www-form-urlencoded"}),
        ("/", POLYGLOT, {"Content_Type": "text/plain"}),
        ("/", b'{"logGroupName": "mine"}', {"Action": "DeleteLogGroup", "logGroupName": "yours"}),
        ("/", b'{"logGroupName": "mine"}', {"User_Agent": "x region/eu-west-1"}),
        ("/x.eu-west-1.amazonaws.com", b'{"logGroupName": "mine"}', {}),
    ],
)
def test_a_call_in_json_is_what_its_target_and_its_body_say(
    people: People, client: Client, send: Send, path: str, body: bytes, headers: dict[str, str]
) -> None:
    name, _ = people.user(allow("logs:CreateLogStream", resource=f"{GROUP}:mine:*"))
    logs = client("logs")
    for group in ("mine", "yours"):
        if not logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"]:
            logs.create_log_group(logGroupName=group)
    target = {"X_Amz_Target": "Logs_20140328.CreateLogStream", "Content_Type": "application/x-amz-json-1.1"}
    body = body[:-1] + b', "logStreamName": "%b"}' % quote(path + str(headers), safe="").encode()[:100]
    send(name, "logs", path, body=body, **(target | headers))
    assert logs.describe_log_groups(logGroupNamePrefix="yours")["logGroups"]
    assert logs.describe_log_streams(logGroupName="yours")["logStreams"] == []
    far: Any = client("logs", region="eu-west-1")
    assert far.describe_log_groups()["logGroups"] == []


@pytest.mark.parametrize(
    ("path", "body", "headers"),
    [
        ("/?UserName=victim", b"Action=DeleteUser&Version=2010-05-08&UserName=mine", {}),
        ("/?Action=DeleteUser&UserName=victim", b"Action=GetUser&Version=2010-05-08&UserName=mine", {}),
        ("/", b"Action=DeleteUser&Version=2010-05-08&UserName=victim", {"X_Amz_Target": "IAM.GetUser"}),
        ("/", b"Action=GetUser&Version=2010-05-08&UserName=mine&Action=DeleteUser&UserName=victim", {}),
    ],
)
def test_a_form_is_read_once(
    people: People, client: Client, send: Send, path: str, body: bytes, headers: dict[str, str]
) -> None:
    name, _ = people.user(allow("iam:*", resource="arn:aws:iam::123456789012:user/mine"), allow("iam:GetUser"))
    iam = client("iam")
    known = [user["UserName"] for user in iam.list_users()["Users"]]
    for user in {"mine", "victim"} - {*known}:
        iam.create_user(UserName=user)
    send(name, "iam", path, body=body, Content_Type="application/x-www-form-urlencoded", **headers)
    assert iam.get_user(UserName="victim")


@pytest.mark.parametrize("path", ["/iam_us-east-1/?Action=ListUsers", "/moto-api/data.json", "/latest/meta-data/"])
def test_an_address_alone_leads_to_no_service(
    people: People, cloud: localcloud.Cloud, buckets: None, path: str
) -> None:
    for given in ({}, {"Authorization": signed("s3", "local")}):
        request = urllib.request.Request(cloud.url + path, headers=given)
        with pytest.raises(urllib.error.HTTPError) as caught:
            urllib.request.urlopen(request)
        assert caught.value.code in (403, 404)


def test_what_is_not_signed_may_list_no_bucket(cloud: localcloud.Cloud, buckets: None) -> None:
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(f"{cloud.url}/open")
    assert caught.value.code == 403


def test_a_signature_of_another_form_is_refused(cloud: localcloud.Cloud) -> None:
    twice = f"AWS4-HMAC-SHA256 x/20260801/us-east-1/logs/aws4_request {signed('s3', 'local')}"
    request = urllib.request.Request(f"{cloud.url}/", headers={"Authorization": twice})
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(request)
    assert caught.value.code == 400
