"""For each rule about what an apply executes: a plan that triggers it, and a similar one that does not."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from scripts.review.model import ActionInvocation, Plan, Program, UnknownMember
from tests.unit.review.rule_plans import Case, created, destroyed, plan, untouched, updated


def runs(kind: str, *changes: Any, **constants: Any) -> Plan:
    """A plan whose resource `aws_instance.x` has a provisioner."""
    expressions = {name: {"constant_value": value} for name, value in constants.items()}
    return plan(*changes, programs=(Program("aws_instance.x", kind, expressions),))


def reads(kind: str, expressions: Mapping[str, Any]) -> Plan:
    """A plan whose configuration has a data source of this type."""
    return plan(programs=(Program(f"data.{kind}.x", f"data {kind}", expressions),))


STOP = ActionInvocation(
    "action.aws_ec2_stop_instance.db", "aws_ec2_stop_instance", "", {"instance_id": "i-1"}, False, {}, {}
)
EXECUTION: dict[str, Case] = {
    "unknown-member": Case(plan(unknown_members=(UnknownMember("novelty", "the plan", 1),)), plan()),
    "unmarked-secrets": Case(
        replace(plan(), format_version="0.1", terraform_version="0.14.11"),
        replace(plan(), format_version="0.1", terraform_version="1.0.0"),
    ),
    "local-program": Case(
        runs("local-exec", created("aws_instance"), command="make"),
        runs("local-exec", updated("aws_instance", {"a": 1}, {"a": 2}), command="make"),
    ),
    "remote-program": Case(
        runs("remote-exec", destroyed("aws_instance"), inline=["reboot"]),
        runs("remote-exec", untouched("aws_instance"), inline=["reboot"]),
    ),
    "file-copied": Case(
        runs("file", created("aws_instance"), source="a", destination="/etc/a"),
        runs("file", created("aws_instance.other"), source="a", destination="/etc/a"),
    ),
    "program-at-each-plan": Case(reads("external", {"program": {"constant_value": ["./x"]}}), reads("http", {})),
    "request-at-each-plan": Case(reads("http", {"url": {"references": ["var.url"]}}), reads("external", {})),
    "action-invoked": Case(plan(invocations=(STOP,)), plan()),
    "function-invoked": Case(
        plan(updated("aws_lambda_invocation", {"function_name": "f"}, {"function_name": "f", "input": "{}"})),
        plan(destroyed("aws_lambda_invocation", function_name="f", lifecycle_scope="CREATE_ONLY")),
    ),
    "document-runs": Case(
        plan(created("aws_ssm_association", name="AWS-RunShellScript", targets=[{"key": "InstanceIds"}])),
        plan(destroyed("aws_ssm_association", name="AWS-RunShellScript")),
    ),
}
