"""Errors with AWS's credentials, settings, account and region."""

from tests.errors.case import (
    STACK,
    Case,
    file,
    given,
    refused,
    variable,
)

GROUP = "Credentials and account"

SETTINGS_FIX = (
    "Correct it in AWS's variables (AWS_…) or files (~/.aws/config, ~/.aws/credentials). "
    "`aws sts get-caller-identity` uses the same ones."
)

MFA = (
    "[profile base]\naws_access_key_id = nobody\naws_secret_access_key = nobody\n"
    "[profile mfa]\nrole_arn = arn:aws:iam::123456789012:role/admin\nsource_profile = base\n"
    "mfa_serial = arn:aws:iam::123456789012:mfa/ada\n"
)

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
)
