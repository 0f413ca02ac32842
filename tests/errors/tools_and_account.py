"""Mistakes with the tools on this machine, and with AWS's credentials and account."""

import json
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from tests.conftest import missing
from tests.errors.case import (
    STACK,
    Case,
    aside,
    file,
    folder,
    forbidden,
    given,
    job,
    refused,
    variable,
)
from tests.errors.scene import Scene

TOOLS = "Tools"
ACCOUNT = "Credentials and account"
INSTALL = "Install Terraform 1.11 or newer: https://developer.hashicorp.com/terraform/install"
STATE = "trainyard-tfstate-123456789012-us-east-1"
DATA = "arn:aws:s3:::trainyard-local-data-123456789012-us-east-1"
LOCK = {
    "ID": "3c5a1d1e-0b7e-4a57-8a0b-8c6b5f6a2f11",
    "Operation": "OperationTypeApply",
    "Info": "",
    "Who": "ada@laptop",
    "Version": "1.11.4",
    "Created": "2026-08-20T10:11:12.123456Z",
    "Path": f"{STATE}/local/terraform.tfstate",
}
OLD_TERRAFORM = (
    '#!/bin/sh\necho \'{"terraform_version": "1.5.7", "platform": "linux_amd64", "provider_selections": {}}\'\n'
)


@contextmanager
def only_these_programs(scene: Scene) -> Iterator[None]:
    """A PATH with what make and the verbs need, without Terraform."""
    bin_folder = scene.folder / "build" / "bin"
    bin_folder.mkdir(parents=True)
    for name in ("make", "sh", "awk", "git", "python3"):
        found = shutil.which(name)
        assert found
        (bin_folder / name).symlink_to(found)
    scene.environment["PATH"] = str(bin_folder)
    try:
        yield
    finally:
        shutil.rmtree(bin_folder)


@contextmanager
def an_old_terraform(scene: Scene) -> Iterator[None]:
    with only_these_programs(scene):
        program = scene.folder / "build" / "bin" / "terraform"
        program.write_text(OLD_TERRAFORM)
        program.chmod(0o755)
        yield


@contextmanager
def an_old_python(scene: Scene) -> Iterator[None]:
    """A program that tells scripts/venv.py the version of an old Python, and no .venv yet."""
    python = scene.folder / "build" / "python3.9"
    python.parent.mkdir(exist_ok=True)
    pretend = (
        "import runpy, sys; sys.version_info = (3, 9, 2, 'final', 0); "
        "del sys.argv[0]; runpy.run_path(sys.argv[0], run_name='__main__')"
    )
    python.write_text(f'#!/bin/sh\nexec {sys.executable} -c "{pretend}" "$@"\n')
    python.chmod(0o755)
    with aside(".venv")(scene):
        yield
        assert not (scene.folder / ".venv").exists()
    python.unlink()


@contextmanager
def no_way_to_the_registry(scene: Scene) -> Iterator[None]:
    """A fresh clone whose Terraform may ask nobody, and nobody has set up a mirror."""
    build = scene.folder / "build" / "fresh"
    build.mkdir(parents=True)
    (build / "own.tfrc").write_text("")
    scene.environment |= {
        "TF_DATA_DIR": str(build / "terraform"),
        "TF_CLI_CONFIG_FILE": str(build / "own.tfrc"),
        "HTTPS_PROXY": "http://127.0.0.1:9",
        "AWS_REGION": "eu-south-1",
    }
    try:
        yield
    finally:
        shutil.rmtree(build)


@contextmanager
def a_lock(scene: Scene) -> Iterator[None]:
    """The lock that a Terraform which was killed has left in the state's bucket."""
    place = {"Bucket": STATE, "Key": "local/terraform.tfstate.tflock"}
    s3 = scene.client("s3")
    s3.put_object(Body=json.dumps(LOCK), **place)
    try:
        yield
    finally:
        s3.delete_object(**place)


