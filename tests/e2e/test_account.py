"""The stack in an account with rules: one that makes all that it can, and one that is given all."""

import json
import re
import shutil
from collections.abc import Iterator, Mapping
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from scripts.localcloud import environment
from tests.background import BACKGROUND
from tests.conftest import Project, clean_environment, missing
from tests.errors.scene import running
from tests.roots import Root

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]  # the provider waits for S3 and KMS, several times

JOB = 'program = "count.py"\ninstance_type = "ml.m5.large"\n[channels.training]\nsource = "data/small"\n'
PROGRAM = """
import os, pathlib
found = sorted(path.read_text() for path in pathlib.Path(os.environ["SM_CHANNEL_TRAINING"]).iterdir())
pathlib.Path(os.environ["SM_MODEL_DIR"], "found.txt").write_text(" ".join(found))
"""


@pytest.fixture
def account() -> Iterator[Project]:
    """A copy of the project with a local cloud in which nothing was created, and with a small job."""
    if not shutil.which("terraform"):
        missing("terraform is not on PATH")
    prepared = BACKGROUND.prepare("account", Project, [("cloud-up",)])
    prepared.wait()
    folder = prepared.project.folder
    (folder / "jobs/small.toml").write_text(JOB)
    (folder / "trainer/count.py").write_text(PROGRAM)
    (folder / "data/small").mkdir(parents=True)
    (folder / "data/small/first.txt").write_text("first")
    yield prepared.project
    BACKGROUND.stop("account")


def client(account: Project, service: str, keys: tuple[str, str] = ("local", "local")) -> Any:
    """A client of the local cloud, with the rights of the keys' user; by default, of its root."""
    cloud = running(account)
    session = boto3.Session(*keys, region_name=cloud.region)
    # boto3's types know each service by its literal name only.
    return session.client(service, endpoint_url=cloud.url)  # type: ignore[call-overload]


def root_of(account: Project, folder: str) -> Root:
    """Another root of the project, which the account's root applies."""
    variables = environment(running(account), {**clean_environment(), "ENV_TEXT": "root"})
    return Root(account.folder / folder, account.folder / "build" / folder.replace("/", "-"), variables)


def typed_as(account: Project, stack: str, name: str, *policies: str) -> dict[str, str]:
    """The variables of a new IAM user with these policies and no other right, for a stack."""
    iam = client(account, "iam")
    iam.create_user(UserName=name)
    for policy in policies:
        iam.attach_user_policy(UserName=name, PolicyArn=policy)
    key = iam.create_access_key(UserName=name)["AccessKey"]
    variables = environment(running(account), {**clean_environment(), "ENV_TEXT": stack})
    return {**variables, "AWS_ACCESS_KEY_ID": key["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"]}


def variables(account: Project, name: str, values: Mapping[str, Any]) -> None:
    """Write an environment's variables."""
    lines = (f"{key} = {json.dumps(value)}\n" for key, value in {"environment": name, **values}.items())
    (account.folder / f"terraform/environments/{name}.tfvars").write_text("".join(lines))


def run_of(output: str) -> str:
    found = re.search(r"^Run: (small-\S+)$", output, re.MULTILINE)
    assert found, output
    return found[1]


def model_of(account: Project, run: str) -> str:
    return (account.folder / f"runs/{run}/model/found.txt").read_text()


MADE: dict[str, Any] = {
    "tags": {"CostCenter": "ml"},
    "role_path": "/teams/ml/",
    "role_name_prefix": "ml-",
    "extra_data_arns": ["arn:aws:s3:::more/images/*"],
    "access_logs": True,
    "create_network": True,
    "manage_log_group": True,
}
BOUNDARY = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Action": [f"{service}:*" for service in ("cloudwatch", "ec2", "ecr", "kms", "logs", "s3")],
            "Resource": "*",
        }
    ],
}


def created_policy(account: Project, name: str, document: Mapping[str, Any]) -> str:
    """The ARN of a new IAM policy."""
    iam = client(account, "iam")
    return str(iam.create_policy(PolicyName=name, PolicyDocument=json.dumps(document))["Policy"]["Arn"])


def emptied(account: Project, prefix: str) -> None:
    """Stop access logs and delete all objects of some buckets, with all versions: who builds the stack may not."""
    s3 = client(account, "s3")
    buckets = [one["Name"] for one in s3.list_buckets()["Buckets"] if one["Name"].startswith(prefix)]
    for bucket in buckets:
        s3.put_bucket_logging(Bucket=bucket, BucketLoggingStatus={})
    for bucket in buckets:
        found = s3.list_object_versions(Bucket=bucket)
        for one in found.get("Versions", []) + found.get("DeleteMarkers", []):
            s3.delete_object(Bucket=bucket, Key=one["Key"], VersionId=one["VersionId"])


