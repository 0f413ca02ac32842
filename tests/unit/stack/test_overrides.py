"""Variables that would change what Terraform does are refused by name; those that do not, pass."""

from pathlib import Path

import pytest

from scripts.core.errors import UserError
from scripts.stack import show
from scripts.stack.overrides import refusal
from scripts.stack.terraform import terraform

PROJECT = Path("/home/ada/trainyard")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TF_WORKSPACE", "other"),
        ("TF_WORKSPACE", "default"),
        ("TF_VAR_project", "other"),
        ("TF_VAR_project", ""),
        ("TF_CLI_ARGS", "-lock=false"),
        ("TF_CLI_ARGS_plan", "-target=module.registry"),
        ("TF_CLI_ARGS_apply", "-parallelism=1"),
        ("TF_REATTACH_PROVIDERS", "{}"),
        ("TF_DATA_DIR", ".terraform"),
        ("TF_DATA_DIR", "/tmp/elsewhere/terraform"),
        ("TF_DATA_DIR", f"{PROJECT}/build/terraform"),
        ("TF_DATA_DIR", f"{PROJECT}/build/../build/aws-dev/terraform"),
    ],
)
def test_a_variable_that_changes_the_plan_is_refused_by_name(name: str, value: str) -> None:
    found = refusal({"HOME": "/home/ada", name: value}, PROJECT)
    assert found is not None
    assert found.problem.startswith(f"{name} is set")
    assert f"`unset {name}`" in found.fix


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TF_CLI_CONFIG_FILE", "/home/ada/own.tfrc"),
        ("TF_PLUGIN_CACHE_DIR", "/home/ada/plugins"),
        ("TF_TOKEN_app_terraform_io", "secret"),
        ("TF_LOG", "trace"),
        ("TF_LOG_PATH", "/tmp/log"),
        ("TF_IN_AUTOMATION", "1"),
        ("TF_WORKSPACE", ""),
        ("TF_CLI_ARGS", ""),
        ("TF_DATA_DIR", ""),
        ("TF_DATA_DIR", f"{PROJECT}/build/local-local/terraform"),
    ],
)
def test_other_variables_pass(name: str, value: str) -> None:
    assert refusal({name: value}, PROJECT) is None


def test_all_are_named_at_once() -> None:
    found = refusal({"TF_VAR_a": "1", "TF_WORKSPACE": "x", "TF_CLI_ARGS": "y"}, PROJECT)
    assert found is not None
    assert found.problem.startswith("TF_CLI_ARGS, TF_VAR_a and TF_WORKSPACE are set")
    assert "`unset TF_CLI_ARGS TF_VAR_a TF_WORKSPACE`" in found.fix


def test_nothing_of_terraform_starts_then(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TF_VAR_project", "other")
    monkeypatch.setenv("PATH", str(tmp_path))  # without Terraform
    for start in (lambda: terraform(tmp_path / "terraform"), lambda: show.plan_json(tmp_path / "plan.tfplan")):
        with pytest.raises(UserError, match="TF_VAR_project is set"):
            start()
