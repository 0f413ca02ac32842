"""Services that moto answers, and corrections of its behaviour: ECR's images, versioned buckets, bucket policies."""

import base64
import hashlib
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError


def test_every_tag_of_a_repository_names_the_same_synthetic_image(account: Any, client: Callable[..., Any]) -> None:
    ecr = client("ecr")
    tags = [{"imageTag": "one"}, {"imageTag": "two"}]
    (image,) = ecr.describe_images(repositoryName="trainer", imageIds=tags)["imageDetails"]
    assert image["imageTags"] == ["one", "two"]
    assert image["imagePushedAt"]
    by_digest = ecr.batch_get_image(
        repositoryName="trainer", imageIds=[{"imageDigest": image["imageDigest"]}, {"imageDigest": "sha256:1"}]
    )
    (found,) = by_digest["images"]
    assert "sha256:" + hashlib.sha256(found["imageManifest"].encode()).hexdigest() == image["imageDigest"]
    assert json.loads(found["imageManifest"])["schemaVersion"] == 2
    assert [failure["failureCode"] for failure in by_digest["failures"]] == ["ImageNotFound"]
    with pytest.raises(ClientError, match="ImageNotFoundException"):
        ecr.describe_images(repositoryName="trainer", imageIds=[{"imageDigest": f"sha256:{'0' * 64}"}])
    assert ecr.list_images(repositoryName="trainer")["imageIds"] == []


@pytest.mark.usefixtures("account")
@pytest.mark.parametrize("operation", ["describe_images", "batch_get_image"])
def test_a_repository_that_does_not_exist_has_no_image(client: Callable[..., Any], operation: str) -> None:
    with pytest.raises(ClientError, match="RepositoryNotFoundException"):
        getattr(client("ecr"), operation)(repositoryName="nothing", imageIds=[{"imageTag": "v1"}])


def test_repository_uris_and_tokens_name_the_local_cloud(client: Callable[..., Any], cloud: Any) -> None:
    ecr, address = client("ecr"), f"localhost:{cloud.port}"
    created = ecr.create_repository(repositoryName="addressed", imageTagMutability="IMMUTABLE")["repository"]
    (described,) = ecr.describe_repositories(repositoryNames=["addressed"])["repositories"]
    deleted = ecr.delete_repository(repositoryName="addressed")["repository"]
    assert {one["repositoryUri"] for one in (created, described, deleted)} == {f"{address}/addressed"}
    before = datetime.now(UTC)
    data = ecr.get_authorization_token(registryIds=["763104351884"])["authorizationData"]
    assert [one["proxyEndpoint"] for one in data] == [f"http://{address}"]
    assert timedelta(hours=11.9) < data[0]["expiresAt"] - before < timedelta(hours=12.1)
    user, _, token = base64.b64decode(data[0]["authorizationToken"]).decode().partition(":")
    assert (user, len(token) > 30) == ("AWS", True)


def test_a_versioned_bucket_with_a_delete_marker_can_be_emptied(client: Callable[..., Any]) -> None:
    """Terraform's force_destroy empties a bucket like this, after it has suspended versioning."""
    s3 = client("s3")
    s3.create_bucket(Bucket="versioned")
    s3.put_bucket_versioning(Bucket="versioned", VersioningConfiguration={"Status": "Enabled"})
    s3.put_object(Bucket="versioned", Key="a/b c+é", Body=b"")
    s3.delete_object(Bucket="versioned", Key="a/b c+é")
    s3.put_bucket_versioning(Bucket="versioned", VersioningConfiguration={"Status": "Suspended"})
    listed = s3.list_object_versions(Bucket="versioned")
    found = [
        {"Key": entry["Key"], "VersionId": entry["VersionId"]} for entry in listed["Versions"] + listed["DeleteMarkers"]
    ]
    assert len(found) == 2
    for version in found:
        s3.delete_object(Bucket="versioned", **version)
    s3.delete_bucket(Bucket="versioned")


def test_a_policy_that_requires_tls_allows_requests_from_this_machine(client: Callable[..., Any]) -> None:
    s3 = client("s3")
    s3.create_bucket(Bucket="guarded")
    deny = {"Effect": "Deny", "Principal": "*", "Resource": ["arn:aws:s3:::guarded", "arn:aws:s3:::guarded/*"]}
    tls = deny | {"Action": "s3:*", "Condition": {"Bool": {"aws:SecureTransport": "false"}}}
    deletion = deny | {"Action": "s3:DeleteObject"}
    policy = {"Version": "2012-10-17", "Statement": [tls, deletion]}
    s3.put_bucket_policy(Bucket="guarded", Policy=json.dumps(policy))
    s3.put_object(Bucket="guarded", Key="k", Body=b"v")
    assert s3.get_object(Bucket="guarded", Key="k")["Body"].read() == b"v"
    with pytest.raises(ClientError, match="with an explicit deny in a resource-based policy"):
        s3.delete_object(Bucket="guarded", Key="k")
