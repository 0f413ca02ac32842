"""Plans of OpenTofu, of Terraform 1.14 and newer, and of Terraform before 1.1.

No such program is at hand, and no provider but aws. The plans here are written by hand, after the code that writes
such plans:
https://github.com/opentofu/opentofu/blob/main/internal/command/jsonplan (1.13-dev, commit f831fa1aa4),
https://github.com/hashicorp/terraform/blob/main/internal/command/jsonplan (1.15.9), and its tags v0.12.31 to v1.0.11.
"""

import json
from typing import Any

import pytest

from scripts.review.model import Review, Severity
from scripts.review.reading import read
from scripts.review.render import data, markdown
from scripts.review.review import review
from scripts.review.settings import NONE
from tests.unit.review.plans import resource

TOFU = "registry.opentofu.org"
PASSWORD = "hunter2-hunter2-hunter2"
OPEN = ("block_public_acls", "block_public_policy", "ignore_public_acls", "restrict_public_buckets")


def reviewed(raw: dict[str, Any]) -> Review:
    return review(read(json.dumps(raw), "plan.json"), NONE)


def rules(found: Review) -> set[str]:
    return {finding.rule for finding in found.findings}


def tofu(*changes: dict[str, Any], **members: Any) -> dict[str, Any]:
    """What `tofu show -json` writes: no `applyable` and no `complete`; `terraform_version` is OpenTofu's own."""
    return {
        "format_version": "1.2",
        "terraform_version": "1.11.2",
        "planned_values": {"root_module": {}},
        "resource_changes": [
            {**each, "provider_name": each["provider_name"].replace("registry.terraform.io", TOFU)} for each in changes
        ],
        "configuration": {"root_module": {}},
        "relevant_attributes": [{"resource": "null_resource.x", "attribute": ["id"]}],
        "timestamp": "2026-11-29T12:00:00Z",
        "errored": False,
        **members,
    }


NULL = {
    "address": "null_resource.deploy",
    "mode": "managed",
    "type": "null_resource",
    "name": "deploy",
    "provider_config_key": "null",
    "provisioners": [{"type": "local-exec", "expressions": {"command": {"constant_value": "make deploy"}}}],
    "schema_version": 0,
}
EXTERNAL = {
    "address": "data.external.commit",
    "mode": "data",
    "type": "external",
    "name": "commit",
    "expressions": {"program": {"constant_value": ["sh", "-c", "git rev-parse HEAD"]}},
}
HTTP = {
    "address": "data.http.address",
    "mode": "data",
    "type": "http",
    "name": "address",
    "expressions": {"url": {"constant_value": "https://address.example"}},
}
HELM = {
    "name": "ingress",
    "chart": "ingress-nginx",
    "repository": "https://charts.example",
    "set_sensitive": [{"name": "controller.password", "value": PASSWORD}],
}


def test_a_plan_of_opentofu_with_other_providers() -> None:
    helm = resource(
        "helm_release.ingress",
        ("create",),
        None,
        HELM,
        after_sensitive={"set_sensitive": [{"value": True}]},
        after_identity={"name": "ingress"},
    )
    raw = tofu(
        resource("null_resource.deploy", ("create",), None, {"triggers": {"at": "1"}}),
        helm,
        configuration={"root_module": {"resources": [NULL, EXTERNAL, HTTP]}},
    )
    found = reviewed(raw)
    assert {"local-program", "program-at-each-plan"} <= rules(found)
    assert {"data.external.commit", "data.http.address"} <= {finding.address for finding in found.findings}
    assert "unknown-member" not in rules(found)
    assert PASSWORD not in json.dumps(data([found])) + markdown([found])
    assert "helm_release.ingress" in markdown([found])
    assert (found.complete, found.applyable, found.errored) == (True, True, False)


@pytest.mark.parametrize(
    ("actions", "reason", "label", "why"),
    [
        (("forget", "create"), "forgot_because_lifecycle_destroy_in_config", "replace, the old one", "destroy = false"),
        (("forget",), "forgot_because_lifecycle_destroy_in_state", "forget", "had destroy = false"),
        (("delete",), "delete_because_enabled_false", "destroy", "enabled = false"),
    ],
)
def test_what_only_opentofu_does(actions: tuple[str, ...], reason: str, label: str, why: str) -> None:
    after = {"bucket": "b"} if "create" in actions else None
    entry = resource("aws_s3_bucket.b", actions, {"bucket": "a"}, after, entry={"action_reason": reason})
    (change,) = reviewed(tofu(entry)).changes
    assert change.label.startswith(label)
    assert why in change.why


