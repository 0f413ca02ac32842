"""Which provider mirror is used, and when no mirror is used."""

import shutil
import subprocess
from pathlib import Path

import pytest

from scripts.core.errors import UserError
from scripts.stack import mirror
from tests.conftest import ROOT, missing

AWS = "registry.terraform.io/hashicorp/aws"
PROVIDERS = {AWS: "5.100.0"}
LINUX = "linux_amd64"


def unpacked(folder: Path, version: str = "5.100.0", platform: str = LINUX) -> Path:
    (folder / AWS / version / platform).mkdir(parents=True)
    return folder


def packed(folder: Path) -> Path:
    (folder / AWS).mkdir(parents=True)
    (folder / AWS / f"terraform-provider-aws_5.100.0_{LINUX}.zip").touch()
    return folder


def find(tmp_path: Path, **environment: str) -> Path | None:
    settings = {"XDG_DATA_DIRS": str(tmp_path / "share"), **environment}
    return mirror.find_mirror(PROVIDERS, LINUX, settings, tmp_path / "home", (tmp_path / "opt",))


def test_the_projects_lock_file_is_read() -> None:
    text = (ROOT / "terraform/.terraform.lock.hcl").read_text(encoding="utf-8")
    assert mirror.locked_providers(text) == PROVIDERS


def test_a_lock_file_of_several_providers_is_read() -> None:
    text = """
provider "example.com/acme/one" {
  version = "1.2.3"
  hashes = ["h1:x="]
}

provider "example.com/acme/two" {
  version     = "0.1.0-beta1"
  constraints = ">= 0.1.0"
}
"""
    assert mirror.locked_providers(text) == {"example.com/acme/one": "1.2.3", "example.com/acme/two": "0.1.0-beta1"}


def test_without_a_mirror_terraform_uses_its_registry(tmp_path: Path) -> None:
    assert find(tmp_path) is None


@pytest.mark.parametrize("make", [unpacked, packed])
@pytest.mark.parametrize(
    "place", ["home/.terraform.d/plugins", "home/.local/share/terraform/plugins", "share/terraform/plugins", "opt/any"]
)
def test_a_mirror_in_a_usual_place_is_found(tmp_path: Path, make: object, place: str) -> None:
    assert callable(make)
    assert find(tmp_path) is None
    make(tmp_path / place)
    assert find(tmp_path) == tmp_path / place


def test_a_mirror_in_xdg_data_home_is_found(tmp_path: Path) -> None:
    unpacked(tmp_path / "xdg/terraform/plugins")
    assert find(tmp_path, XDG_DATA_HOME=str(tmp_path / "xdg")) == tmp_path / "xdg/terraform/plugins"


@pytest.mark.parametrize(("version", "platform"), [("5.99.1", LINUX), ("5.100.0", "darwin_arm64")])
def test_a_mirror_of_another_version_or_platform_is_skipped(tmp_path: Path, version: str, platform: str) -> None:
    unpacked(tmp_path / "opt/a", version, platform)
    assert find(tmp_path) is None
    unpacked(tmp_path / "opt/b")
    assert find(tmp_path) == tmp_path / "opt/b"


def test_a_mirror_that_lacks_one_of_two_providers_is_skipped(tmp_path: Path) -> None:
    folder = unpacked(tmp_path)
    assert mirror.holds(folder, PROVIDERS, LINUX)
    assert not mirror.holds(folder, {**PROVIDERS, "registry.terraform.io/hashicorp/random": "3.0.0"}, LINUX)


def test_the_named_mirror_is_used_before_all_others(tmp_path: Path) -> None:
    unpacked(tmp_path / "opt/a")
    named = packed(tmp_path / "named")
    assert find(tmp_path, TRAINYARD_PROVIDER_MIRROR=str(named)) == named


def test_a_named_mirror_that_lacks_a_provider_is_an_error(tmp_path: Path) -> None:
    unpacked(tmp_path / "opt/a")
    with pytest.raises(UserError, match=r"named, which does not hold .*hashicorp/aws 5\.100\.0 for linux_amd64"):
        find(tmp_path, TRAINYARD_PROVIDER_MIRROR=str(tmp_path / "named"))


def test_a_configuration_of_the_user_takes_precedence(tmp_path: Path) -> None:
    unpacked(tmp_path / "opt/a")
    config = tmp_path / "home/.terraformrc"
    config.parent.mkdir()
    config.touch()
    assert find(tmp_path) is None
    other = tmp_path / "other.tfrc"
    assert find(tmp_path, TF_CLI_CONFIG_FILE=str(other)) == tmp_path / "opt/a", "named, but not there"
    other.touch()
    assert find(tmp_path, TF_CLI_CONFIG_FILE=str(other)) is None


def test_terraform_reads_the_written_configuration(tmp_path: Path) -> None:
    """The path of this empty mirror needs quoting: Terraform searches it and reports the missing provider."""
    terraform = shutil.which("terraform")
    if not terraform:
        missing("terraform is not on PATH")
        return
    folder = tmp_path / 'with "quotes" and spaces'
    folder.mkdir()
    config = tmp_path / "terraform.rc"
    config.write_text(mirror.config_text(folder), encoding="utf-8")
    (tmp_path / "main.tf").write_text(
        'terraform {\n  required_providers {\n    aws = { source = "hashicorp/aws" }\n  }\n}\n', encoding="utf-8"
    )
    ended = subprocess.run(
        [terraform, "init", "-no-color"],
        cwd=tmp_path,
        env={"PATH": "/usr/bin:/bin", "TF_CLI_CONFIG_FILE": str(config), "CHECKPOINT_DISABLE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 1
    words = " ".join(ended.stderr.replace("│", " ").split())
    assert "was not found in any of the search locations" in words
    assert 'with "quotes" and spaces' in words
