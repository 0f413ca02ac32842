"""Where Terraform keeps its state: the bucket, created if it is missing, and the backend's settings."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from scripts.core import aws
from scripts.core.errors import UserError

BUCKET = "trainyard-tfstate-"


@dataclass(frozen=True)
class Backend:
    """Settings of Terraform's `s3` backend for one environment in one account and region."""

    bucket: str
    key: str
    region: str

    def text(self) -> str:
        """The content of a file for `terraform init -backend-config=FILE`."""
        return "".join(f"{name} = {json.dumps(value)}\n" for name, value in vars(self).items())

    @property
    def place(self) -> str:
        """The account and region, for messages."""
        account, _, region = self.bucket.removeprefix(BUCKET).partition("-")
        return f"account {account}, {region}"

    def is_recorded_in(self, data_dir: Path) -> bool:
        """Whether Terraform was last initialised in this data folder with exactly these settings."""
        return recorded(data_dir) == self


@dataclass(frozen=True)
class BucketOptions:
    """What an environment's variables say about a state bucket that does not exist yet.

    Attributes:
        tags: its tags.
        kms_key_arn: the key that encrypts its objects; None for S3's own keys.
    """

    tags: Mapping[str, str] = field(default_factory=dict)
    kms_key_arn: str | None = None

    @property
    def encryption(self) -> dict[str, Any]:
        """The rule for PutBucketEncryption."""
        if self.kms_key_arn is None:
            return {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}
        key = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": self.kms_key_arn}
        return {"ApplyServerSideEncryptionByDefault": key, "BucketKeyEnabled": True}


def bucket_options(variables: Mapping[str, Any]) -> BucketOptions:
    """The options in the values of an environment's variables. Pure.

    A key that the stack creates does not exist yet, and it goes with the stack. The state bucket stays.
    """
    return BucketOptions(variables["tags"], variables["kms_key_arn"])


def recorded(data_dir: Path) -> Backend | None:
    """The settings that Terraform was last initialised with in this data folder; None if there are none."""
    try:
        config = json.loads((data_dir / "terraform.tfstate").read_text(encoding="utf-8"))["backend"]["config"]
        return Backend(config["bucket"], config["key"], config["region"])
    except (FileNotFoundError, KeyError, TypeError, ValueError):
        return None


def check_place(settings: Backend, data_dir: Path) -> None:
    """Check that you do not look for a stack in the wrong account or region.

    Raises:
        UserError: the folder was last used with a stack elsewhere, and there is no stack here.
    """
    before = recorded(data_dir)
    if before is None or before.bucket == settings.bucket or bucket_exists(settings.bucket):
        return
    environment = settings.key.partition("/")[0]
    raise UserError(
        f"This folder's stack of `{environment}` is in {before.place}, but your credentials and region are those of "
        f"{settings.place}, where no stack exists.",
        "Use the account and region of the stack (AWS_PROFILE, AWS_REGION). "
        f"To build a second stack, move {data_dir.parent} away first.",
    )


def backend(account_id: str, region: str, environment: str) -> Backend:
    """The settings of an environment: one bucket for each account and region, one key for each environment."""
    return Backend(f"{BUCKET}{account_id}-{region}", f"{environment}/terraform.tfstate", region)


def current_backend(environment: str) -> Backend:
    """The settings for the account and region of AWS's standard variables (calls STS)."""
    return backend(aws.account_id(), aws.region(), environment)


def bucket_exists(bucket: str) -> bool:
    """Whether the state bucket exists and we may use it.

    Raises:
        UserError: the bucket exists, and we lack the right to access it.
    """
    from botocore.exceptions import ClientError

    try:
        aws.client("s3").head_bucket(Bucket=bucket)
    except ClientError as error:
        if aws.error_code(error) in {"404", "NoSuchBucket", "NotFound"}:
            return False
        if aws.is_access_denied(error):
            raise UserError(
                f"You may not access the state bucket {bucket}: you lack the right, or another account owns it.",
                "Ask the account's administrator for s3:ListBucket, s3:GetObject and s3:PutObject on it.",
            ) from None
        raise
    return True


