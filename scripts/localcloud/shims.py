"""What moto lacks and this project meets, put right at one place."""

import json
from typing import Any

from moto.ecr.models import Repository
from moto.iam.access_control import IAMPolicy, PermissionResult
from moto.s3.models import FakeBucket, FakeDeleteMarker


def apply(registry: str) -> None:
    """Mend moto; called once, before it serves.

    Args:
        registry: the address of the registry behind ECR: the repositories' URIs name it.

    Where versioning is suspended, moto 5.2 lets a key go with all its versions and disposes of each; a delete
    marker is a version without ``dispose``. The call ends in an AttributeError, botocore and Terraform repeat it,
    and the destruction of a versioned bucket with ``force_destroy`` never ends.

    It also passes over the conditions of a bucket policy, so that the usual "refuse what comes without TLS" refuses
    everything.
    """
    Repository.uri = property(lambda repository: f"{registry}/{repository.name}", lambda *_: None)
    FakeDeleteMarker.dispose = lambda _self, garbage=False: None  # noqa: ARG005 - moto's own signature
    FakeBucket.get_permission = _permission


def _permission(bucket: Any, action: str, resource: str) -> Any:
    """What a bucket's policy says of an action, for a caller who came by TLS: the loopback stands in for it."""
    if bucket.policy is None:
        return PermissionResult.NEUTRAL
    policy = json.loads(bucket.policy)
    statements = policy["Statement"] if isinstance(policy["Statement"], list) else [policy["Statement"]]
    policy["Statement"] = [statement for statement in statements if not _is_for_callers_without_tls(statement)]
    return IAMPolicy(json.dumps(policy)).is_action_permitted(action, resource)


def _is_for_callers_without_tls(statement: dict[str, Any]) -> bool:
    wanted = statement.get("Condition", {}).get("Bool", {}).get("aws:SecureTransport")
    return wanted is not None and str(wanted).lower() in {"false", "['false']"}