def test_an_ephemeral_resource_that_is_only_opened() -> None:
    opened = resource("random_password.x", ("read",), None, None, entry={"mode": "ephemeral"})
    assert reviewed(tofu(opened)).findings == ()


def access_block(**after: bool) -> dict[str, Any]:
    closed = dict.fromkeys(OPEN, True)
    return resource("aws_s3_bucket_public_access_block.this", ("update",), closed, {**closed, **after})


def test_aws_resources_of_opentofu_have_the_findings_of_terraform_s() -> None:
    opened = access_block(block_public_policy=False)
    terraform = {**tofu(opened), "resource_changes": [opened]}
    assert rules(reviewed(terraform)) == rules(reviewed(tofu(opened))) == {"s3-public-access-open"}


def test_a_plan_of_terraform_1_14_invokes_actions() -> None:
    invocation = {
        "address": "action.aws_lambda_invoke.warm",
        "type": "aws_lambda_invoke",
        "name": "warm",
        "provider_name": "registry.terraform.io/hashicorp/aws",
        "config_values": {"function_name": "warm", "payload": "{}"},
        "config_sensitive": {},
        "config_unknown": {},
        "lifecycle_action_trigger": {
            "triggering_resource_address": "aws_s3_bucket_public_access_block.this",
            "action_trigger_event": "AfterUpdate",
            "action_trigger_block_index": 0,
            "actions_list_index": 0,
        },
    }
    raw = {
        **tofu(),
        "terraform_version": "1.14.0",
        "resource_changes": [access_block()],
        "action_invocations": [invocation],
        "applyable": True,
        "complete": True,
    }
    found = reviewed(raw)
    assert any("action.aws_lambda_invoke.warm" in finding.address for finding in found.findings)
    assert "unknown-member" not in rules(found)


def early(version: str, terraform: str, *changes: dict[str, Any]) -> dict[str, Any]:
    """What Terraform before 1.1 wrote: no `timestamp`, no `errored`; before 0.13 a short name for the provider."""
    return {
        "format_version": version,
        "terraform_version": terraform,
        "planned_values": {"root_module": {}},
        "resource_changes": list(changes),
        "prior_state": {"format_version": version, "terraform_version": terraform},
        "configuration": {"root_module": {}},
    }


@pytest.mark.parametrize(("version", "terraform"), [("0.2", "1.0.11"), ("0.1", "1.0.0"), ("0.1", "0.15.2")])
def test_formats_before_1_0_with_marks_are_read_as_later_ones(version: str, terraform: str) -> None:
    raw = early(version, terraform, access_block(block_public_policy=False))
    assert rules(reviewed(raw)) == {"s3-public-access-open"}
    assert reviewed(raw).digest == reviewed({**raw, "format_version": "1.2"}).digest


@pytest.mark.parametrize("terraform", ["0.12.31", "0.13.7", "0.14.11", "0.15.1"])
def test_a_plan_with_incomplete_marks_says_so_and_hides_what_looks_like_a_secret(terraform: str) -> None:
    database = resource("aws_db_instance.d", ("update",), {"password": "old"}, {"password": PASSWORD})
    database["provider_name"] = "aws"
    del database["change"]["before_sensitive"], database["change"]["after_sensitive"]
    found = reviewed(early("0.1", terraform, database))
    (finding,) = [each for each in found.findings if each.rule == "unmarked-secrets"]
    assert finding.severity is Severity.MEDIUM
    assert terraform in finding.what
    assert PASSWORD not in json.dumps(data([found])) + markdown([found])


def test_drift_of_terraform_0_15_4_that_is_none() -> None:
    """That version listed every resource in `resource_drift`, also with the action no-op."""
    same = resource("aws_s3_bucket.b", ("no-op",), {"bucket": "b"}, {"bucket": "b"})
    raw = {**early("0.1", "0.15.4", access_block()), "resource_drift": [same]}
    assert reviewed(raw).drift == ()
