"""The variables of terraform/, as Terraform evaluates them: their defaults, and the values that it refuses."""

import shutil
from pathlib import Path

import pytest

from scripts.core.errors import UserError
from scripts.stack import variables
from scripts.stack.terraform import Terraform
from tests.conftest import ROOT, missing

ROLE = "arn:aws:iam::111122223333:role/training"
KEY = "arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"


@pytest.fixture
def runner(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Terraform:
    """Terraform in a copy of the project's variables. It needs no provider for them."""
    if not shutil.which("terraform"):
        missing("terraform is not on PATH")
    (tmp_path / "terraform/environments").mkdir(parents=True)
    for file in (ROOT / "terraform").glob(variables.DECLARATIONS):
        shutil.copy(file, tmp_path / "terraform")
    for file in (ROOT / "terraform/environments").iterdir():
        shutil.copy(file, tmp_path / "terraform/environments")
    monkeypatch.chdir(tmp_path)
    return Terraform("terraform", {"CHECKPOINT_DISABLE": "1", "TF_CLI_CONFIG_FILE": None})


@pytest.mark.parametrize("environment", ["dev", "local", "prod"])
def test_the_environments_of_this_repository_are_accepted(runner: Terraform, environment: str) -> None:
    values = variables.read(runner, environment)
    assert values["environment"] == environment
    assert values["protect"] is (environment == "prod")
    assert values["force_destroy"] is (environment == "local")


def test_the_files_of_the_variables_declare_nothing_else() -> None:
    declared = {
        line.split()[0]
        for file in (ROOT / "terraform").glob(variables.DECLARATIONS)
        for line in file.read_text(encoding="utf-8").splitlines()
        if line[:1].isalpha()
    }
    assert declared == {"variable"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('project = "My_Project"', "project must start with a lower-case letter"),
        ('project = "abcdefghijklmnopqrst"', "at most 22 characters together"),
        ('existing_role_arn = "training"', "existing_role_arn must be the ARN of an IAM role"),
        (f'existing_role_arn = "{ROLE}"\nrole_path = "/ml/"', "a role that the stack does not change"),
        (f'existing_role_arn = "{ROLE}"\nextra_data_arns = ["arn:aws:s3:::more"]', "a role that the stack does not"),
        (f'permissions_boundary_arn = "{ROLE}"', "permissions_boundary_arn must be the ARN of an IAM policy"),
        ('role_path = "ml"', "role_path must begin and end with a slash"),
        ('role_path = "/ml//"', "role_path must begin and end with a slash"),
        ('role_name_prefix = "ml/"', "role_name_prefix may contain only"),
        ('role_name_prefix = "fifteen-letters"', "at most 26 characters together"),
        ('extra_data_arns = ["s3://more"]', "extra_data_arns may have"),
        ('extra_data_arns = ["arn:aws:s3:::more/prefix"]', "extra_data_arns may have"),
        ('extra_data_arns = ["arn:aws:s3:::more/*/x/*"]', "extra_data_arns may have"),
        ('extra_data_arns = ["arn:aws:s3:::*"]', "extra_data_arns may have"),
        ('extra_repository_arns = ["arn:aws:ecr:us-east-1:1:repository/x"]', "extra_repository_arns may have"),
        ('extra_repository_arns = ["arn:aws:ecr:us-east-1:111122223333:repository/*"]', "extra_repository_arns may"),
        (f'extra_policy_arns = ["{ROLE}"]', "extra_policy_arns may have"),
        ('tags = { environment = "x" }', "tags must not contain Project, Environment"),
        ('tags = { "aws:x" = "x" }', "A key must not begin with aws:"),
        ('tags = { Owner = "a|b" }', "tags may have at most 20 entries"),
        ('tags = { Owner = "a", owner = "b" }', "no two keys may differ only in case"),
        ("old_version_days = 0", "old_version_days must be a whole number of at least 1"),
        ("checkpoint_days = 1.5", "checkpoint_days must be a whole number of at least 1"),
        ("kept_images = 0", "kept_images must be a whole number of at least 1"),
        ('kms_key_arn = "alias/mine"', "kms_key_arn must be the ARN of a KMS key"),
        ('kms_key_arn = "arn:aws:kms:us-east-1:111122223333:alias/mine"', "kms_key_arn must be the ARN of a KMS key"),
        (f'create_kms_key = true\nkms_key_arn = "{KEY}"', "create_kms_key = true creates a key"),
        ('key_administrator_arns = ["arn:aws:iam::111122223333:root"]', "key_administrator_arns may have at most 20"),
        ('subnet_ids = ["vpc-0a"]\nsecurity_group_ids = ["sg-0a"]', "subnet_ids may have at most 16 entries"),
        ('subnet_ids = ["subnet-0a"]', "subnet_ids and security_group_ids belong together"),
        ('subnet_ids = ["subnet-0a"]\nsecurity_group_ids = ["default"]', "security_group_ids may have at most 5"),
        (
            'access_logs = true\nexisting_buckets = { data = "aaa", models = "bbb", checkpoints = "ccc" }',
            "access_logs = true logs the buckets that the stack creates",
        ),
        ('vpc_id = "the-vpc"', "vpc_id must be the ID of a VPC"),
        ('vpc_id = "vpc-0a"', "vpc_id says where subnet_ids and security_group_ids must be"),
        (
            'create_network = true\nsubnet_ids = ["subnet-0a"]\nsecurity_group_ids = ["sg-0a"]',
            "create_network = true creates subnets",
        ),
        ('network_cidr_block = "10.0.0.0/28"', "network_cidr_block must have a prefix of 16 to 24 bits"),
        ('existing_buckets = { logs = "mine" }', "existing_buckets may have the keys data, models and checkpoints"),
        ('existing_buckets = { data = "arn:aws:s3:::mine" }', "Each value must be the name of a bucket"),
        ('existing_buckets = { data = "mine", models = "mine" }', "existing_buckets must name three different buckets"),
        ('existing_repository_arn = "mine"', "existing_repository_arn must be the ARN of a repository"),
        ("access_log_days = 0", "access_log_days must be a whole number of at least 1"),
        ("protect = true\nforce_destroy = true", "protect = true refuses to delete"),
    ],
)
def test_a_value_that_does_not_work_is_refused_with_its_own_message(
    runner: Terraform, text: str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("terraform/environments/dev.tfvars").write_text(f'environment = "dev"\n{text}\n', encoding="utf-8")
    with pytest.raises(UserError, match="Terraform refuses a variable of `dev`"):
        variables.read(runner, "dev")
    assert message in " ".join(capsys.readouterr().err.split())
    assert not list(Path("build/aws-dev").iterdir())


def test_an_environment_that_s3_does_not_allow_in_names_is_refused(
    runner: Terraform, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("terraform/environments/dev--.tfvars").touch()
    with pytest.raises(UserError, match="Terraform refuses a variable of `dev--`"):
        variables.read(runner, "dev--")
    assert "environment must start with a lower-case letter" in " ".join(capsys.readouterr().err.split())


def test_values_are_those_of_the_file_and_the_defaults(runner: Terraform) -> None:
    more = ["arn:aws:s3:::more", "arn:aws:s3:::other/some prefix/*"]
    Path("terraform/environments/dev.tfvars").write_text(
        f'environment = "dev"\ntags = {{ "Kostenstelle" = "Ü 1" }}\nextra_data_arns = ["{more[0]}", "{more[1]}"]\n',
        encoding="utf-8",
    )
    values = variables.read(runner, "dev")
    assert values["tags"] == {"Kostenstelle": "Ü 1"}
    assert values["extra_data_arns"] == more
    assert (values["old_version_days"], values["checkpoint_days"], values["kept_images"]) == (90, 30, 50)
    assert values["existing_role_arn"] is None