def version(settings: Backend) -> dict[str, str] | None:
    """What identifies the state as it is now: its place, and the ETag and version that S3 gave it.

    Returns:
        None if there is no state, or you may not look.
    """
    from botocore.exceptions import ClientError

    try:
        found = aws.client("s3").head_object(Bucket=settings.bucket, Key=settings.key)
    except ClientError as error:
        if aws.error_code(error) in {"404", "NoSuchKey", "NotFound", "NoSuchBucket"} or aws.is_access_denied(error):
            return None
        raise
    written = found["LastModified"].isoformat()
    return vars(settings) | {"etag": found["ETag"], "version": found.get("VersionId", ""), "written": written}


def ensure_bucket(settings: Backend, options: Callable[[], BucketOptions] = BucketOptions) -> bool:
    """Create the state bucket if it is missing: versioned, encrypted, no public access, TLS only.

    The policy comes last. A bucket without one was created only partly, and the next call completes it. A bucket with
    a policy stays as it is, because administrators may have changed its settings.

    Args:
        settings: where the state is.
        options: gives the options of a bucket that is created or completed.

    Returns:
        Whether anything was created.

    Raises:
        UserError: another account owns a bucket of this name.
    """
    client, bucket = aws.client("s3"), settings.bucket
    exists = bucket_exists(bucket)
    if exists and _has_policy(client, bucket):
        return False
    wanted = options()
    if not exists:
        _create(client, settings)
    if wanted.tags:
        tags = [{"Key": key, "Value": value} for key, value in wanted.tags.items()]
        client.put_bucket_tagging(Bucket=bucket, Tagging={"TagSet": tags})
    blocks = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
    client.put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration=dict.fromkeys(blocks, True))
    rules = {"Rules": [wanted.encryption]}
    client.put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration=rules)
    client.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    partition = aws.session().get_partition_for_region(settings.region)
    client.put_bucket_policy(Bucket=bucket, Policy=json.dumps(tls_only_policy(bucket, partition)))
    return True


def tls_only_policy(bucket: str, partition: str) -> dict[str, object]:
    """A bucket policy that refuses every request without TLS."""
    arn = f"arn:{partition}:s3:::{bucket}"
    statement = {
        "Sid": "TlsOnly",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [arn, f"{arn}/*"],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    return {"Version": "2012-10-17", "Statement": [statement]}


def removal_commands(bucket: str) -> tuple[str, str]:
    """The commands that delete all object versions in the state bucket, then the bucket itself."""
    versions = "{Objects: [Versions, DeleteMarkers][][].{Key: Key, VersionId: VersionId}}"
    listing = f"aws s3api list-object-versions --bucket {bucket} --output json --query '{versions}'"
    return (
        f'aws s3api delete-objects --bucket {bucket} --delete "$({listing})"',
        f"aws s3api delete-bucket --bucket {bucket}",
    )


def _create(client: Any, settings: Backend) -> None:
    # https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateBucket.html: for us-east-1, leave the region out.
    elsewhere = {"CreateBucketConfiguration": {"LocationConstraint": settings.region}}
    try:
        client.create_bucket(Bucket=settings.bucket, **({} if settings.region == "us-east-1" else elsewhere))
    except client.exceptions.BucketAlreadyOwnedByYou:
        return
    except client.exceptions.BucketAlreadyExists:
        raise UserError(
            f"The state bucket's name {settings.bucket} is taken by another account.",
            "Only your account should need this name: contact AWS Support.",
        ) from None
    client.get_waiter("bucket_exists").wait(Bucket=settings.bucket)


def _has_policy(client: Any, bucket: str) -> bool:
    from botocore.exceptions import ClientError

    try:
        client.get_bucket_policy(Bucket=bucket)
    except ClientError as error:
        if aws.error_code(error) == "NoSuchBucketPolicy":
            return False
        if aws.is_access_denied(error):  # you may use the state, but not read the bucket's settings
            return True
        raise
    return True
