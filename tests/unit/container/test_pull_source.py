"""Where AWS's containers are pulled from, and with which token; ECR is moto's, whose endpoints are named as AWS's."""

from typing import Any

import pytest

from scripts.container import pull
from scripts.core import aws
from scripts.core.errors import UserError


def test_aws_s_own_registry_with_its_token(empty_aws: None) -> None:
    found = pull.source("us-east-1")
    assert found.repository == "763104351884.dkr.ecr.us-east-1.amazonaws.com/tensorflow-training"
    assert found.auth["username"] == "AWS"
    assert found.auth["password"]


def test_the_token_is_asked_of_the_registry_that_holds_them(empty_aws: None, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[dict[str, Any]] = []
    client = aws.client("ecr")
    client.meta.events.register("provide-client-params.ecr", lambda params, **_more: asked.append(dict(params)))
    monkeypatch.setattr(aws, "client", lambda _service: client)
    pull.source("us-east-1")
    assert asked == [{"registryIds": ["763104351884"]}]


def test_no_call_for_a_region_without_one() -> None:
    with pytest.raises(UserError):
        pull.source("eu-isoe-west-1")
