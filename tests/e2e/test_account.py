"""The stack in an account with rules: one that makes all that it can, and people who may do only their part."""

import json
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3
import pytest

from scripts.localcloud import environment
from tests.conftest import Project, clean_environment
from tests.errors.scene import running

pytestmark = pytest.mark.e2e

LOCAL = ("CLOUD=local", "ENV=account")
ALL = """
environment      = "account"
tags             = { CostCenter = "ml" }
role_path        = "/teams/ml/"
role_name_prefix = "ml-"
extra_data_arns  = ["arn:aws:s3:::more/images/*"]
access_logs      = true
create_kms_key   = true
create_network   = true
force_destroy    = true
force_delete     = true
"""


def client(yard: Project, service: str) -> Any:
    """A client of the yard's local cloud."""
    cloud = running(yard)
    session = boto3.Session("local", "local", region_name=cloud.region)
    # boto3's types know each service by its literal name only.
    return session.client(service, endpoint_url=cloud.url)  # type: ignore[call-overload]


def request_of(output: str) -> Any:
    return json.loads(output[output.index("{") :])


def test_a_stack_that_makes_all_is_applied_once_used_and_removed(yard: Project, demo: str) -> None:
    """Half a minute of CPU: two applies and two plans with the real provider."""
    (yard.folder / "terraform/environments/account.tfvars").write_text(ALL)
    yard.make("plan", *LOCAL)
    (review,) = json.loads((yard.folder / "build/local-account/plan/review.json").read_text())["reviews"]
    # force_destroy and force_delete are findings of high severity outside of `local`.
    output = yard.make("infra", *LOCAL, f"APPROVE={review['digest']}")
    assert "53 added, 0 changed, 0 destroyed" in output
    assert "Nothing to change" in yard.make("infra", *LOCAL)

    with yard.start("make", "-s", "train", *LOCAL, "JOB=digits", "DRY_RUN=1") as process:
        printed, _ = process.communicate(timeout=120)
    assert process.returncode == 0, printed
    request = request_of(printed)
    key = request["OutputDataConfig"]["KmsKeyId"]
    assert request["ResourceConfig"]["VolumeKmsKeyId"] == key
    assert {"Key": "CostCenter", "Value": "ml"} in request["Tags"]
    assert len(request["VpcConfig"]["Subnets"]) == 2
    (repository,) = client(yard, "ecr").describe_repositories(repositoryNames=["trainyard-account-trainer"])[
        "repositories"
    ]
    assert repository["encryptionConfiguration"] == {"encryptionType": "KMS", "kmsKey": key}

    assert "53 destroyed" in yard.make("destroy", *LOCAL, "CONFIRM=account")
    buckets = [bucket["Name"] for bucket in client(yard, "s3").list_buckets()["Buckets"]]
    assert [name for name in buckets if name.startswith("trainyard-account-")] == []
    vpcs = client(yard, "ec2").describe_vpcs(Filters=[{"Name": "tag:Environment", "Values": ["account"]}])["Vpcs"]
    assert vpcs == []


@contextmanager
def policies(yard: Project) -> Iterator[dict[str, str]]:
    """The policies of terraform/examples/people for the yard's stack: their ARNs."""
    folder, data = yard.folder / "terraform/examples/people", yard.folder / "build/people"
    variables = environment(running(yard), {**clean_environment(), "ENV_TEXT": "local"})
    variables |= {"TF_DATA_DIR": str(data / "data"), "CHECKPOINT_DISABLE": "1"}
    mirror = yard.folder / "build/local-local/terraform.rc"
    if mirror.exists():
        variables["TF_CLI_CONFIG_FILE"] = str(mirror)

    def terraform(command: str, *flags: str) -> str:
        ended = subprocess.run(
            ["terraform", command, *flags], cwd=folder, env=variables, capture_output=True, text=True, check=False
        )
        assert ended.returncode == 0, ended.stderr
        return ended.stdout

    state = f"-state={data / 'terraform.tfstate'}"
    terraform("init", "-input=false")
    terraform("apply", "-auto-approve", "-input=false", state, "-var=environment=local")
    yield {name: one["value"] for name, one in json.loads(terraform("output", "-json", state)).items()}
    shutil.rmtree(data)


def typed_as(yard: Project, name: str, policy: str) -> dict[str, str]:
    """The environment of a new IAM user with this policy and no other right."""
    iam = client(yard, "iam")
    iam.create_user(UserName=name)
    iam.attach_user_policy(UserName=name, PolicyArn=policy)
    key = iam.create_access_key(UserName=name)["AccessKey"]
    variables = environment(running(yard), {**clean_environment(), "ENV_TEXT": "local"})
    return {**variables, "AWS_ACCESS_KEY_ID": key["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"]}


def test_people_with_the_rights_for_their_part_do_it_and_nothing_else(yard: Project, demo: str, tmp_path: Path) -> None:
    """Half a minute: an apply, two plans with the real provider, and a job that starts TensorFlow."""
    as_typed = ("-s", "VERB=.venv/bin/python -m", "CLOUD=local")  # CLOUD=local alone would be the account's root
    plan = yard.folder / "build/local-local/plan"
    shutil.copytree(plan, tmp_path / "plan")  # other tests read what the demo left there
    with policies(yard) as arns:
        ada = typed_as(yard, "ada", arns["train_policy_arn"])
        output = yard.make(*as_typed, "train", "JOB=digits", "HP=epochs=1", "YES=1", env=ada)
        assert "Completed" in output
        assert "Not checked" not in output
        output = yard.make(*as_typed, "plan", env=ada, code=2)
        assert "not authorized to perform" in output

        grace = typed_as(yard, "grace", arns["build_policy_arn"])
        assert "Nothing to change" in yard.make(*as_typed, "plan", env=grace)
        output = yard.make(*as_typed, "train", "JOB=digits", "YES=1", env=grace, code=2)
        assert "Error: " in output
    shutil.rmtree(plan)
    shutil.move(tmp_path / "plan", plan)
