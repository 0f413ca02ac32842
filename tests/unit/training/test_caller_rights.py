"""What a caller may do is simulated before a verb creates anything."""

import json
from typing import Any

import pytest

from scripts.core import aws
from scripts.core.errors import UserError
from scripts.jobfile.reading import parse_job
from scripts.localcloud.access import simulation as answers
from scripts.training import TrainingJob, build_request, caller_rights, simulation, verb_calls
from scripts.training.verb_calls import Need
from tests.rights_table import RECORDED, actions
from tests.unit.aws_server import ACCOUNT, STACK

KEY = f"arn:aws:kms:us-east-1:{ACCOUNT}:key/k"
ENCRYPTED = STACK.model_copy(update={"kms_key_arn": KEY, "tags": {"Team": "ml"}})
SPEC = parse_job({"instance_type": "ml.m5.xlarge", "channels": {"training": {"source": "data/x"}}}, "jobs/digits.toml")
REQUEST = build_request(TrainingJob("digits", SPEC, "digits-1", f"{STACK.repository_url}:v1", {}, ()), ENCRYPTED)
BASE = "arn:aws:ecr:us-east-1:763104351884:repository/tensorflow-training"
TUNING = {
    "HyperParameterTuningJobName": "digits-1",
    "TrainingJobDefinition": {name: value for name, value in REQUEST.items() if name != "Tags"},
    "Tags": REQUEST["Tags"],
}
NEEDS = {
    "data": verb_calls.of_data(ENCRYPTED, ["digits/training/"]),
    "image": verb_calls.of_image(ENCRYPTED, BASE),
    "train": verb_calls.of_train(ENCRYPTED, REQUEST, ["digits/training/"]),
    "tune": verb_calls.of_tune(ENCRYPTED, REQUEST, TUNING, ["digits/training/"]),
    "resume": verb_calls.of_resume(ENCRYPTED, REQUEST),
}
COSTS = {"pricing:GetProducts", "servicequotas:ListServiceQuotas", "servicequotas:ListAWSDefaultServiceQuotas"}
DONE_WITHOUT = {
    "data": {"s3:DeleteObject", "s3:ListBucketMultipartUploads", "sagemaker:DescribeTrainingJob"},
    "train": {"s3:DeleteObject", "s3:ListBucketMultipartUploads", "ecr:DescribeImages", *COSTS},
    "tune": {"s3:DeleteObject", "s3:ListBucketMultipartUploads", "ecr:DescribeImages", *COSTS},
    "resume": {"s3:ListBucketVersions", "sagemaker:ListTags", "ecr:DescribeImages", *COSTS},
}
"""Of what the verbs were seen to call: what they need only sometimes, or report as not checked."""
LOOKING = {"iam:GetRole", "iam:SimulatePrincipalPolicy"}


@pytest.mark.parametrize("verb", DONE_WITHOUT)
def test_the_needs_of_a_verb_are_what_it_was_seen_to_call(verb: str) -> None:
    needed = {need.permission.action for need in NEEDS[verb] if not need.permission.action.startswith("kms:")}
    assert needed == actions(RECORDED[verb]) - LOOKING - DONE_WITHOUT[verb]


def test_the_condition_keys_of_the_job_are_given() -> None:
    (create,) = [need for need in NEEDS["train"] if need.permission.action == "sagemaker:CreateTrainingJob"]
    assert create.permission.context["sagemaker:instancetypes"] == ("ml.m5.xlarge",)
    assert create.permission.context["aws:requesttag/team"] == ("ml",)
    (passed,) = [need for need in NEEDS["train"] if need.permission.action == "iam:PassRole"]
    assert passed.permission.context["iam:passedtoservice"] == ("sagemaker.amazonaws.com",)


def test_actions_that_iam_does_not_simulate_together_are_found_in_its_message() -> None:
    lists = "[s3:GetObject,iam:PassRole] and [ecr:PutImage]"
    message = f"Invalid Input Actions: {lists} require different authorization information."
    both = ["s3:GetObject", "iam:PassRole", "ecr:PutImage"]
    assert simulation.fit_together(message, both) == {"s3:GetObject", "iam:PassRole"}
    assert simulation.fit_together(message, both[:2]) == set()  # it would be asked for without end
    assert simulation.fit_together("Invalid [s3:GetObject] value", both) == set()