@contextmanager
def a_full_disk(scene: Scene) -> Iterator[None]:
    """A file system of 200 kB in place of data/."""
    place = scene.folder / "data"
    moved = place.with_name(".data.aside")
    if place.exists():
        place.rename(moved)
    place.mkdir()
    if os.geteuid() != 0 or os.system(f"mount -t tmpfs -o size=200k none '{place}' 2>/dev/null") != 0:  # noqa: S605
        place.rmdir()
        if moved.exists():
            moved.rename(place)
        missing("a file system of a few kB takes the right to mount")
    try:
        yield
    finally:
        os.system(f"umount '{place}'")  # noqa: S605
        place.rmdir()
        if moved.exists():
            moved.rename(place)


CASES = (
    Case(
        TOOLS,
        "no Terraform on PATH",
        "make infra",
        "Terraform is not installed: there is no `terraform` on PATH.",
        INSTALL,
        only_these_programs,
    ),
    Case(
        TOOLS,
        "a Terraform that is too old",
        "make infra",
        "Terraform 1.5.7 (…/terraform) is too old for this project.",
        INSTALL,
        an_old_terraform,
    ),
    Case(
        TOOLS,
        "no way to Terraform's registry, and no mirror",
        "make infra YES=1",
        "Terraform could not get its provider: its own message is above.",
        "Check the way to registry.terraform.io, or name a mirror of it: TRAINYARD_PROVIDER_MIRROR=FOLDER "
        "(docs/infrastructure.md).",
        no_way_to_the_registry,
        STACK,
    ),
    Case(
        TOOLS,
        "a mirror that does not hold the provider",
        "make infra",
        "TRAINYARD_PROVIDER_MIRROR names /nowhere, which does not hold registry.terraform.io/hashicorp/aws 5.… for ….",
        "Fill it with `terraform -chdir=terraform providers mirror /nowhere`, or unset it.",
        variable(TRAINYARD_PROVIDER_MIRROR="/nowhere"),
    ),
    Case(
        TOOLS,
        "somebody else holds the state's lock",
        "make infra YES=1",
        "The state of `local` is locked: ada@laptop has held it since 2026-08-20 10:11:12 UTC (apply).",
        "Wait for the end of that; if nobody is at it any more, remove the lock: `TF_DATA_DIR=…/terraform "
        f"terraform -chdir=terraform force-unlock {LOCK['ID']}`.",
        a_lock,
        STACK,
    ),
    Case(
        TOOLS,
        "Terraform fails",
        "make infra YES=1",
        "`terraform plan` failed: its own message is above.",
        "Mend what it names, then `make infra` goes on from there (usual causes: docs/infrastructure.md).",
        file("terraform/environments/local.tfvars", 'environment = "local"\nproject = "Not a name"\n'),
        STACK,
    ),
    Case(
        TOOLS,
        "an environment that does not exist",
        "make infra ENV=locla",
        "There is no environment `locla`: terraform/environments/locla.tfvars does not exist. Did you mean `local`?",
        "Known are dev, local. A new one is a copy of terraform/environments/dev.tfvars with its own name.",
    ),
    Case(
        TOOLS,
        "a Python that is too old",
        "make setup PYTHON=build/python3.9",
        "Python 3.9 has no TensorFlow 2.21 wheels; Python 3.11, 3.12 and 3.13 have.",
        "…`make PYTHON=… …`.",
        an_old_python,
    ),
    Case(
        TOOLS,
        "no space on the disk",
        "make digits",
        "There is no space left on the disk….",
        "Free some (`df -h .` shows how much there is) and run the same command again; nothing is half-written.",
        a_full_disk,
    ),
    Case(
        ACCOUNT,
        "no credentials",
        "make train JOB=digits",
        "No AWS credentials were found.",
        "Sign in (for example `aws configure` or `aws sso login`, then AWS_PROFILE), or rehearse without an account: "
        "`make demo`.",
        variable(AWS_ACCESS_KEY_ID=None, AWS_SECRET_ACCESS_KEY=None),
    ),
    Case(
        ACCOUNT,
        "an expired token",
        "make data JOB=digits",
        "The AWS credentials have expired: The security token included in the request is expired",
        "Sign in again, for example `aws sso login`.",
        refused("sts:GetCallerIdentity", "ExpiredToken", "The security token included in the request is expired", 403),
        STACK,
    ),
    Case(
        ACCOUNT,
        "keys that AWS does not know",
        "make jobs",
        "AWS does not accept these credentials: The security token included in the request is invalid.",
        "Sign in (…), or rehearse without an account: `make demo`.",
        refused(
            "sagemaker:ListTrainingJobs",
            "UnrecognizedClientException",
            "The security token included in the request is invalid.",
        ),
        STACK,
    ),
    Case(
        ACCOUNT,
        "a profile that does not exist",
        "make jobs",
        "The config profile (wrok) could not be found.",
        "Name one of `aws configure list-profiles` in AWS_PROFILE.",
        variable(AWS_PROFILE="wrok"),
    ),
    Case(
        ACCOUNT,
        "no region",
        "make jobs",
        "No AWS region is set.",
        "Set one: `export AWS_REGION=eu-central-1`, or in the profile.",
        variable(AWS_REGION=None, AWS_DEFAULT_REGION=None),
    ),
    Case(
        ACCOUNT,
        "a region that does not exist",
        "make infra",
        "AWS has no region eu-center-1 (AWS_REGION, AWS_DEFAULT_REGION or the profile's).",
        "Name one that there is, such as the nearest: `export AWS_REGION=eu-central-1`.",
        variable(AWS_REGION="eu-center-1"),
    ),
    *(
        Case(
            ACCOUNT,
            f"{mistake} (`{command.split()[1]}`)",
            command,
            "The stack of `local` that this folder knows is in account 123456789012, us-east-1; the credentials and "
            f"region are those of {place}, where there is none.",
            "Use the account and region of the stack (AWS_PROFILE, AWS_REGION); "
            "to build a second one, take … away first.",
            prepared,
            STACK,
        )
        for mistake, place, prepared in (
            (
                "another account than the stack's",
                "account 999999999999, us-east-1",
                lambda scene: scene.cloud.answering(
                    "sts:GetCallerIdentity",
                    {"Account": "999999999999", "Arn": "arn:aws:iam::999999999999:user/ada", "UserId": "AIDA"},
                ),
            ),
            (
                "another region than the stack's",
                "account 123456789012, eu-north-1",
                variable(AWS_REGION="eu-north-1"),
            ),
        )
        for command in ("make train JOB=digits", "make infra YES=1")
    ),
    Case(
        ACCOUNT,
        "a stack that was never applied",
        "make train JOB=digits",
        "The stack of `local` is not applied in account 123456789012, eu-north-1.",
        "Apply it with `make infra` (and the same settings as here), then try again.",
        variable(AWS_REGION="eu-north-1", TF_DATA_DIR="{folder}/build/never/terraform"),
        STACK,
    ),
    *(
        Case(
            ACCOUNT,
            f"no right to {action} (`{command.split()[1]}`)",
            command,
            f"AWS refuses {action} on {resource}: …",
            f"Ask the account's administrator to allow you {action} on {resource}.",
            prepared,
            STACK,
        )
        for command, action, resource, prepared in (
            (
                "make jobs",
                "sagemaker:ListTrainingJobs",
                "*",
                forbidden("sagemaker:ListTrainingJobs", "sagemaker:ListTrainingJobs", "*"),
            ),
            (
                "make logs RUN={run}",
                "sagemaker:DescribeTrainingJob",
                "arn:aws:sagemaker:us-east-1:*:training-job/{run}",
                refused("sagemaker:DescribeTrainingJob", "AccessDeniedException", "Access denied", 400),
            ),
            (
                "make stop RUN={run}",
                "sagemaker:DescribeTrainingJob",
                "arn:aws:sagemaker:us-east-1:*:training-job/{run}",
                refused("sagemaker:DescribeTrainingJob", "AccessDeniedException", "Access denied", 400),
            ),
            (
                "make data JOB=digits",
                "s3:ListBucket",
                DATA,
                refused("s3:ListObjectsV2", "AccessDenied", "Access Denied", 403),
            ),
            (
                "make data JOB=mistake",
                "s3:PutObject",
                f"{DATA}/mistake/training/0/one.png",
                given(
                    job('program = "own.py"', '[channels.training]\nsource = "data/small"\n'),
                    file("trainer/own.py", ""),
                    folder("data/small", "0/one.png"),
                    refused("s3:PutObject", "AccessDenied", "Access Denied", 403),
                ),
            ),
            (
                "make train JOB=digits YES=1",
                "sagemaker:CreateTrainingJob",
                "arn:aws:sagemaker:us-east-1:123456789012:training-job/digits",
                forbidden(
                    "sagemaker:CreateTrainingJob",
                    "sagemaker:CreateTrainingJob",
                    "arn:aws:sagemaker:us-east-1:123456789012:training-job/digits",
                ),
            ),
            (
                "make train JOB=digits YES=1",
                "iam:PassRole",
                "arn:aws:iam::123456789012:role/trainyard-local-training",
                forbidden(
                    "sagemaker:CreateTrainingJob",
                    "iam:PassRole",
                    "arn:aws:iam::123456789012:role/trainyard-local-training",
                ),
            ),
            (
                "make model RUN={run}",
                "s3:GetObject",
                "arn:aws:s3:::trainyard-local-models-123456789012-us-east-1/digits/{run}/output/model.tar.gz",
                given(aside("runs/{run}/model"), refused("s3:HeadObject", "AccessDenied", "", 403)),
            ),
            (
                "make infra YES=1",
                "s3:CreateBucket",
                "arn:aws:s3:::trainyard-tfstate-123456789012-eu-north-1",
                given(
                    variable(AWS_REGION="eu-north-1", TF_DATA_DIR="{folder}/build/elsewhere/terraform"),
                    refused("s3:CreateBucket", "AccessDenied", "Access Denied", 403),
                ),
            ),
        )
    ),
    Case(
        ACCOUNT,
        "no right to look at the state's bucket",
        "make data JOB=digits",
        f"The state bucket {STATE} may not be looked at: no right to it, or it belongs to another account.",
        "Ask the account's administrator for s3:ListBucket, s3:GetObject and s3:PutObject on it.",
        refused("s3:HeadBucket", "AccessDenied", "", 403),
        STACK,
    ),
    Case(
        ACCOUNT,
        "no right to read the state",
        "make data JOB=digits",
        "Terraform cannot read the outputs of `local`: … AccessDenied…",
        f"The state is s3://{STATE}/local/terraform.tfstate; `make infra` shows Terraform's whole message.",
        refused("s3:GetObject", "AccessDenied", "Access Denied", 403),
        STACK,
    ),
    Case(
        ACCOUNT,
        "a quota of 0, as new accounts have for GPUs",
        "make train JOB=digits YES=1",
        "The account's quota does not allow this job: The account-level service limit "
        "'ml.g4dn.4xlarge for training job usage' is 0 Instances, …",
        "Raise the quota `ml.g4dn.4xlarge for training job usage` in us-east-1: "
        "https://us-east-1.console.aws.amazon.com/servicequotas/home/services/sagemaker/quotas (it takes AWS a day or "
        "two), or name another instance_type in the job file.",
        refused(
            "sagemaker:CreateTrainingJob",
            "ResourceLimitExceeded",
            "The account-level service limit 'ml.g4dn.4xlarge for training job usage' is 0 Instances, with current "
            "utilization of 0 Instances and a request delta of 1 Instances. Please use AWS Service Quotas to request "
            "an increase for this quota.",
        ),
        STACK,
    ),
    Case(
        ACCOUNT,
        "an instance type that the region does not offer",
        "make train JOB=digits YES=1",
        "SageMaker does not offer this instance type in us-east-1: Instance type ml.m5.xlarge is not supported in this "
        "region.",
        "Name another instance_type in the job file, or run the job in another region (AWS_REGION, `make infra`).",
        refused(
            "sagemaker:CreateTrainingJob",
            "ValidationException",
            "Instance type ml.m5.xlarge is not supported in this region.",
        ),
        STACK,
    ),
    Case(
        ACCOUNT,
        "too many calls at once",
        "make jobs",
        "AWS is throttling sagemaker:ListTrainingJobs, also after several tries: Rate exceeded",
        "Too many calls came from this account at once: run the same command again in a minute.",
        refused("sagemaker:ListTrainingJobs", "ThrottlingException", "Rate exceeded"),
        STACK,
    ),
)
