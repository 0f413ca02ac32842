"""The quick session reads the same models as botocore's own."""

import json

import pytest
from botocore.exceptions import DataNotFoundError
from botocore.loaders import Loader

from scripts.core.models import quick_session


@pytest.mark.parametrize("kind", ["service-2", "paginators-1", "endpoint-rule-set-1"])
def test_a_model_is_the_same_in_the_same_order(kind: str) -> None:
    ours = quick_session().get_component("data_loader").load_service_model("s3", kind)
    assert json.dumps(ours) == json.dumps(Loader().load_service_model("s3", kind))


def test_the_endpoints_are_the_same() -> None:
    assert quick_session().get_component("data_loader").load_data("endpoints") == Loader().load_data("endpoints")


def test_an_unknown_service_is_an_error() -> None:
    with pytest.raises(DataNotFoundError, match="s33"):
        quick_session().create_client("s33", region_name="us-east-1")