@pytest.fixture
def user(empty_aws: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """A user who calls; moto lets it do everything, and its rights are only simulated."""
    iam = aws.client("iam")
    iam.create_user(UserName="ada", Path="/teams/")
    key = iam.create_access_key(UserName="ada")["AccessKey"]
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", key["AccessKeyId"])
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", key["SecretAccessKey"])
    aws.session.cache_clear()
    give({"Action": "*", "Resource": "*"})


def give(*statements: dict[str, Any]) -> None:
    """Give the user exactly these rights."""
    policy = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **one} for one in statements]}
    aws.client("iam").put_user_policy(UserName="ada", PolicyName="rights", PolicyDocument=json.dumps(policy))


def check(*needs: Need) -> list[str]:
    said: list[str] = []
    caller_rights.check("make train", needs or NEEDS["train"], said.append)
    return said


def test_one_simulation_says_what_a_user_lacks(user: None, monkeypatch: pytest.MonkeyPatch) -> None:
    aws.client("s3").create_bucket(Bucket=STACK.data_bucket)
    real, asked = answers.simulate, []

    def counted(parameters: Any) -> dict[str, Any]:
        asked.append(parameters)
        return real(parameters)

    monkeypatch.setattr(answers, "simulate", counted)
    assert check() == []
    assert len(asked) == 1
    give({"NotAction": ["s3:PutObject", "logs:*"], "Resource": "*"})
    with pytest.raises(UserError) as caught:
        check()
    assert caught.value.problem == (
        "No policy allows you s3:PutObject on arn:aws:s3:::data/digits/training/*, which `make train` needs to upload "
        "the data; nor logs:DescribeLogStreams, logs:GetLogEvents."
    )


def test_only_what_is_certain_refuses(user: None) -> None:
    put = next(need for need in NEEDS["train"] if need.permission.action == "s3:PutObject")
    give({"Action": "*", "Resource": "*", "Condition": {"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}})
    assert check(put) == ["Not checked: whether you may do s3:PutObject (it depends on more than your policies)."]
    give({"Action": "s3:*", "Resource": "*"}, {"Effect": "Deny", "Action": "s3:PutObject", "Resource": "*"})
    with pytest.raises(UserError, match="A policy denies you s3:PutObject"):
        check(put)
    # The bucket's policy can allow what the user's does not.
    give({"Action": "sqs:*", "Resource": "*"})
    s3 = aws.client("s3")
    s3.create_bucket(Bucket=STACK.data_bucket)
    grant = {
        "Effect": "Allow",
        "Action": "s3:*",
        "Resource": f"arn:aws:s3:::{STACK.data_bucket}/*",
        "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:user/teams/ada"},
    }
    s3.put_bucket_policy(Bucket=STACK.data_bucket, Policy=json.dumps({"Statement": [grant]}))
    assert len(check(put)) == 1
    grant["Principal"] = {"AWS": f"arn:aws:iam::{ACCOUNT}:user/teams/grace"}
    s3.put_bucket_policy(Bucket=STACK.data_bucket, Policy=json.dumps({"Statement": [grant]}))
    with pytest.raises(UserError, match="No policy allows you s3:PutObject"):
        check(put)
    # For a repository of another account, the user's own policies must allow too.
    with pytest.raises(UserError, match=f"ecr:BatchCheckLayerAvailability on {BASE}, .* to pull the base"):
        check(*[need for need in NEEDS["image"] if need.permission.resource == BASE])


def test_a_role_s_session_is_simulated_as_its_role_and_root_is_not(user: None, monkeypatch: pytest.MonkeyPatch) -> None:
    aws.client("s3").create_bucket(Bucket=STACK.data_bucket)
    iam = aws.client("iam")
    trust = {"Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": ACCOUNT}}]}
    role = iam.create_role(RoleName="people", Path="/teams/", AssumeRolePolicyDocument=json.dumps(trust))["Role"]
    session = aws.client("sts").assume_role(RoleArn=role["Arn"], RoleSessionName="ada")
    caller = caller_rights.find(session["AssumedRoleUser"]["Arn"])
    assert (caller.arn, caller.principal.role) == (role["Arn"], role["Arn"])
    assert "aws:username" not in caller.keys
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", session["Credentials"]["AccessKeyId"])
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", session["Credentials"]["SecretAccessKey"])
    monkeypatch.setenv("AWS_SESSION_TOKEN", session["Credentials"]["SessionToken"])
    aws.session.cache_clear()
    with pytest.raises(UserError, match="No policy allows you s3:ListBucket"):
        check()
    monkeypatch.setattr(aws, "caller_arn", lambda: f"arn:aws:iam::{ACCOUNT}:root")
    assert check() == []


def test_a_federated_user_is_not_checked(user: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aws, "caller_arn", lambda: f"arn:aws:sts::{ACCOUNT}:federated-user/ada")
    (line,) = check()
    assert line.startswith("Not checked: what you may do (IAM does not simulate it: ")
