"""Golden plans made again with the real Terraform: the review says the same, and the digest is of the change alone."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest

from scripts.review import reading
from scripts.review.model import Review
from scripts.review.review import review
from scripts.review.rules.resources import COMPUTED
from scripts.review.rules.settings.table import ROWS
from scripts.review.settings import NONE
from scripts.stack.terraform import FOLDER, Terraform
from tests.conftest import missing
from tests.unit.review.golden import make

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def runner() -> Iterator[Terraform]:
    """Terraform and its provider, before a local cloud with nothing in it."""
    if not shutil.which("terraform"):
        missing("terraform is not on PATH")
    with make.account() as found:
        yield found


def reviewed(text: str) -> Review:
    return review(reading.read(text, "live"), NONE)


def facts(found: Review) -> tuple[object, ...]:
    """What a review says, but for what the local cloud makes up anew each time."""
    return (
        found.verdict,
        found.counts,
        {(each.rule, each.severity, each.status, each.address) for each in found.findings},
        {(each.principal, each.place, len(each.added), len(each.removed)) for each in found.permissions},
        [(each.address, each.label, each.reverts_drift) for each in (*found.changes, *found.drift)],
    )


def in_order(text: str) -> dict[str, Any]:
    """A plan; Terraform writes the attributes that its changes follow from in any order."""
    plan: dict[str, Any] = json.loads(text)
    return {**plan, "relevant_attributes": sorted(map(json.dumps, plan["relevant_attributes"]))}


def test_a_plan_made_again_is_the_same_but_for_what_is_made_up(runner: Terraform) -> None:
    """Ten seconds: an apply and a plan with the real provider; test_digest.py has other changes."""
    found = make.plan("permissions", runner)
    assert facts(reviewed(found)) == facts(make.golden_review("permissions"))
    kept = (make.GOLDEN / "permissions" / "plan.json").read_text(encoding="utf-8")
    again = make.normalised(found)
    assert in_order(again) == in_order(kept)
    assert reviewed(again).digest == reviewed(kept).digest


def test_the_provider_has_each_setting_of_the_table(runner: Terraform) -> None:
    schemas = json.loads(schema_text(runner))["provider_schemas"]
    (resources,) = [each["resource_schemas"] for name, each in schemas.items() if name.endswith("/aws")]
    missing_ones = [
        f"{kind}.{row.path}" for row in ROWS for kind in row.types if not has(resources.get(kind), row.path.split("."))
    ]
    assert len(ROWS) > 70
    assert missing_ones == []
    filled_in = {
        (kind, row.path)
        for row in ROWS
        for kind in row.types
        if {"optional", "computed"} <= resources[kind]["block"]["attributes"].get(row.path, {}).keys()
    }
    assert {(kind, path) for kind, path in filled_in if kind not in COMPUTED.get(path, ())} == set()


def schema_text(runner: Terraform) -> str:
    """The schemas of the providers, as Terraform writes them; its wrapper cannot run a command of two words."""
    command = [runner.binary, f"-chdir={FOLDER}", "providers", "schema", "-json"]
    environment = {**os.environ, **{name: value for name, value in runner.variables.items() if value is not None}}
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout


def has(resource: dict[str, Any] | None, path: list[str]) -> bool:
    """Whether a resource type has an attribute or a block."""
    block = resource["block"] if resource else {}
    for place, name in enumerate(path):
        if name in block.get("block_types", {}):
            block = block["block_types"][name]["block"]
        else:
            return name in block.get("attributes", {}) and place == len(path) - 1
    return True
