"""Where the state is: names, settings, and the bucket (created in moto)."""

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from moto import mock_aws

from scripts.core import aws
from scripts.stack import state

REGION = "eu-central-1"


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    for name in ("AWS_PROFILE", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    for name, value in {"AWS_REGION": REGION, "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}.items():
        monkeypatch.setenv(name, value)
    aws.session.cache_clear()
    with mock_aws():
        yield aws.client("s3")
    aws.session.cache_clear()


SETTINGS = state.backend("111122223333", REGION, "dev")


def settings_of(s3: Any, bucket: str) -> dict[str, object]:
    rules = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"]
    return {
        "versioning": s3.get_bucket_versioning(Bucket=bucket).get("Status"),
        "public": s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"],
        "encryption": rules[0]["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"],
        "policy": json.loads(s3.get_bucket_policy(Bucket=bucket)["Policy"]),
        "region": s3.get_bucket_location(Bucket=bucket)["LocationConstraint"],
    }


SECURE = {
    "versioning": "Enabled",
    "public": {
        "BlockPublicAcls": True,
        "IgnorePublicAcls": True,
        "BlockPublicPolicy": True,
        "RestrictPublicBuckets": True,
    },
    "encryption": "AES256",
    "policy": state.tls_only_policy(SETTINGS.bucket, "aws"),
    "region": REGION,
}


def test_each_account_has_a_bucket_and_each_environment_a_key() -> None:
    assert SETTINGS.bucket == "trainyard-tfstate-111122223333-eu-central-1"
    assert SETTINGS.key == "dev/terraform.tfstate"


def test_the_longest_bucket_name_fits() -> None:
    assert len(state.backend("1" * 12, "ap-southeast-1", "dev").bucket) <= 63


def test_the_settings_file_has_terraforms_format() -> None:
    assert SETTINGS.text().splitlines() == [
        'bucket = "trainyard-tfstate-111122223333-eu-central-1"',
        'key = "dev/terraform.tfstate"',
        'region = "eu-central-1"',
    ]


@given(st.sampled_from(["bucket", "key", "region"]), st.text(min_size=1, max_size=10))
def test_settings_of_another_state_are_recognised(name: str, other: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        data_dir = Path(folder)
        assert not SETTINGS.is_recorded_in(data_dir)
        config = {"bucket": SETTINGS.bucket, "key": SETTINGS.key, "region": SETTINGS.region, "profile": None}
        file = data_dir / "terraform.tfstate"
        file.write_text(json.dumps({"version": 3, "backend": {"type": "s3", "config": config}}), encoding="utf-8")
        assert SETTINGS.is_recorded_in(data_dir)
        changed = {"type": "s3", "config": {**config, name: other}}
        file.write_text(json.dumps({"version": 3, "backend": changed}), encoding="utf-8")
        assert not SETTINGS.is_recorded_in(data_dir)


def test_a_missing_bucket_is_created_secure_and_only_once(s3: Any) -> None:
    assert not state.bucket_exists(SETTINGS.bucket)
    assert state.ensure_bucket(SETTINGS)
    assert state.bucket_exists(SETTINGS.bucket)
    assert settings_of(s3, SETTINGS.bucket) == SECURE
    assert not state.ensure_bucket(SETTINGS)


def test_a_new_bucket_gets_the_tags_and_the_key_of_the_environment_and_an_existing_one_stays(s3: Any) -> None:
    key = "arn:aws:kms:eu-central-1:111122223333:key/1"
    options = state.bucket_options({"tags": {"Owner": "ada"}, "kms_key_arn": key})
    state.ensure_bucket(SETTINGS, lambda: options)
    tags = s3.get_bucket_tagging(Bucket=SETTINGS.bucket)["TagSet"]
    assert tags == [{"Key": "Owner", "Value": "ada"}]
    (rule,) = s3.get_bucket_encryption(Bucket=SETTINGS.bucket)["ServerSideEncryptionConfiguration"]["Rules"]
    assert rule["ApplyServerSideEncryptionByDefault"] == {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key}
    assert rule["BucketKeyEnabled"]
    assert not state.ensure_bucket(SETTINGS, lambda: pytest.fail("asked for the options of a complete bucket"))


def test_a_bucket_that_was_created_only_partly_is_completed(s3: Any) -> None:
    s3.create_bucket(Bucket=SETTINGS.bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
    assert state.ensure_bucket(SETTINGS)
    assert settings_of(s3, SETTINGS.bucket) == SECURE


def test_bucket_settings_of_administrators_are_kept(s3: Any) -> None:
    state.ensure_bucket(SETTINGS)
    rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms"}}
    s3.put_bucket_encryption(Bucket=SETTINGS.bucket, ServerSideEncryptionConfiguration={"Rules": [rule]})
    assert not state.ensure_bucket(SETTINGS)
    assert settings_of(s3, SETTINGS.bucket)["encryption"] == "aws:kms"


def test_a_bucket_in_us_east_1_is_created_without_a_region(s3: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    aws.session.cache_clear()
    assert state.ensure_bucket(state.backend("111122223333", "us-east-1", "dev"))


def test_the_commands_that_remove_the_bucket_delete_every_version(s3: Any) -> None:
    import jmespath  # type: ignore[import-untyped]

    # The bucket has no policy here, because moto takes "only by TLS" for "never".
    s3.create_bucket(Bucket=SETTINGS.bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_bucket_versioning(Bucket=SETTINGS.bucket, VersioningConfiguration={"Status": "Enabled"})
    s3.put_object(Bucket=SETTINGS.bucket, Key="dev/terraform.tfstate", Body=b"1")
    s3.put_object(Bucket=SETTINGS.bucket, Key="dev/terraform.tfstate", Body=b"2")
    s3.put_object(Bucket=SETTINGS.bucket, Key="dev/terraform.tfstate.tflock", Body=b"")
    s3.delete_object(Bucket=SETTINGS.bucket, Key="dev/terraform.tfstate.tflock")
    empty, delete = state.removal_commands(SETTINGS.bucket)
    query = empty.partition("--query '")[2].partition("'")[0]
    listed = jmespath.search(query, s3.list_object_versions(Bucket=SETTINGS.bucket))
    assert len(listed["Objects"]) == 4
    s3.delete_objects(Bucket=SETTINGS.bucket, Delete=listed)
    assert delete == f"aws s3api delete-bucket --bucket {SETTINGS.bucket}"
    s3.delete_bucket(Bucket=SETTINGS.bucket)
