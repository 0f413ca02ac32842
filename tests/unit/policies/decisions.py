"""Policies of some statements, and what the evaluator decides by them."""

import json
from collections.abc import Mapping
from typing import Any

from scripts.policies.evaluator import Policies, Policy, Principal, Request, evaluate, read_policy

ACCOUNT = "111122223333"
USER = Principal(f"arn:aws:iam::{ACCOUNT}:user/Shirley", ACCOUNT)
BUCKET = "arn:aws:s3:::data"
GET = Request("s3:GetObject", f"{BUCKET}/a")


def policy(*entries: Mapping[str, Any], version: str = "2012-10-17", name: str = "p") -> Policy:
    """A policy of these statements."""
    return read_policy(name, json.dumps({"Version": version, "Statement": entries}))


def entry(effect: str, action: str = "s3:*", resource: str = "*", **more: Any) -> dict[str, Any]:
    """A statement."""
    return {"Effect": effect, "Action": action, "Resource": resource, **more}


def effect(principal: Principal, request: Request, **given: Any) -> str:
    """The decision and the kind of policy that made it, such as ``explicitDeny by session policy``."""
    decision = evaluate(principal, request, Policies(**given))
    return decision.effect.value + (f" by {decision.kind}" if decision.kind else "")


ALLOW = policy(entry("Allow"))