def test_a_stack_that_makes_all_gets_a_key_later_and_people_do_only_their_part(account: Project) -> None:
    """A minute: two applies with the real provider, and two jobs."""
    boundary = {"permissions_boundary_arn": created_policy(account, "boundary", BOUNDARY)}
    names = {name: MADE[name] for name in ("role_path", "role_name_prefix", "create_network", "manage_log_group")}
    arns = root_of(account, "terraform/examples/people").apply(
        environment="account", create_kms_key=True, **boundary, **names
    )
    ada = typed_as(account, "account", "ada", arns["train_policy_arn"])
    grace = typed_as(account, "account", "grace", arns["build_policy_arn"], arns["build_options_policy_arn"])
    typed = ("-s", "VERB=.venv/bin/python -m", "CLOUD=local", "ENV=account")  # CLOUD=local alone would be root

    variables(account, "account", {**MADE, **boundary})
    assert "52 added, 0 changed, 0 destroyed" in account.make("infra", *typed, "YES=1", env=grace)
    before = run_of(account.make("train", *typed, "JOB=small", "YES=1", env=ada))
    assert model_of(account, before) == "first"
    (repository,) = client(account, "ecr").describe_repositories()["repositories"]

    variables(account, "account", {**MADE, **boundary, "create_kms_key": True})
    assert "2 added, 3 changed, 0 destroyed" in account.make("infra", *typed, "YES=1", env=grace)
    assert "Nothing to change" in account.make("infra", *typed, env=grace)
    assert client(account, "ecr").describe_repositories()["repositories"] == [repository]
    (account.folder / "data/small/second.txt").write_text("second")
    after = run_of(account.make("train", *typed, "JOB=small", "YES=1", env=ada))
    assert model_of(account, after) == "first second"
    shutil.rmtree(account.folder / f"runs/{before}/model")
    account.make("model", *typed, f"RUN={before}", env=ada)
    assert model_of(account, before) == "first"

    job = client(account, "sagemaker").describe_training_job(TrainingJobName=after)
    key = job["OutputDataConfig"]["KmsKeyId"]
    assert job["ResourceConfig"]["VolumeKmsKeyId"] == key
    assert len(job["VpcConfig"]["Subnets"]) == 2
    assert [key_of(account, job, name) for name in ("first.txt", "second.txt")] == [None, key]

    iam = client(account, "iam", (ada["AWS_ACCESS_KEY_ID"], ada["AWS_SECRET_ACCESS_KEY"]))
    with pytest.raises(ClientError, match="not authorized to perform: iam:PutRolePolicy"):
        iam.put_role_policy(RoleName=job["RoleArn"].split("/")[-1], PolicyName="more", PolicyDocument="{}")
    assert "Error: " in account.make("train", *typed, "JOB=small", "YES=1", env=grace, code=2)

    emptied(account, "trainyard-account-")
    assert "51 destroyed" in account.make("destroy", *typed, "CONFIRM=account", env=grace)
    nothing_is_left(account, key)


def key_of(account: Project, job: Mapping[str, Any], name: str) -> str | None:
    """The KMS key of an object of a job's first channel."""
    address = job["InputDataConfig"][0]["DataSource"]["S3DataSource"]["S3Uri"]
    bucket, prefix = address.removeprefix("s3://").split("/", 1)
    head = client(account, "s3").head_object(Bucket=bucket, Key=f"{prefix}{name}")
    return str(head["SSEKMSKeyId"]) if "SSEKMSKeyId" in head else None


def nothing_is_left(account: Project, key: str) -> None:
    """Of a stack that made all, only the state bucket is left, and for 30 days its key."""
    left = [one["Name"] for one in client(account, "s3").list_buckets()["Buckets"]]
    assert [name for name in left if not name.startswith("trainyard-tfstate-")] == []
    ours = [{"Name": "tag:Project", "Values": ["trainyard"]}]
    assert client(account, "ec2").describe_vpcs(Filters=ours)["Vpcs"] == []
    assert client(account, "ecr").describe_repositories()["repositories"] == []
    assert client(account, "iam").list_roles()["Roles"] == []
    assert client(account, "kms").describe_key(KeyId=key)["KeyMetadata"]["KeyState"] == "PendingDeletion"


