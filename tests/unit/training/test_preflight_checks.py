"""Preflight checks against the APIs of ECR, IAM and S3."""

import json
from typing import Any

import pytest

from scripts.core import aws
from scripts.core.errors import UserError
from scripts.core.permissions import Permission, Place
from scripts.jobfile.reading import parse_job
from scripts.training import TrainingJob, build_request, preflight, role_rights, simulation
from scripts.training.simulation import Verdict
from tests.unit.aws_server import ACCOUNT, STACK, poor_user

TRUST: dict[str, Any] = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"Service": "sagemaker.amazonaws.com"},
            "Action": "sts:AssumeRole",
            "Condition": {"StringEquals": {"aws:SourceAccount": ACCOUNT}},
        }
    ],
}
JOB = f"arn:aws:sagemaker:us-east-1:{ACCOUNT}:training-job/digits-1"
IMAGE = f"{STACK.repository_url}:v1"


def trust(**change: Any) -> dict[str, Any]:
    return {**TRUST, "Statement": [{**TRUST["Statement"][0], **change}]}


def allow(*actions: str, resource: Any = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": list(actions), "Resource": resource, **more}


def deny(*actions: str, resource: Any = "*", **more: Any) -> dict[str, Any]:
    return {**allow(*actions, resource=resource, **more), "Effect": "Deny"}


def give(*statements: dict[str, Any]) -> None:
    """Give the stack's role exactly these rights."""
    policy = json.dumps({"Version": "2012-10-17", "Statement": statements})
    role = STACK.role_arn.rpartition("/")[2]
    aws.client("iam").put_role_policy(RoleName=role, PolicyName="training", PolicyDocument=policy)


@pytest.fixture
def account(empty_aws: None) -> None:
    """An account with everything that a job needs."""
    for bucket in (STACK.data_bucket, STACK.models_bucket, STACK.checkpoints_bucket):
        aws.client("s3").create_bucket(Bucket=bucket)
    role = STACK.role_arn.rpartition("/")[2]
    aws.client("iam").create_role(RoleName=role, AssumeRolePolicyDocument=json.dumps(TRUST))
    give(allow("s3:*", "ecr:*"))
    ecr = aws.client("ecr")
    ecr.create_repository(repositoryName=STACK.repository_name)
    manifest = {"schemaVersion": 2, "config": {"digest": "sha256:" + "0" * 64, "size": 1}, "layers": []}
    ecr.put_image(
        repositoryName=STACK.repository_name,
        imageManifest=json.dumps(manifest),
        imageManifestMediaType="application/vnd.docker.distribution.manifest.v2+json",
        imageTag="v1",
    )


def check(image: str = IMAGE, sources: tuple[str, ...] = (), instance_type: str = "ml.m5.xlarge") -> list[str]:
    output: list[str] = []
    preflight.check_image(image, STACK, output.append)
    channels = {"training": {"source": "data/x"}} | {f"more-{n}": {"source": one} for n, one in enumerate(sources)}
    spec = parse_job({"instance_type": instance_type, "channels": channels}, "jobs/digits.toml")
    request = build_request(TrainingJob("digits", spec, "digits-1", image, {}, ()), STACK)
    preflight.check(request, sources, output.append)
    return output


def refusal(**arguments: Any) -> UserError:
    with pytest.raises(UserError) as caught:
        check(**arguments)
    return caught.value


def test_valid_job_passes(account: None) -> None:
    aws.client("s3").put_object(Bucket="data", Key="some/prefix/file", Body=b"x")
    assert check(sources=("s3://data/some/prefix/",)) == []


def test_invalid_images_are_refused(account: None) -> None:
    assert f"There is no image {STACK.repository_url}:v2" in refusal(image=f"{STACK.repository_url}:v2").problem
    other = f"{ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com/other:v1"
    assert "repository other does not exist" in refusal(image=other).problem
    assert "not in ECR" in refusal(image="tensorflow/tensorflow:latest").problem
    elsewhere = f"{ACCOUNT}.dkr.ecr.eu-west-1.amazonaws.com/other:v1"
    assert "eu-west-1" in refusal(image=elsewhere).problem


def test_image_of_the_stack_is_located_by_the_repository_arn() -> None:
    local = STACK.model_copy(update={"repository_url": "localhost:5000/yard"})
    digest = "sha256:" + "a" * 64
    assert preflight.parse_image_uri("localhost:5000/yard:t", local).version == {"imageTag": "t"}
    located = preflight.parse_image_uri(f"localhost:5000/yard@{digest}", local)
    assert (located.account, located.region, located.repository) == (ACCOUNT, "us-east-1", "trainyard-local")
    assert located.version == {"imageDigest": digest}
    with pytest.raises(UserError):
        preflight.parse_image_uri("localhost:5000/yard2:t", local)


@pytest.mark.parametrize(
    ("policy", "trusted"),
    [
        (TRUST, True),
        ({**TRUST, "Statement": TRUST["Statement"][0]}, True),
        (trust(Principal={"Service": ["ec2.amazonaws.com", "sagemaker.amazonaws.com"]}), True),
        (trust(Condition={}), True),
        (trust(Principal={"Service": "ec2.amazonaws.com"}), False),
        (trust(Condition={"ArnLike": {"aws:SourceArn": f"arn:aws:sagemaker:*:{ACCOUNT}:training-job/*"}}), True),
        (trust(Condition={"ArnLike": {"aws:SourceArn": f"arn:aws:sagemaker:*:{ACCOUNT}:processing-job/*"}}), False),
        (trust(Condition={"StringEquals": {"aws:SourceOrgID": "o-1"}}), True),
        (trust(Effect="Deny"), False),
        (trust(Action="sts:TagSession"), False),
        (trust(Condition={"StringEquals": {"aws:SourceAccount": "999999999999"}}), False),
        ({"Statement": []}, False),
    ],
)
def test_trust_policies(policy: dict[str, Any], trusted: bool) -> None:
    assert preflight.trusts_sagemaker(policy, STACK.role_arn, JOB) is trusted


def test_invalid_roles_are_refused(account: None) -> None:
    iam, role = aws.client("iam"), STACK.role_arn.rpartition("/")[2]
    other = trust(Principal={"Service": "ec2.amazonaws.com"})
    iam.update_assume_role_policy(RoleName=role, PolicyDocument=json.dumps(other))
    assert "does not let sagemaker.amazonaws.com" in refusal().problem
    iam.delete_role_policy(RoleName=role, PolicyName="training")
    iam.delete_role(RoleName=role)
    assert "does not exist" in refusal().problem


def test_a_tuning_needs_a_role_that_trusts_sagemaker_for_tuning_jobs_too(account: None) -> None:
    spec = parse_job({"instance_type": "ml.m5.xlarge", "channels": {"training": {"source": "data/x"}}}, "x")
    request = build_request(TrainingJob("digits", spec, "digits-1", IMAGE, {}, ()), STACK)
    iam, role = aws.client("iam"), STACK.role_arn.rpartition("/")[2]

    def update(*kinds: str) -> None:
        arns = [f"arn:aws:sagemaker:us-east-1:{ACCOUNT}:{kind}/*" for kind in kinds]
        policy = trust(Condition={"ArnLike": {"aws:SourceArn": arns}})
        iam.update_assume_role_policy(RoleName=role, PolicyDocument=json.dumps(policy))

    said: list[str] = []
    update("training-job")
    preflight.check(request, (), said.append)
    with pytest.raises(UserError, match=r"for the job arn:aws:sagemaker:us-east-1:\d+:hyper-parameter-tuning-job/dig"):
        preflight.check(request, (), said.append, tuning=True)
    update("training-job", "hyper-parameter-tuning-job")
    preflight.check(request, (), said.append, tuning=True)


def test_invalid_sources_buckets_and_instance_types_are_refused(account: None) -> None:
    assert "s3://data/empty/ holds no object" in refusal(sources=("s3://data/empty/",)).problem
    assert "bucket nowhere does not exist" in refusal(sources=("s3://nowhere/x/",)).problem
    far = {"LocationConstraint": "eu-west-1"}
    aws.client("s3").create_bucket(Bucket="far", CreateBucketConfiguration=far)
    assert "eu-west-1" in refusal(sources=("s3://far/x/",)).problem
    assert "ml.g4dn.4xlarge" in refusal(instance_type="ml.g4dn.4xlarg").fix


def test_checks_without_permission_are_skipped(account: None) -> None:
    with poor_user():
        output = check()
    assert len(output) == 3
    assert all(line.startswith("Not checked: ") for line in output)
    assert "DescribeImages" in output[0]
    assert "GetRole" in output[1]
    assert "iam:SimulatePrincipalPolicy" in output[2]


PULL = allow("ecr:*")
CHECKPOINTS = "arn:aws:s3:::checkpoints/digits/*"
WRITE = allow("s3:PutObject", "s3:DeleteObject", resource=["arn:aws:s3:::models/digits/*", CHECKPOINTS])
LIST = allow("s3:ListBucket", Condition={"StringLike": {"s3:prefix": "digits/*"}})
READ = allow("s3:GetObject", resource=["arn:aws:s3:::data/digits/*", CHECKPOINTS])


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ((WRITE, LIST, READ), "No policy allows ecr:GetAuthorizationToken on * to the role"),
        (
            (PULL, LIST, READ),
            "No policy allows s3:PutObject on arn:aws:s3:::checkpoints/digits/digits-1/* to the role",
        ),
        ((PULL, WRITE, READ), "No policy allows s3:ListBucket on arn:aws:s3:::data to the role"),
        ((PULL, WRITE, LIST), "No policy allows s3:GetObject on arn:aws:s3:::data/digits/training/ to the role"),
        (
            (PULL, WRITE, LIST, READ, deny("s3:GetObject", resource="arn:aws:s3:::data/digits/training/*")),
            "A policy denies s3:GetObject on arn:aws:s3:::data/digits/training/ to the role",
        ),
    ],
)
def test_a_right_that_the_role_lacks_refuses_the_job(
    account: None, given: tuple[dict[str, Any], ...], problem: str
) -> None:
    give(PULL, WRITE, LIST, READ)
    assert check() == []
    give(*given)
    assert refusal().problem.startswith(problem)


