"""Where Terraform's state is: the bucket, made when missing, and the backend's settings."""

import json
from dataclasses import dataclass
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
        """The settings as a file for `terraform init -backend-config=FILE`."""
        return "".join(f"{name} = {json.dumps(value)}\n" for name, value in vars(self).items())

    @property
    def place(self) -> str:
        """The account and region, in words."""
        account, _, region = self.bucket.removeprefix(BUCKET).partition("-")
        return f"account {account}, {region}"

    def is_recorded_in(self, data_dir: Path) -> bool:
        """Whether Terraform has been initialised in this data folder with just these settings."""
        return recorded(data_dir) == self


def recorded(data_dir: Path) -> Backend | None:
    """The settings that Terraform was last initialised with in this data folder."""
    try:
        config = json.loads((data_dir / "terraform.tfstate").read_text(encoding="utf-8"))["backend"]["config"]
        return Backend(config["bucket"], config["key"], config["region"])
    except (FileNotFoundError, KeyError, TypeError, ValueError):
        return None


def check_place(settings: Backend, data_dir: Path) -> None:
    """See that a stack which this folder knows in one account and region is not looked for in another by mistake.

    Raises:
        UserError: the folder was last used with a stack elsewhere, and there is none here.
    """
    before = recorded(data_dir)
    if before is None or before.bucket == settings.bucket or bucket_exists(settings.bucket):
        return
    environment = settings.key.partition("/")[0]
    raise UserError(
        f"The stack of `{environment}` that this folder knows is in {before.place}; "
        f"the credentials and region are those of {settings.place}, where there is none.",
        "Use the account and region of the stack (AWS_PROFILE, AWS_REGION); "
        f"to build a second one, take {data_dir.parent} away first.",
    )


def backend(account_id: str, region: str, environment: str) -> Backend:
    """The settings that belong to an environment: one bucket for an account's region, one key in it for each."""
    return Backend(f"{BUCKET}{account_id}-{region}", f"{environment}/terraform.tfstate", region)


def current_backend(environment: str) -> Backend:
    """The settings for the account and region that AWS's standard variables point at (asks STS)."""
    return backend(aws.account_id(), aws.region(), environment)


def bucket_exists(bucket: str) -> bool:
    """Whether the state bucket is there and ours to use.

    Raises:
        UserError: the bucket is there and we may not look at it.
    """
    from botocore.exceptions import ClientError

    try:
        aws.client("s3").head_bucket(Bucket=bucket)
    except ClientError as error:
        if aws.error_code(error) in {"404", "NoSuchBucket", "NotFound"}:
            return False
        if aws.is_access_denied(error):
            raise UserError(
                f"The state bucket {bucket} may not be looked at: no right to it, or it belongs to another account.",
                "Ask the account's administrator for s3:ListBucket, s3:GetObject and s3:PutObject on it.",
            ) from None
        raise
    return True


def ensure_bucket(settings: Backend) -> bool:
    """Make the state bucket if it is missing: versioned, encrypted, no public access, TLS only.

    The policy is put last, so that its absence tells of a making that broke off, and the next call ends it. A bucket
    that has a policy is left as it is: what administrators have set there is theirs.

    Returns:
        Whether anything was made.

    Raises:
        UserError: another account owns a bucket of this name.
    """
    client = aws.client("s3")
    if not bucket_exists(settings.bucket):
        _create(client, settings)
    elif _has_policy(client, settings.bucket):
        return False
    bucket = settings.bucket
    blocks = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
    client.put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration=dict.fromkeys(blocks, True))
    encryption = {"Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]}
    client.put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration=encryption)
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
    """What removes the state bucket for good: all versions of what it holds, then the bucket."""
    versions = "{Objects: [Versions, DeleteMarkers][][].{Key: Key, VersionId: VersionId}}"
    listing = f"aws s3api list-object-versions --bucket {bucket} --output json --query '{versions}'"
    return (
        f'aws s3api delete-objects --bucket {bucket} --delete "$({listing})"',
        f"aws s3api delete-bucket --bucket {bucket}",
    )


def _create(client: Any, settings: Backend) -> None:
    # https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateBucket.html: us-east-1 is named by saying nothing.
    elsewhere = {"CreateBucketConfiguration": {"LocationConstraint": settings.region}}
    try:
        client.create_bucket(Bucket=settings.bucket, **({} if settings.region == "us-east-1" else elsewhere))
    except client.exceptions.BucketAlreadyOwnedByYou:
        return
    except client.exceptions.BucketAlreadyExists:
        raise UserError(
            f"The state bucket's name {settings.bucket} is taken by another account.",
            "Nobody but you should need this name: tell AWS Support.",
        ) from None
    client.get_waiter("bucket_exists").wait(Bucket=settings.bucket)


def _has_policy(client: Any, bucket: str) -> bool:
    from botocore.exceptions import ClientError

    try:
        client.get_bucket_policy(Bucket=bucket)
    except ClientError as error:
        if aws.error_code(error) == "NoSuchBucketPolicy":
            return False
        if aws.is_access_denied(error):  # may use the state, may not look at its bucket's settings
            return True
        raise
    return True
