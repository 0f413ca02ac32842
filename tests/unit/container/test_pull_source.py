"""The registry and token for AWS's containers. ECR is moto's; its endpoints have the names of AWS's."""

from typing import Any

import pytest

from scripts.container import pull
from scripts.core import aws
from scripts.core.errors import UserError


def test_aws_s_registry_is_used_with_its_token(empty_aws: None) -> None:
    found = pull.source("us-east-1")
    assert found.repository == "763104351884.dkr.ecr.us-east-1.amazonaws.com/tensorflow-training"
    assert found.auth["username"] == "AWS"
    assert found.auth["password"]


def test_the_token_is_requested_for_aws_s_registry(empty_aws: None, monkeypatch: pytest.MonkeyPatch) -> None:
    requests: list[dict[str, Any]] = []
    client = aws.client("ecr")
    client.meta.events.register("provide-client-params.ecr", lambda params, **_more: requests.append(dict(params)))
    monkeypatch.setattr(aws, "client", lambda _service: client)
    pull.source("us-east-1")
    assert requests == [{"registryIds": ["763104351884"]}]


def test_a_region_without_a_registry_is_refused_without_a_request() -> None:
    with pytest.raises(UserError):
        pull.source("eu-isoe-west-1")