def test_what_is_not_certain_is_not_checked(account: None) -> None:
    of_vpc = {"StringEquals": {"aws:SourceVpc": "vpc-1"}}
    give(PULL, WRITE, LIST, allow("s3:GetObject", Condition=of_vpc))
    line, _ = check()
    assert line.startswith("Not checked: whether the role")
    assert "s3:GetObject on arn:aws:s3:::data/digits/training/" in line
    give(PULL, WRITE, LIST, READ, deny("s3:*", Condition={"StringNotEquals": {"aws:SourceVpc": "vpc-1"}}))
    assert len(check()) == 7  # all of S3


def test_a_bucket_s_policy_can_allow_what_the_role_s_does_not(account: None) -> None:
    give(PULL, WRITE, LIST, allow("s3:GetObject", resource=CHECKPOINTS))
    grant = allow("s3:GetObject", resource="arn:aws:s3:::data/*") | {"Principal": {"AWS": STACK.role_arn}}
    policy = {"Version": "2012-10-17", "Statement": [grant]}
    aws.client("s3").put_bucket_policy(Bucket="data", Policy=json.dumps(policy))
    (line,) = check()
    assert "s3:GetObject on arn:aws:s3:::data/digits/training/" in line
    grant["Principal"] = {"AWS": STACK.role_arn + "-of-others"}
    aws.client("s3").put_bucket_policy(Bucket="data", Policy=json.dumps(policy))
    assert "No policy allows s3:GetObject" in refusal().problem


