"""Errors with AWS's credentials, account, region, permissions and quotas."""

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
from tests.errors.scene import Scene

GROUP = "Credentials and account"
NO_OUTPUTS = file("build/local-local/outputs.json", "")  # Terraform's outputs, which are kept from the last command
STATE = "trainyard-tfstate-123456789012-us-east-1"
DATA = "arn:aws:s3:::trainyard-local-data-123456789012-us-east-1"

SETTINGS_FIX = (
    "Correct it in AWS's variables (AWS_…) or files (~/.aws/config, ~/.aws/credentials). "
    "`aws sts get-caller-identity` uses the same ones."
)

MFA = (
    "[profile base]\naws_access_key_id = nobody\naws_secret_access_key = nobody\n"
    "[profile mfa]\nrole_arn = arn:aws:iam::123456789012:role/admin\nsource_profile = base\n"
    "mfa_serial = arn:aws:iam::123456789012:mfa/ada\n"
)

SMALL = given(
    job('program = "own.py"', '[channels.training]\nsource = "data/small"\n'),
    file("trainer/own.py", ""),
    folder("data/small", "0/one.png"),
)


@contextmanager
def an_object_of_no_file(scene: Scene) -> Iterator[None]:
    """The object of a deleted file, and the object of an existing one."""
    s3, bucket = scene.client("s3"), DATA.rpartition(":")[2]
    keys = ("mistake/training/0/gone.png", "mistake/training/0/one.png")
    s3.put_object(Bucket=bucket, Key=keys[0], Body=b"x")
    s3.put_object(Bucket=bucket, Key=keys[1], Body=(scene.folder / "data/small/0/one.png").read_bytes())
    try:
        yield
    finally:
        for key in keys:
            s3.delete_object(Bucket=bucket, Key=key)