GIVEN: dict[str, list[tuple[str, dict[str, str]]]] = {
    "s3": [
        (operation, {"Bucket": f"platform-{purpose}"})
        for purpose in ("data", "models", "checkpoints")
        for operation in (
            *("list_object_versions", "get_bucket_versioning", "get_bucket_encryption", "get_bucket_tagging"),
            *(
                "get_public_access_block",
                "get_bucket_policy",
                "get_bucket_logging",
                "get_bucket_lifecycle_configuration",
            ),
        )
    ],
    "ecr": [
        ("describe_repositories", {}),
        *((name, {"repositoryName": "platform/training"}) for name in ("list_images", "get_lifecycle_policy")),
    ],
    "ec2": [(f"describe_{kind}", {}) for kind in ("vpcs", "subnets", "security_groups", "network_interfaces")],
    "kms": [
        (name, {"KeyId": "{key}"})
        for name in ("describe_key", "get_key_rotation_status", "list_grants", "list_resource_tags")
    ]
    + [("get_key_policy", {"KeyId": "{key}", "PolicyName": "default"})],
    "iam": [
        ("get_role", {"RoleName": "ml-training"}),
        ("list_attached_role_policies", {"RoleName": "ml-training"}),
        *(
            ("get_role_policy", {"RoleName": "ml-training", "PolicyName": name})
            for name in ("training", "key", "network")
        ),
    ],
}
"""What AWS says about everything that the stack is given."""


def answers(account: Project, key: str) -> dict[str, Any]:
    """AWS's answer to each question of GIVEN."""
    found = {}
    for service, questions in GIVEN.items():
        asked = client(account, service)
        for operation, parameters in questions:
            named = {name: value.replace("{key}", key) for name, value in parameters.items()}
            try:
                answer = getattr(asked, operation)(**named)
            except asked.exceptions.ClientError as error:  # such as a bucket without a policy
                answer = error.response
            for time in ("ResponseMetadata", "lastEvaluatedAt"):  # of the question, not of what it is about
                answer.pop(time, None)
            answer.get("Role", {}).pop("RoleLastUsed", None)  # by a job
            found[f"{service} {operation} {named}"] = answer
    return found


def demanded(tag: str) -> dict[str, Any]:
    """The policy of an account where each training job must have a tag."""
    return {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Action": "*", "Resource": "*"},
            {
                "Effect": "Deny",
                "Action": "sagemaker:CreateTrainingJob",
                "Resource": "*",
                "Condition": {"Null": {f"aws:RequestTag/{tag}": "true"}},
            },
        ],
    }


def test_a_stack_that_is_given_all_uses_it_and_leaves_it_as_it_was(account: Project) -> None:
    """Half a minute: applies of another root and of the stack with the real provider, and a small job."""
    outputs = root_of(account, "tests/e2e/given").apply()
    key = outputs["kms_key_arn"]
    made = answers(account, key)
    ida = typed_as(account, "given", "ida", created_policy(account, "tag-of-the-stack", demanded("CostCenter")))
    leo = typed_as(account, "given", "leo", created_policy(account, "another-tag", demanded("Owner")))
    typed = ("-s", "VERB=.venv/bin/python -m", "CLOUD=local", "ENV=given")

    variables(account, "given", {**outputs, "tags": {"CostCenter": "ml"}})
    output = account.make("infra", *typed, "YES=1", env=ida)
    assert "0 added, 0 changed, 0 destroyed" in output
    note = "Note: the bucket platform-{}, which the stack was given, {}."
    assert (
        note.format("data", "keeps no versions, does not block public access and accepts requests without TLS")
        in output
    )
    assert note.format("checkpoints", "accepts requests without TLS") in output
    assert "platform-models, which" not in output
    assert "Nothing to change" in account.make("infra", *typed, env=ida)

    output = account.make("train", *typed, "JOB=small", "YES=1", env=leo, code=2)
    assert "sagemaker:CreateTrainingJob" in output

    output = account.make("train", *typed, "JOB=small", "YES=1", env=ida)
    run = run_of(output)
    assert model_of(account, run).startswith("first")
    job = client(account, "sagemaker").describe_training_job(TrainingJobName=run)
    assert job["RoleArn"] == outputs["existing_role_arn"]
    assert job["VpcConfig"] == {
        "Subnets": outputs["subnet_ids"],
        "SecurityGroupIds": outputs["security_group_ids"],
    }
    assert job["OutputDataConfig"]["KmsKeyId"] == job["ResourceConfig"]["VolumeKmsKeyId"] == outputs["kms_key_arn"]
    assert job["ModelArtifacts"]["S3ModelArtifacts"].startswith("s3://platform-models/")

    before = answers(account, key)
    assert settings(before) == settings(made)
    account.make("destroy", *typed, "CONFIRM=given", env=ida)
    assert answers(account, key) == before


def settings(found: Mapping[str, Any]) -> dict[str, Any]:
    """Of AWS's answers, those that no job changes."""
    return {question: answer for question, answer in found.items() if "list_object_versions" not in question}