def test_what_iam_does_not_simulate_is_not_checked(account: None) -> None:
    spec = parse_job(
        {"instance_type": "ml.m5.xlarge", "channels": {"training": {"source": "data/x"}}}, "jobs/digits.toml"
    )
    request = build_request(TrainingJob("digits", spec, "digits-1", IMAGE, {}, ()), STACK)
    output: list[str] = []
    role_rights.check(request | {"RoleArn": f"{STACK.role_arn}-of-nobody"}, None, output.append)
    (line,) = output
    assert line.startswith(f"Not checked: what the role {STACK.role_arn}-of-nobody may do (IAM does not simulate it: ")


def test_older_answers_of_the_simulation_have_a_result_for_each_resource() -> None:
    one, other = Permission("s3:GetObject", "arn:a"), Permission("s3:GetObject", "arn:b")
    results = [
        {"EvalActionName": "s3:GetObject", "EvalResourceName": "arn:a", "EvalDecision": "allowed"},
        {"EvalActionName": "s3:GetObject", "EvalResourceName": "arn:b", "EvalDecision": "explicitDeny"},
    ]
    assert (simulation.simulated(results, one), simulation.simulated(results, other)) == (
        Verdict.ALLOWED,
        Verdict.DENIED,
    )
    assert simulation.simulated(results, Permission("s3:PutObject", "arn:a")) is Verdict.UNSURE


def test_the_repository_of_an_image() -> None:
    place = Place("aws", "us-east-1", ACCOUNT)
    elsewhere = "210987654321.dkr.ecr.eu-west-1.amazonaws.com/a/b:v1"
    assert preflight.repository_arn(elsewhere, place) == "arn:aws:ecr:eu-west-1:210987654321:repository/a/b"
    local = f"localhost:5000/a/b@sha256:{'0' * 64}"
    assert preflight.repository_arn(local, place) == f"arn:aws:ecr:us-east-1:{ACCOUNT}:repository/a/b"


def test_what_sagemaker_collects_needs_a_bucket_and_a_right(account: None) -> None:
    collected = {"TensorBoardOutputConfig": {"S3OutputPath": "s3://curves/here"}}
    spec = parse_job({"channels": {"training": {"source": "data/x"}}, "request": collected}, "jobs/digits.toml")
    request = build_request(TrainingJob("digits", spec, "digits-1", IMAGE, {}, ()), STACK)
    with pytest.raises(UserError, match="The bucket curves does not exist"):
        preflight.check(request, (), pytest.fail)
    aws.client("s3").create_bucket(Bucket="curves")
    preflight.check(request, (), pytest.fail)
    give(
        allow("s3:*", resource=[f"arn:aws:s3:::{name}*" for name in ("data", "models", "checkpoints")]), allow("ecr:*")
    )
    with pytest.raises(UserError, match=r"No policy allows s3:PutObject on arn:aws:s3:::curves/here/\*"):
        preflight.check(request, (), pytest.fail)
