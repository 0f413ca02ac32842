"""Errors of the network, the keys and the manifests that a job file names, in an account that has them."""

from collections.abc import Iterator
from contextlib import contextmanager

from tests.errors.case import STACK, Case, job
from tests.errors.scene import DATA, Given, Scene

GROUP = "Keys, network, manifests"
TRAIN = "make train JOB=mistake"
FIX = "Correct [vpc] of the job file, or the network of the stack (docs/platform-team.md#network)."


def _network(head: str) -> Given:
    """Two VPCs, and a job file that names what is in them: `{a}` and `{b}` are subnets, `{group}` is of the first."""

    @contextmanager
    def made(scene: Scene) -> Iterator[None]:
        ec2 = scene.client("ec2")
        words = {}
        for name in "ab":
            vpc = ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
            words[name] = ec2.create_subnet(VpcId=vpc, CidrBlock="10.9.0.0/24")["Subnet"]["SubnetId"]
            words["group" if name == "a" else "other"] = ec2.create_security_group(
                VpcId=vpc, GroupName="jobs", Description="of a test"
            )["GroupId"]
        scene.words.update(words)
        with job(scene.fill(head))(scene):
            yield

    return made


def _key(head: str, disabled: bool = False) -> Given:
    """A key, and a job file that names it: `{key}`."""

    @contextmanager
    def made(scene: Scene) -> Iterator[None]:
        kms = scene.client("kms")
        scene.words["key"] = kms.create_key()["KeyMetadata"]["KeyId"]
        if disabled:
            kms.disable_key(KeyId=scene.words["key"])
        with job(scene.fill(head))(scene):
            yield

    return made


def _manifest(content: str) -> Given:
    """Objects in the data bucket, and a job file whose channel has the manifest `lists/x.manifest`."""

    @contextmanager
    def made(scene: Scene) -> Iterator[None]:
        s3 = scene.client("s3")
        keys = ("lists/x.manifest" if content else "lists/x.manifest.old", "lists/b.png")
        for key in keys:
            s3.put_object(Bucket=DATA, Key=key, Body=content.encode())
        with job(tables=f"[channels.training]\nmanifest = 's3://{DATA}/lists/x.manifest'\n")(scene):
            yield
        for key in keys:
            s3.delete_object(Bucket=DATA, Key=key)

    return made


CASES = (
    Case(
        GROUP,
        "a manifest that does not exist",
        TRAIN,
        f"The manifest s3://{DATA}/lists/x.manifest does not exist.",
        "Upload it, or name another one in the job file.",
        _manifest(""),
        STACK,
    ),
    Case(
        GROUP,
        "a manifest in another form",
        TRAIN,
        f"s3://{DATA}/lists/x.manifest is not a manifest with at least one object.",
        'A manifest is a JSON list: first {"prefix": "s3://…"}, then the paths below that prefix.',
        _manifest('["a.png"]'),
        STACK,
    ),
    Case(
        GROUP,
        "a manifest with an object that does not exist",
        TRAIN,
        f"s3://{DATA}/lists/x.manifest names 'a.png', and s3://{DATA}/lists/a.png does not exist, nor do 1 more.",
        "Correct the list, or upload the object.",
        _manifest(f'[{{"prefix": "s3://{DATA}/lists/"}}, "b.png", "a.png", "c.png"]'),
        STACK,
    ),
    Case(
        GROUP,
        "the stack's network, which it does not have",
        TRAIN,
        'The job file has vpc = "stack", and the stack of local has no network.',
        "Give the stack one (docs/platform-team.md#network), name subnets and security groups under [vpc], or remove "
        "the key.",
        job('vpc = "stack"'),
        STACK,
    ),
    Case(
        GROUP,
        "a subnet that does not exist",
        TRAIN,
        "The job's network does not exist in us-east-1: …subnet-0123456789abcdef0….",
        FIX,
        job('vpc = { subnets = ["subnet-0123456789abcdef0"], security_groups = ["sg-0a1b2c3d"] }'),
        STACK,
    ),
    Case(
        GROUP,
        "a security group of another network",
        TRAIN,
        "subnet-… is in vpc-…, and sg-… is in vpc-…: a job runs in one VPC.",
        FIX,
        _network('vpc = { subnets = ["{a}"], security_groups = ["{other}"] }'),
        STACK,
    ),
    Case(
        GROUP,
        "a subnet from where S3 cannot be reached",
        TRAIN,
        "The subnet subnet-… has no way to S3: its route table rtb-… leads to no endpoint of S3, and not out …",
        "Add a gateway endpoint for S3 to that table (it costs nothing): docs/platform-team.md#network.",
        _network('vpc = { subnets = ["{a}"], security_groups = ["{group}"] }'),
        STACK,
    ),
    Case(
        GROUP,
        "a key that does not exist",
        TRAIN,
        "The key alias/nobodys does not exist in us-east-1.",
        "Correct output_kms_key or volume_kms_key of the job file.",
        job('output_kms_key = "alias/nobodys"'),
        STACK,
    ),
    Case(
        GROUP,
        "a key that is disabled",
        TRAIN,
        "The key … is Disabled: nothing can be encrypted with it.",
        "Enable it, or name another.",
        _key('volume_kms_key = "{key}"', disabled=True),
        STACK,
    ),
    Case(
        GROUP,
        "a key of another region",
        TRAIN,
        "The key arn:aws:kms:eu-west-1:123456789012:key/1 is in eu-west-1, and the job would run in us-east-1: "
        "SageMaker needs both in one region.",
        "Name a key in us-east-1, or run the job with AWS_REGION=eu-west-1.",
        job('output_kms_key = "arn:aws:kms:eu-west-1:123456789012:key/1"'),
        STACK,
    ),
)
