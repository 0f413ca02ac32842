"""The quick session reads the same models as botocore's own."""

import json
import subprocess
import sys

import pytest
from botocore.exceptions import DataNotFoundError
from botocore.loaders import Loader

from scripts.core.models import quick_session
from tests.conftest import ROOT


@pytest.mark.parametrize("kind", ["service-2", "paginators-1", "endpoint-rule-set-1"])
def test_a_model_is_the_same_in_the_same_order(kind: str) -> None:
    ours = quick_session().get_component("data_loader").load_service_model("sagemaker", kind)
    assert json.dumps(ours) == json.dumps(Loader().load_service_model("sagemaker", kind))


def test_the_endpoints_are_the_same() -> None:
    """In a new process: a client fills in the endpoint that it uses, in data that the tests keep."""
    program = (
        "from botocore.loaders import Loader\n"
        "from scripts.core.models import quick_session\n"
        'ours = quick_session().get_component("data_loader").load_data("endpoints")\n'
        'print(ours == Loader().load_data("endpoints"), len(ours["partitions"]) > 1)'
    )
    assert subprocess.check_output([sys.executable, "-c", program], cwd=ROOT, text=True) == "True True\n"


def test_an_unknown_service_is_an_error() -> None:
    with pytest.raises(DataNotFoundError, match="s33"):
        quick_session().create_client("s33", region_name="us-east-1")
