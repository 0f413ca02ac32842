"""Environments: their files in terraform/environments/, their folders under build/."""

import stat
from pathlib import Path

import pytest

from scripts.core.errors import UserError
from scripts.stack import environments
from tests.conftest import ROOT

FILES = sorted((ROOT / "terraform/environments").glob("*.tfvars"))


@pytest.fixture(autouse=True)
def _in_a_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "terraform").mkdir()
    (tmp_path / "terraform/environments").symlink_to(ROOT / "terraform/environments")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("TF_DATA_DIR", raising=False)


def settings(file: Path) -> dict[str, str]:
    lines = [line for line in file.read_text(encoding="utf-8").splitlines() if "=" in line and line[0] != "#"]
    return {name.strip(): value.strip() for name, value in (line.split("=", 1) for line in lines)}


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_each_file_has_the_name_of_its_environment(file: Path) -> None:
    assert settings(file)["environment"] == f'"{file.stem}"'


def test_only_local_deletes_buckets_and_repositories_that_are_not_empty() -> None:
    unprotected = {file.stem for file in FILES if {"force_destroy", "force_delete"} & set(settings(file))}
    assert unprotected == {"local"}


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_no_file_sets_the_region(file: Path) -> None:
    assert "region" not in settings(file)


def test_a_known_environment_has_its_file() -> None:
    assert environments.variables_file("dev") == Path("terraform/environments/dev.tfvars").absolute()


@pytest.mark.parametrize("name", ["foo", "", "../dev", "dev.tfvars"])
def test_an_unknown_environment_is_refused_with_the_known_names(name: str) -> None:
    with pytest.raises(UserError) as caught:
        environments.variables_file(name)
    assert f"no environment `{name}`" in caught.value.problem
    assert "dev, local" in caught.value.fix


def test_a_typing_error_gets_a_suggestion() -> None:
    with pytest.raises(UserError, match="Did you mean `local`"):
        environments.variables_file("locl")


def test_each_environment_has_its_own_absolute_data_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert environments.data_dir("dev") == tmp_path / "build/aws-dev/terraform"
    monkeypatch.setenv("TF_DATA_DIR", "elsewhere/terraform")
    assert environments.data_dir("dev") == tmp_path / "elsewhere/terraform"
    assert environments.build_folder("dev") == tmp_path / "elsewhere"


def test_only_the_user_may_open_saved_plans(tmp_path: Path) -> None:
    (tmp_path / "build/aws-dev/plan").mkdir(parents=True, mode=0o755)
    folder = environments.plan_folder("dev")
    assert folder == Path("build/aws-dev/plan")  # the short path that messages print
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert environments.plan_folder("dev", "destroy") == Path("build/aws-dev/destroy")


def test_a_plan_outside_the_project_has_its_full_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    elsewhere = tmp_path.parent / f"{tmp_path.name}-elsewhere"
    monkeypatch.setenv("TF_DATA_DIR", str(elsewhere / "terraform"))
    assert environments.plan_folder("dev") == elsewhere / "plan"
