"""The binding of a saved plan, and the refusal of a plan that does not match it."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from scripts.core.errors import UserError
from scripts.stack import binding, state
from scripts.stack.binding import Binding
from scripts.stack.target import Target
from scripts.stack.terraform import Terraform

PLAN = Path("build/aws-dev/plan/plan.tfplan")
NOW = Binding(
    environment="dev",
    account_id="123456789012",
    region="eu-central-1",
    endpoint="https://s3.eu-central-1.amazonaws.com",
    planned_at=datetime(2026, 11, 23, 12, 0, tzinfo=UTC),
    plan_sha256="a" * 64,
    files={"terraform/main.tf": "b" * 64, "terraform/environments/dev.tfvars": "c" * 64},
)


def test_an_old_plan_is_accepted_if_nothing_has_changed() -> None:
    earlier = NOW.model_copy(update={"planned_at": datetime(2026, 1, 1, tzinfo=UTC)})
    assert binding.refusal(earlier, NOW, PLAN) is None


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"environment": "prod"}, "is a plan for the environment `prod`, not for `dev`"),
        ({"account_id": "999999999999"}, "is a plan for account 999999999999, eu-central-1"),
        ({"region": "eu-north-1"}, "is a plan for account 123456789012, eu-north-1"),
        ({"endpoint": "http://127.0.0.1:40123"}, "is a plan for the cloud at http://127.0.0.1:40123"),
        ({"plan_sha256": "d" * 64}, "is not the plan that was reviewed"),
        ({"files": {**NOW.files, "terraform/main.tf": "d" * 64}}, "Changed since .*: terraform/main.tf."),
        ({"files": {**NOW.files, "terraform/gone.tf": "d" * 64}}, "Changed since .*: terraform/gone.tf."),
        ({"files": {"terraform/main.tf": "b" * 64}}, "Changed since .*: terraform/environments/dev.tfvars."),
    ],
)
def test_a_difference_is_refused_and_named(changed: dict[str, object], words: str) -> None:
    refusal = binding.refusal(NOW.model_copy(update=changed), NOW, PLAN)
    assert refusal is not None
    with pytest.raises(UserError, match=words):
        raise refusal
    assert "make plan" in refusal.fix


@pytest.fixture
def target(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Target:
    """A target with all kinds of files in terraform/."""
    monkeypatch.chdir(tmp_path)
    for name in (
        "main.tf",
        ".terraform.lock.hcl",
        "modules/a/main.tf",
        "modules/a/policy.json",
        "modules/a/README.md",
        "mine.tfplan",
        "errored.tfstate",
        "environments/dev.tfvars",
        "environments/prod.tfvars",
        "tests/a.tftest.hcl",
        "examples/a/main.tf",
        ".terraform/modules/modules.json",
    ):
        file = Path("terraform", name)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(name, encoding="utf-8")
    Path("plan.tfplan").write_bytes(b"PK")
    variables = Path("terraform/environments/dev.tfvars").absolute()
    backend = state.backend("123456789012", "eu-central-1", "dev")
    return Target("make plan", "dev", variables, Terraform("terraform"), "123456789012", "https://s3", backend)


def test_the_binding_lists_exactly_the_files_that_terraform_reads(target: Target) -> None:
    assert set(binding.bind(target, Path("plan.tfplan")).files) == {
        "terraform/main.tf",
        "terraform/.terraform.lock.hcl",
        "terraform/modules/a/main.tf",
        "terraform/modules/a/policy.json",
        "terraform/environments/dev.tfvars",
    }
    Path("review.toml").touch()
    assert "review.toml" in binding.bind(target, Path("plan.tfplan")).files


def test_a_written_binding_is_read_back(target: Target) -> None:
    made = binding.bind(target, Path("plan.tfplan"))
    Path("review.json").write_text(json.dumps({"binding": made.model_dump(mode="json")}), encoding="utf-8")
    assert binding.read(Path("review.json")) == made


@pytest.mark.parametrize("content", [None, "", "[]", "{}", '{"binding": {}}', '{"binding": {"files": 1}}'])
def test_a_review_without_a_binding_is_refused(tmp_path: Path, content: str | None) -> None:
    page = tmp_path / "review.json"
    if content is not None:
        page.write_text(content, encoding="utf-8")
    with pytest.raises(UserError, match=r"review\.json is missing or broken") as caught:
        binding.read(page)
    assert "make plan" in caught.value.fix
