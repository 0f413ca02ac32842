"""The mask hides a value by its place, by its text, by its name and by its shape; other values stay visible."""

import json
import time
from typing import Any

import pytest

from scripts.review.model import Action, Change, Plan
from scripts.review.reading import read
from scripts.review.review import review
from scripts.review.secrets.mask import MASKED, SUSPECT, Mask
from scripts.review.secrets.names import secret_by_name
from scripts.review.secrets.spans import secret_by_content
from scripts.review.settings import NONE
from tests.unit.review.plans import document, plan, resource


def masked(value: Any, *texts: str) -> str:
    return Mask(Plan("p", "1.2", "1", secrets=frozenset(texts))).text(value)


@pytest.mark.parametrize(
    ("value", "secret", "shown"),
    [
        ("abcd", "abcd", MASKED),
        ("xabcdx", "abcd", MASKED),
        ("xABCDx", "abcd", MASKED),
        ("abc", "abc", MASKED),
        ("xabc", "abc", "xabc"),  # too short to search for in other texts
        (80443, "80443", MASKED),
        ([1, {"a": ["b", "abcd"]}], "abcd", f'[1, {{"a": ["b", "{MASKED}"]}}]'),
        ({"abcd": 1}, "abcd", f'{{"{MASKED}": 1}}'),
        ('{"a": "abcd", "b": 1}', "abcd", MASKED),
        (True, "true", "true"),
        (None, "null", "null"),
        ("12345678", "1234567890123456", MASKED),
        ("arn:aws:s3:::bu", "arn:aws:s3:::bucket-of-one", "arn:aws:s3:::bu"),
        ("\ud800x", "abcd", "?x"),
    ],
)
def test_masking_by_content(value: Any, secret: str, shown: str) -> None:
    assert masked(value, secret) == shown


def change(before: dict[str, Any], after: dict[str, Any], **marks: Any) -> Change:
    return Change("a.b", "", "managed", "a", "b", "", Action.UPDATE, before, after, **marks)


def test_marked_places_are_masked_for_every_value() -> None:
    mask = Mask(Plan("p", "1.2", "1"))
    values = {"port": 1, "on": True, "none": None, "list": [1, 2], "map": {"k": "v"}}
    whole = change(values, values, after_sensitive=dict.fromkeys(values, True))
    assert {mask.value(whole, side, (name,)) for side in ("before", "after") for name in values} == {MASKED}
    assert mask.value(whole, "before", ("map", "k")) == MASKED
    part = change(values, values, before_sensitive={"list": [False, True], "map": {}}, unknown={"none": True})
    assert mask.value(part, "after", ("list",)) == f'[1, "{MASKED}"]'
    assert mask.value(part, "after", ("map",)) == '{"k": "v"}'
    assert mask.value(part, "after", ("none",)) == "(known after apply)"
    assert mask.value(part, "before", ("no", 3, "such")) == "null"


def test_addresses() -> None:
    mask = Mask(Plan("p", "1.2", "1", secrets=frozenset({"bucket", 'a"b\\c'})))
    assert mask.address('aws_s3_bucket.b["x"]') == 'aws_s3_bucket.b["x"]'
    assert mask.address('aws_s3_bucket.bucket["my-bucket"]') == f'aws_s3_bucket.bucket["{MASKED}"]'
    assert mask.address(r'module.m["a\"b\\c"].r.x[0]') == f'module.m["{MASKED}"].r.x[0]'
    assert mask.address('r.x["AKIAIOSFODNN7EXAMPLE"]') == f'r.x["{SUSPECT}"]'


def test_only_the_words_with_a_secret_are_masked_in_a_sentence() -> None:
    mask = Mask(Plan("p", "1.2", "1", secrets=frozenset({"hunter22", "two words"})))
    assert mask.sentence("opens x-hunter22 to all") == f"opens {MASKED} to all"
    assert mask.sentence("opens two words to all") == MASKED


@pytest.mark.parametrize(
    "name",
    [
        "password", "DB_PASSWORD", "master_password", "apiKey", "secretAccessKey", "auth_token", "private_key_pem",
        "secret_string", "connection_string", "APIKEY", "client_secret", "credentials", "password2", "GITHUB_TOKEN",
    ],
)  # fmt: skip
def test_names_of_secrets(name: str) -> None:
    assert secret_by_name(name)
    assert Mask(plan(resource(after={}))).text("abc", name) == SUSPECT


