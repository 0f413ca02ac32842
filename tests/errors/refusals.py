"""Calls that AWS refuses: for want of a right, for a quota, for the region, for their number."""

from collections.abc import Iterator
from contextlib import contextmanager

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
from tests.errors.credentials import GROUP
from tests.errors.scene import DATA, Scene

NO_OUTPUTS = file("build/local-local/outputs.json", "")  # Terraform's outputs, which are kept from the last command
STATE = "trainyard-tfstate-123456789012-us-east-1"
DATA_ARN = f"arn:aws:s3:::{DATA}"

SMALL = given(
    job('program = "own.py"', '[channels.training]\nsource = "data/small"\n'),
    file("trainer/own.py", ""),
    folder("data/small", "0/one.png"),
)


@contextmanager
def an_object_of_no_file(scene: Scene) -> Iterator[None]:
    """The object of a deleted file, and the object of an existing one."""
    s3 = scene.client("s3")
    keys = ("mistake/training/0/gone.png", "mistake/training/0/one.png")
    s3.put_object(Bucket=DATA, Key=keys[0], Body=b"x")
    s3.put_object(Bucket=DATA, Key=keys[1], Body=(scene.folder / "data/small/0/one.png").read_bytes())
    try:
        yield
    finally:
        for key in keys:
            s3.delete_object(Bucket=DATA, Key=key)


CASES = (
    *(
        Case(
            GROUP,
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
                DATA_ARN,
                refused("s3:ListObjectsV2", "AccessDenied", "Access Denied", 403),
            ),
            (
                "make data JOB=mistake",
                "s3:PutObject",
                f"{DATA_ARN}/mistake/training/0/one.png",
                given(
                    SMALL,
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
                "make data JOB=mistake YES=1",
                "s3:DeleteObject",
                f"{DATA_ARN}/mistake/training/0/gone.png",
                given(
                    SMALL,
                    an_object_of_no_file,
                    refused("s3:DeleteObjects", "AccessDenied", "Access Denied", 403),
                ),
            ),
            (
                "make stop RUN={sleeper}",
                "sagemaker:StopTrainingJob",
                "arn:aws:sagemaker:us-east-1:123456789012:training-job/{sleeper}",
                lambda scene: forbidden(
                    "sagemaker:StopTrainingJob",
                    "sagemaker:StopTrainingJob",
                    scene.fill("arn:aws:sagemaker:us-east-1:123456789012:training-job/{sleeper}"),
                )(scene),
            ),
            (
                "make infra YES=1",
                "s3:CreateBucket",
                "arn:aws:s3:::trainyard-tfstate-123456789012-eu-north-1",
                given(
                    variable(AWS_REGION="eu-north-1", TF_DATA_DIR="{folder}/build/local-elsewhere/terraform"),
                    refused("s3:CreateBucket", "AccessDenied", "Access Denied", 403),
                ),
            ),
        )
    ),
    Case(
        GROUP,
        "no right to look at the state's bucket",
        "make data JOB=digits",
        f"You may not access the state bucket {STATE}: you lack the right, or another account owns it.",
        "Ask the account's administrator for s3:ListBucket, s3:GetObject and s3:PutObject on it.",
        given(NO_OUTPUTS, refused("s3:HeadBucket", "AccessDenied", "", 403)),
        STACK,
    ),
    Case(
        GROUP,
        "no right to read the state",
        "make data JOB=digits",
        "Terraform cannot read the outputs of `local`: … AccessDenied…",
        f"The state is s3://{STATE}/local/terraform.tfstate; `make infra` shows Terraform's whole message.",
        given(NO_OUTPUTS, refused("s3:GetObject", "AccessDenied", "Access Denied", 403)),
        STACK,
    ),
    Case(
        GROUP,
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
        GROUP,
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
        GROUP,
        "too many calls at once",
        "make jobs",
        "AWS still throttles sagemaker:ListTrainingJobs after several attempts: Rate exceeded",
        "This account made too many calls at once. Run the same command again in a minute.",
        given(
            variable(AWS_MAX_ATTEMPTS="2"),  # five take half a minute
            refused("sagemaker:ListTrainingJobs", "ThrottlingException", "Rate exceeded"),
        ),
        STACK,
    ),
)
