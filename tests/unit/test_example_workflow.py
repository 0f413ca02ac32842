"""The workflow that users copy: what runs a pull request's code can write nothing, and a fork gets nothing."""

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from tests.conftest import ROOT

FILE = ROOT / "docs/examples/terraform-review.yml"
ANY_REPOSITORY = ROOT / "docs/examples/plan-review.yml"
SCHEMA = [str(ROOT / ".venv/bin/check-jsonschema"), "--builtin-schema", "vendor.github-workflows"]


@pytest.fixture(scope="module")
def workflow() -> dict[str, Any]:
    loaded: dict[str, Any] = YAML(typ="safe").load(FILE)
    return loaded


def test_it_is_triggered_without_the_base_s_secrets(workflow: dict[str, Any]) -> None:
    assert workflow["on"].keys() == {"pull_request"}
    assert workflow["permissions"] == {}


def test_what_runs_the_pull_request_can_write_nothing(workflow: dict[str, Any]) -> None:
    plan = workflow["jobs"]["plan"]
    assert plan["permissions"] == {"contents": "read", "id-token": "write"}
    assert plan["if"] == "github.event.pull_request.head.repo.full_name == github.repository"
    assert plan["steps"][0]["with"]["persist-credentials"] is False


def test_what_can_write_runs_nothing_of_the_pull_request(workflow: dict[str, Any]) -> None:
    comment = workflow["jobs"]["comment"]
    assert comment["permissions"] == {"contents": "read", "pull-requests": "write"}
    checkout, action = comment["steps"]
    assert checkout["with"]["ref"] == "${{ github.event.pull_request.base.sha }}"
    assert action["uses"] == "./actions/comment"
    inputs = YAML(typ="safe").load(ROOT / "actions/comment/action.yml")["inputs"]
    assert action["with"].keys() <= inputs.keys()
    uploaded = next(step for step in workflow["jobs"]["plan"]["steps"] if step.get("id") == "pages")
    assert uploaded["with"]["name"] == inputs["artifact"]["default"]


def test_the_plan_itself_is_not_uploaded(workflow: dict[str, Any]) -> None:
    uploaded = next(step for step in workflow["jobs"]["plan"]["steps"] if "upload-artifact" in step.get("uses", ""))
    assert uploaded["with"]["path"].split() == ["build/aws-dev/plan/review.html", "build/aws-dev/plan/review.md"]


def test_for_any_repository_the_same_split_is_kept() -> None:
    workflow = YAML(typ="safe").load(ANY_REPOSITORY)
    assert (workflow["on"], workflow["permissions"]) == ({"pull_request": None}, {})
    plan, comment = workflow["jobs"]["plan"], workflow["jobs"]["comment"]
    assert plan["permissions"] == {"contents": "read", "id-token": "write"}
    assert plan["if"] == "github.event.pull_request.head.repo.full_name == github.repository"
    assert plan["steps"][-1]["uses"].startswith("OWNER/trainyard/actions/review@")
    assert comment["permissions"] == {"pull-requests": "write"}
    assert [step["uses"].partition("@")[0] for step in comment["steps"]] == ["OWNER/trainyard/actions/comment"]


def test_for_any_repository_only_inputs_are_given_that_the_actions_have() -> None:
    for job in YAML(typ="safe").load(ANY_REPOSITORY)["jobs"].values():
        step = job["steps"][-1]
        action = YAML(typ="safe").load(
            ROOT / step["uses"].partition("@")[0].removeprefix("OWNER/trainyard/") / "action.yml"
        )
        required = {name for name, each in action["inputs"].items() if each.get("required")}
        assert required <= step["with"].keys() <= action["inputs"].keys()


OURS = ROOT / ".github/workflows/ci.yml"
WORKFLOWS = [FILE, ANY_REPOSITORY, *sorted((ROOT / ".github/workflows").glob("*.yml"))]
PINNED = re.compile(r"[\w-]+/[\w-]+(?:/[\w/-]+)?@[0-9a-f]{40} # v\d+\.\d+\.\d+")


ACTIONS = sorted((ROOT / "actions").glob("*/action.yml"))


def steps(file: Path) -> list[dict[str, Any]]:
    loaded = YAML(typ="safe").load(file)
    jobs = loaded["jobs"].values() if "jobs" in loaded else [loaded["runs"]]
    return [step for job in jobs for step in job["steps"]]


@pytest.mark.parametrize("file", [*WORKFLOWS, *ACTIONS], ids=lambda file: str(file.relative_to(ROOT)))
def test_every_action_is_pinned_by_a_digest_with_its_version(file: Path) -> None:
    used = re.findall(r"uses: (?!\./)(.*)", file.read_text())
    assert len(used) == sum(not step.get("uses", "./").startswith("./") for step in steps(file)) > 0
    assert [line for line in used if not PINNED.fullmatch(line)] == []


def test_an_action_has_the_same_digest_everywhere() -> None:
    used = {line for file in [*WORKFLOWS, *ACTIONS] for line in re.findall(r"uses: (?!\./)(.*)", file.read_text())}
    assert len({line.partition("@")[0] for line in used}) == len(used)


@pytest.mark.parametrize("file", WORKFLOWS, ids=lambda file: file.name)
def test_no_step_keeps_credentials_that_it_does_not_need(file: Path) -> None:
    loaded = YAML(typ="safe").load(file)
    assert set(loaded["permissions"].items()) <= {("contents", "read")}
    checkouts = [step for step in steps(file) if "actions/checkout" in step.get("uses", "")]
    assert checkouts
    assert all(step["with"]["persist-credentials"] is False for step in checkouts)
    assert all(job["timeout-minutes"] <= 40 for job in loaded["jobs"].values())


def test_dependabot_moves_the_pins() -> None:
    file = ROOT / ".github/dependabot.yml"
    schema = [*SCHEMA[:-1], "vendor.dependabot"]
    assert subprocess.run([*schema, str(file)], capture_output=True, check=False).returncode == 0
    (actions,) = (one for one in YAML(typ="safe").load(file)["updates"] if one["package-ecosystem"] == "github-actions")
    folders = [FILE.parent, *(action.parent for action in ACTIONS)]
    assert sorted(actions["directories"]) == sorted(["/", *(f"/{folder.relative_to(ROOT)}" for folder in folders)])


@pytest.mark.e2e
@pytest.mark.parametrize("file", [FILE, ANY_REPOSITORY, OURS], ids=lambda file: file.name)
def test_the_linter_knows_a_workflow_from_a_broken_one(file: Path, tmp_path: Path) -> None:
    assert subprocess.run([*SCHEMA, str(file)], capture_output=True, check=False).returncode == 0
    broken = tmp_path / file.name
    broken.write_text(file.read_text().replace("runs-on:", "runs_on:"))
    assert subprocess.run([*SCHEMA, str(broken)], capture_output=True, check=False).returncode == 1