@pytest.mark.parametrize(
    "name",
    [
        "token_ttl", "secret_arn", "kms_key_id", "key_name", "http_tokens", "password_length", "secret_name",
        "access_key_id", "hash_key", "public_key", "s3_key", "token_endpoint", "password_policy", "secret_id", "keys",
    ],
)  # fmt: skip
def test_names_of_other_values(name: str) -> None:
    assert not secret_by_name(name)


def test_a_reference_to_a_secret_is_shown() -> None:
    mask = Mask(Plan("p", "1.2", "1"))
    assert mask.text("arn:aws:secretsmanager:eu-west-1:1:secret:x", "password") == (
        "arn:aws:secretsmanager:eu-west-1:1:secret:x"
    )
    assert mask.text(True, "manage_password") == "true"
    assert mask.text("", "password") == ""


def test_a_value_is_masked_by_the_name_next_to_it() -> None:
    container = json.dumps([{"environment": [{"name": "DB_PASSWORD", "value": "abc"}, {"name": "X", "value": "y"}]}])
    assert "abc" not in Mask(Plan("p", "1.2", "1")).text(container)
    raw = document(resource("aws_ecs_task_definition.t", ("create",), None, {"container_definitions": container}))
    found = review(read(json.dumps(raw), "p"), NONE).changes[0].differences
    assert [each.after for each in found] == ["DB_PASSWORD", SUSPECT, "X", "y"]


def test_a_value_is_masked_by_the_name_next_to_it_in_cloudformation_too() -> None:
    pairs = [{"Name": "DB_PASSWORD", "Value": "abc"}, {"Name": "X", "Value": "y"}]
    assert "abc" not in Mask(Plan("p", "1.2", "1")).text(pairs)
    raw = document(resource("awscc_sagemaker_pipeline.p", ("create",), None, {"pipeline_parameters": pairs}))
    found = review(read(json.dumps(raw), "p"), NONE).changes[0].differences
    assert [each.after for each in found] == ["DB_PASSWORD", SUSPECT, "X", "y"]


@pytest.mark.parametrize(
    "text",
    [
        "AKIAIOSFODNN7EXAMPLE",
        "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
        "-----BEGIN RSA PRIVATE KEY-----\nMIIE",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.abc",
        "ghp_abcdefghijklmnopqrstuvwxyz0123456789",
        "postgres://user:pass@host/db",
        "Server=x;Password=abcdef;",
        "Bearer abcdefghijklmnop",
        "6bX9fQ2kLz7RtY4wVn8aJc3H",
        "9f86d081884c7d659a2feaa0c55ad015",
    ],
)
def test_shapes_of_secrets(text: str) -> None:
    assert secret_by_content(text)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("arn:aws:iam::123456789012:role/AbC123xYz987QwErTy", ""),
        ("AmazonSageMakerFullAccess2024V1", ""),
        ("AWSServiceRoleForAmazonSageMakerNotebooks", ""),
        ("https://sqs.us-east-1.amazonaws.com/123456789012/My-Queue-Name-2024-Prod", ""),
        ("/aws/sagemaker/TrainingJobs2024Production", ""),
        ("550e8400-e29b-41d4-a716-446655440000", ""),
        ("vpce-0123456789abcdef0", ""),
        ("x@sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08", ""),
        ("9f86d081884c7d659a2feaa0c55ad015", "etag"),
        ("n4bQgYhMfWWaL+qgxVrQFaO/TxsrC4Is0V1sFbDwCgg=", "source_code_hash"),
        ("terraform-20240502123456789000000001", ""),
        ("AROAJQABLZS4A3QDU576Q", ""),
        ("ELBSecurityPolicy-TLS13-1-2-2021-06", ""),
        ("sts:AssumeRoleWithWebIdentity", ""),
        ("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ0a9sd8f7a6sd5f4a3sd2f1Q", ""),
    ],
)
def test_shapes_of_other_values(text: str, name: str) -> None:
    assert not secret_by_content(text, name)


@pytest.mark.e2e
def test_many_secrets_in_many_texts_are_fast() -> None:
    """Secrets and texts share their beginning, so comparing each text with each secret would be too slow."""
    mask = Mask(Plan("p", "1.2", "1", secrets=frozenset(f"secret value number {index} x" for index in range(10_000))))
    start = time.process_time()
    assert not any(mask.text(f"secret value number {index} y") == MASKED for index in range(20_000))
    assert mask.text("a secret value number 77 x b") == MASKED
    assert time.process_time() - start < 3
