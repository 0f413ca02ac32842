"""Corrections of moto's behaviour, as far as this project needs them."""

import json
from typing import Any

from moto.ecr.models import Repository
from moto.iam.access_control import IAMPolicy, PermissionResult
from moto.s3.models import FakeBucket, FakeDeleteMarker


def apply(registry: str) -> None:
    """Patch moto. The server calls this once, before it serves.

    Args:
        registry: the address of the registry behind ECR, which the URIs of repositories name.

    Delete markers: if versioning is suspended, moto 5.2 deletes a key with all its versions and calls ``dispose`` of
    each. A delete marker lacks that method. The call fails with an AttributeError, botocore and Terraform repeat it,
    and destroying a versioned bucket with ``force_destroy`` never ends.

    Bucket policies: moto ignores their conditions. So the usual statement "deny requests without TLS" denies
    everything.
    """
    Repository.uri = property(lambda repository: f"{registry}/{repository.name}", lambda *_: None)
    FakeDeleteMarker.dispose = lambda _self, garbage=False: None  # noqa: ARG005 - moto's own signature
    FakeBucket.get_permission = _permission


def _permission(bucket: Any, action: str, resource: str) -> Any:
    """Return what a bucket's policy says about an action. A request from 127.0.0.1 counts as one with TLS."""
    if bucket.policy is None:
        return PermissionResult.NEUTRAL
    policy = json.loads(bucket.policy)
    statements = policy["Statement"] if isinstance(policy["Statement"], list) else [policy["Statement"]]
    policy["Statement"] = [statement for statement in statements if not _is_for_callers_without_tls(statement)]
    return IAMPolicy(json.dumps(policy)).is_action_permitted(action, resource)


def _is_for_callers_without_tls(statement: dict[str, Any]) -> bool:
    required = statement.get("Condition", {}).get("Bool", {}).get("aws:SecureTransport")
    return required is not None and str(required).lower() in {"false", "['false']"}
