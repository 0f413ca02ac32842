"""A user with the policy `train` of terraform/modules/people may do what the verbs do, and no statement can go."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from scripts import localcloud
from scripts.core import aws
from scripts.core.errors import UserError
from scripts.jobfile.reading import parse_job
from scripts.stack import Stack
from scripts.training import TrainingJob, build_request, caller_rights, resources, verb_calls
from scripts.training.verb_calls import Need
from tests.people_policy import statements
from tests.unit.localcloud.access.people import Client
from tests.unit.localcloud.account import RIGHTS, make_role

ACCOUNT, REGION = "123456789012", "us-east-1"
SPEC = parse_job({"instance_type": "ml.m5.large", "channels": {"training": {"source": "data/x"}}}, "jobs/digits.toml")


@pytest.fixture(scope="module")
def stack(client: Client) -> Stack:
    """A stack in the account."""
    for name in ("the-data", "the-models", "the-checkpoints"):
        client("s3").create_bucket(Bucket=name)
    repository = client("ecr").create_repository(repositoryName="the-trainer")["repository"]
    return Stack(
        project="trainyard",
        environment="dev",
        region=REGION,
        account_id=ACCOUNT,
        repository_arn=repository["repositoryArn"],
        repository_name="the-trainer",
        repository_url=repository["repositoryUri"],
        role_arn=make_role(client("iam"), "the-role", RIGHTS),
        kms_key_arn=client("kms").create_key()["KeyMetadata"]["Arn"],
        tags={"Team": "ml"},
        data_bucket="the-data",
        models_bucket="the-models",
        checkpoints_bucket="the-checkpoints",
    )


@pytest.fixture(scope="module")
def needs(stack: Stack) -> Mapping[str, list[Need]]:
    """What each verb needs."""
    request = build_request(TrainingJob("digits", SPEC, "digits-1", f"{stack.repository_url}:v1", {}, ()), stack)
    prefixes = ["digits/training/"]
    tuning = {
        "HyperParameterTuningJobName": "digits-1",
        "TrainingJobDefinition": {name: value for name, value in request.items() if name != "Tags"},
        "Tags": request["Tags"],
    }
    return {
        "data": verb_calls.of_data(stack, prefixes),
        "image": verb_calls.of_image(stack, "arn:aws:ecr:us-east-1:763104351884:repository/tensorflow-training"),
        "train": verb_calls.of_train(stack, request, prefixes),
        "tune": verb_calls.of_tune(stack, request, tuning, prefixes),
        "resume": verb_calls.of_resume(stack, request),
    }


@pytest.fixture(scope="module")
def ada(client: Client, cloud: localcloud.Cloud) -> Iterator[Client]:
    """A user, whose policy each test replaces; her keys are those of this process."""
    iam = client("iam")
    iam.create_user(UserName="ada", Path="/teams/ml/")
    key = iam.create_access_key(UserName="ada")["AccessKey"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL", cloud.url)
        patch.setenv("AWS_ACCESS_KEY_ID", key["AccessKeyId"])
        patch.setenv("AWS_SECRET_ACCESS_KEY", key["SecretAccessKey"])
        patch.setenv("AWS_REGION", REGION)
        for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN"):
            patch.delenv(name, raising=False)
        aws.session.cache_clear()
        yield iam
    aws.session.cache_clear()


def outcome(iam: Any, needs: Mapping[str, list[Need]], verb: str, *given: dict[str, Any]) -> list[str]:
    """What a verb prints for a user with exactly these rights, and its refusal."""
    policy = {"Version": "2012-10-17", "Statement": given}
    iam.put_user_policy(UserName="ada", PolicyName="train", PolicyDocument=json.dumps(policy))
    said: list[str] = []
    try:
        caller_rights.check(f"make {verb}", needs[verb], said.append)
    except UserError as error:
        said.append(error.problem)
    return said


def test_with_the_policy_all_is_allowed(stack: Stack, ada: Any, needs: Mapping[str, list[Need]]) -> None:
    given = statements(stack)
    assert {verb: outcome(ada, needs, verb, *given) for verb in needs} == {verb: [] for verb in needs}


LACKING = {
    "ListBuckets": ("data", "s3:ListBucket on arn:aws:s3:::the-data"),
    "ReadObjects": ("train", "s3:GetObject on arn:aws:s3:::the-data/digits/training/*"),
    "WriteData": ("data", "s3:PutObject on arn:aws:s3:::the-data/digits/training/*"),
    "LogInToRegistry": ("image", "ecr:GetAuthorizationToken on *"),
    "PushImage": ("image", "ecr:DescribeImages on arn:aws:ecr:us-east-1:123456789012:repository/the-trainer"),
    "PullBase": ("image", "ecr:BatchCheckLayerAvailability on arn:aws:ecr:us-east-1:763104351884:repository/"),
    "RunJobs": (
        "train",
        "sagemaker:CreateTrainingJob on arn:aws:sagemaker:us-east-1:123456789012:training-job/digits-1",
    ),
    "RunTunings": (
        "tune",
        "sagemaker:CreateHyperParameterTuningJob on "
        "arn:aws:sagemaker:us-east-1:123456789012:hyper-parameter-tuning-job/digits-1",
    ),
    "ListJobs": ("data", "sagemaker:ListTrainingJobs on *"),
    "PassRole": ("train", "iam:PassRole on arn:aws:iam::123456789012:role/the-role"),
    "ReadLogs": ("resume", "logs:DescribeLogStreams on arn:aws:logs:us-east-1:123456789012:log-group:/aws/sagemaker/"),
    "UseKeyThroughS3": ("data", "kms:GenerateDataKey on arn:aws:kms:us-east-1:123456789012:key/"),
}


@pytest.mark.parametrize("sid", LACKING)
def test_without_any_one_statement_a_verb_names_the_missing_action(
    stack: Stack, ada: Any, needs: Mapping[str, list[Need]], sid: str
) -> None:
    verb, missing = LACKING[sid]
    given = [one for one in statements(stack) if one["Sid"] != sid]
    (problem,) = outcome(ada, needs, verb, *given)
    assert problem.startswith(f"No policy allows you {missing}")
    assert f"which `make {verb}` needs to" in problem


LOOKING = (
    "LookAtRole",
    "LookUpPricesAndQuotas",
    "LookAtNetwork",
    "LookAtKeys",
    "LookAtOwnRights",
    "LookAtPoliciesOfBuckets",
    "LookAtPolicyOfRepository",
    "LookAtPolicyOfKey",
)


def test_a_key_that_a_job_file_names_is_looked_at_and_not_without_that_statement(
    stack: Stack, client: Client, ada: Any, needs: Mapping[str, list[Need]]
) -> None:
    key = client("kms").create_key()["KeyMetadata"]["Arn"]
    request = {"OutputDataConfig": {"KmsKeyId": key}, "ResourceConfig": {}}
    said: list[str] = []
    outcome(ada, needs, "data", *statements(stack))
    resources.check(request, stack, said.append)
    outcome(ada, needs, "data", *(one for one in statements(stack) if one["Sid"] != "LookAtKeys"))
    resources.check(request, stack, said.append)
    assert said == [f"Not checked: the key {key} (no right to kms:DescribeKey)."]


SWEEPING = ("SweepBuckets", "SweepUploads", "SweepCheckpoints", "SweepImages")
"""For `make sweep`, which is refused at its first call without them."""


def test_without_the_right_to_simulate_nothing_is_checked(
    stack: Stack, ada: Any, needs: Mapping[str, list[Need]]
) -> None:
    whole = statements(stack)
    assert {one["Sid"] for one in whole} == {*LACKING, *LOOKING, *SWEEPING}
    given = [one for one in whole if one["Sid"] != "LookAtOwnRights"]
    expected = ["Not checked: what you may do (no right to iam:SimulatePrincipalPolicy)."]
    assert outcome(ada, needs, "train", *given) == expected
    # Without a look at the bucket's policy, it is not certain that nothing allows what the user's policy does not.
    given = [one for one in whole if one["Sid"] not in ("WriteData", "LookAtPoliciesOfBuckets")]
    expected = ["Not checked: whether you may do s3:PutObject (it depends on more than your policies)."]
    assert outcome(ada, needs, "data", *given) == expected
