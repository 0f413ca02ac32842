"""What a bucket that the stack was given lacks."""

import json
from typing import Any

import pytest

from scripts.core import aws
from scripts.stack import given, state
from tests.unit.aws_server import poor_user

BLOCKED = dict.fromkeys(("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"), True)
TLS_ONLY = json.dumps(state.tls_only_policy("mine", "aws"))
GOOD: dict[str, Any] = {"versioning": {"Status": "Enabled"}, "public": BLOCKED, "policy": TLS_ONLY}
ALLOWING = json.dumps({"Statement": {"Effect": "Allow", "Condition": {"Bool": {"aws:SecureTransport": "false"}}}})


@pytest.mark.parametrize(
    ("settings", "is_versioned", "missing"),
    [
        (GOOD, True, []),
        ({}, True, []),
        ({**GOOD, "versioning": {}}, True, ["keeps no versions"]),
        ({**GOOD, "versioning": {"Status": "Suspended"}}, True, ["keeps no versions"]),
        ({**GOOD, "versioning": {}}, False, []),
        ({**GOOD, "public": {**BLOCKED, "IgnorePublicAcls": False}}, True, ["does not block public access"]),
        ({**GOOD, "public": {}}, True, ["does not block public access"]),
        ({**GOOD, "policy": ""}, True, ["accepts requests without TLS"]),
        ({**GOOD, "policy": ALLOWING}, True, ["accepts requests without TLS"]),
    ],
)
def test_what_a_bucket_lacks_is_named(settings: dict[str, Any], is_versioned: bool, missing: list[str]) -> None:
    assert given.lacks(settings, is_versioned) == missing


def test_a_bare_bucket_lacks_all_and_a_good_one_nothing(empty_aws: None) -> None:
    s3 = aws.client("s3")
    for name in ("bare", "good"):
        s3.create_bucket(Bucket=name)
    s3.put_bucket_versioning(Bucket="good", VersioningConfiguration=GOOD["versioning"])
    s3.put_public_access_block(Bucket="good", PublicAccessBlockConfiguration=BLOCKED)
    s3.put_bucket_policy(Bucket="good", Policy=json.dumps(state.tls_only_policy("good", "aws")))
    assert given.notes({"models": "good", "data": "bare"}) == [
        "Note: the bucket bare, which the stack was given, keeps no versions, does not block public access and accepts "
        "requests without TLS."
    ]
    s3.put_public_access_block(Bucket="bare", PublicAccessBlockConfiguration=BLOCKED)  # moto lets everybody read it
    assert len(given.notes({"data": "bare"})) == 1
    with poor_user("s3:ListBucket"):
        assert given.notes({"data": "bare"}) == []