CASES = (
    Case(
        GROUP,
        "no credentials",
        "make train JOB=digits",
        "No AWS credentials were found.",
        "Sign in (for example `aws configure` or `aws sso login`, then AWS_PROFILE), or rehearse without an account: "
        "`make demo`.",
        variable(AWS_ACCESS_KEY_ID=None, AWS_SECRET_ACCESS_KEY=None),
    ),
    Case(
        GROUP,
        "an expired token",
        "make data JOB=digits",
        "The AWS credentials have expired: The security token included in the request is expired",
        "Sign in again, for example `aws sso login`.",
        refused("sts:GetCallerIdentity", "ExpiredToken", "The security token included in the request is expired", 403),
        STACK,
    ),
    Case(
        GROUP,
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
        GROUP,
        "a key without its secret",
        "make jobs",
        "The AWS settings do not work: Partial credentials found in env, missing: AWS_SECRET_ACCESS_KEY.",
        SETTINGS_FIX,
        variable(AWS_SECRET_ACCESS_KEY=None),
    ),
    Case(
        GROUP,
        "a credential_process that prints no JSON",
        "make jobs",
        "The AWS settings do not work: custom-process: Expecting value: line 1 column 1 (char 0).",
        SETTINGS_FIX,
        given(
            file("build/config", "[default]\ncredential_process = echo hello\n"),
            variable(AWS_ACCESS_KEY_ID=None, AWS_SECRET_ACCESS_KEY=None, AWS_CONFIG_FILE="{folder}/build/config"),
        ),
    ),
    Case(
        GROUP,
        "an endpoint without a scheme",
        "make jobs",
        "The AWS settings do not work: Invalid endpoint: localhost:4566.",
        SETTINGS_FIX,
        variable(AWS_ENDPOINT_URL="localhost:4566"),
    ),
    Case(
        GROUP,
        "a setting that is not a number",
        "make jobs",
        "AWS_MAX_ATTEMPTS=abc is not a number of attempts.",
        "Set a whole number of at least 1, or unset it.",
        variable(AWS_MAX_ATTEMPTS="abc"),
    ),
    Case(
        GROUP,
        "a wrong clock",
        "make data JOB=digits",
        "AWS refuses the time of this machine's clock: Signature expired: 20260101T120000Z is now earlier than …",
        "Set the clock (for example `sudo timedatectl set-ntp true`), then run the same command again.",
        refused(
            "sts:GetCallerIdentity",
            "SignatureDoesNotMatch",
            "Signature expired: 20260101T120000Z is now earlier than 20260101T130000Z (20260101T131500Z - 15 min.)",
            403,
        ),
        STACK,
    ),
    Case(
        GROUP,
        "a fault of AWS's",
        "make jobs",
        "AWS failed to do sagemaker:ListTrainingJobs: … (InternalFailure) …: We encountered an internal error.",
        "The fault is AWS's and usually passes: run the same command again in a minute. "
        "https://health.aws.amazon.com/health/status lists larger ones.",
        given(
            variable(AWS_MAX_ATTEMPTS="1"),
            refused("sagemaker:ListTrainingJobs", "InternalFailure", "We encountered an internal error.", 500),
        ),
        STACK,
    ),
    Case(
        GROUP,
        "a session that has ended, seen in an answer without a reason",
        "make data JOB=digits",
        "AWS refuses s3:GetObject without a reason, as it does if a session has expired.",
        "`aws sts get-caller-identity` shows whether the credentials are valid. "
        "Sign in again, for example `aws sso login`.",
        refused("s3:HeadObject", "400", "", 400),
        STACK,
    ),
    Case(
        GROUP,
        "a profile that needs a code, and no terminal to ask at",
        "make plan",
        "The profile `mfa` needs a code of its MFA device, and there is no terminal to ask at.",
        "Run the command at a terminal, or sign in there and hand the session over: "
        "`aws configure export-credentials --profile mfa --format env` prints it.",
        given(
            file("build/config", MFA),
            variable(AWS_ACCESS_KEY_ID=None, AWS_SECRET_ACCESS_KEY=None, AWS_CONFIG_FILE="{folder}/build/config"),
            variable(AWS_PROFILE="mfa"),
        ),
    ),
    Case(
        GROUP,
        "a profile that does not exist",
        "make jobs",
        "The config profile (wrok) could not be found.",
        "Set AWS_PROFILE to a profile that `aws configure list-profiles` lists.",
        variable(AWS_PROFILE="wrok"),
    ),
    Case(
        GROUP,
        "no region",
        "make jobs",
        "No AWS region is set.",
        "Set one: `export AWS_REGION=eu-central-1`, or in the profile.",
        variable(AWS_REGION=None, AWS_DEFAULT_REGION=None),
    ),
    Case(
        GROUP,
        "a region that does not exist",
        "make infra",
        "AWS has no region eu-center-1 (AWS_REGION, AWS_DEFAULT_REGION or the profile's).",
        "Set an existing region, such as the nearest: `export AWS_REGION=eu-central-1`.",
        variable(AWS_REGION="eu-center-1"),
    ),
    *(
        Case(
            GROUP,
            f"{title} (`{command.split()[1]}`)",
            command,
            "This folder's stack of `local` is in account 123456789012, us-east-1, but your credentials and region are "
            f"those of {place}, where no stack exists.",
            "Use the account and region of the stack (AWS_PROFILE, AWS_REGION). "
            "To build a second stack, move … away first.",
            prepared,
            STACK,
        )
        for title, place, prepared in (
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
        GROUP,
        "a stack that was never applied",
        "make train JOB=digits",
        "The stack of `local` is not applied in account 123456789012, eu-north-1.",
        "Apply it with `make infra` (and the same settings as here), then try again.",
        variable(AWS_REGION="eu-north-1", TF_DATA_DIR="{folder}/build/local-never/terraform"),
        STACK,
    ),
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
                DATA,
                refused("s3:ListObjectsV2", "AccessDenied", "Access Denied", 403),
            ),
            (
                "make data JOB=mistake",
                "s3:PutObject",
                f"{DATA}/mistake/training/0/one.png",
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
                f"{DATA}/mistake/training/0/gone.png",
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
