"""The table of supported members is complete and true, and docs/local-cloud.md has it."""

from collections.abc import Callable, Collection, Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError
from botocore.loaders import Loader
from botocore.model import ListShape, ServiceModel, Shape, StructureShape

from scripts.localcloud.awsjson import ServiceError
from scripts.localcloud.sagemaker import support
from scripts.localcloud.sagemaker.page import END, START, insert_table
from scripts.localcloud.sagemaker.support import OPERATIONS, SupportStatus
from scripts.localcloud.sagemaker.validation import has_property
from tests.conftest import ROOT
from tests.unit.localcloud.account import contains
from tests.unit.training.shapes import with_member

MODEL = ServiceModel(Loader().load_service_model("sagemaker", "service-2"))
CREATE = OPERATIONS["CreateTrainingJob"]
REFUSED = [path for path, member in CREATE.items() if member.status is SupportStatus.REFUSED]
NO_EFFECT = [path for path, member in CREATE.items() if member.status is SupportStatus.NO_EFFECT]
# The request of these tests must not have them. test_sagemaker_answers tests their rules.
WITH_RULES = {"EnableManagedSpotTraining", "StoppingCondition.MaxWaitTimeInSeconds"}


def members(shape: Shape, lines: Collection[str], path: str = "") -> Iterator[str]:
    """Yield the paths of a shape, down to those that have a line in the table."""
    if isinstance(shape, ListShape):
        shape = shape.member
    assert isinstance(shape, StructureShape)
    for name, member in shape.members.items():
        yield from below(member, lines, f"{path}.{name}" if path else name)


def below(shape: Shape, lines: Collection[str], path: str) -> Iterator[str]:
    if path in lines:  # It covers the members that have no lines.
        yield from (line for line in lines if line == path or line.startswith(f"{path}."))
    elif any(line.startswith(f"{path}.") for line in lines):
        yield from members(shape, lines, path)
    else:
        yield path


@pytest.mark.parametrize("operation", OPERATIONS)
def test_each_member_of_the_model_has_a_line(operation: str) -> None:
    shape = MODEL.operation_model(operation).input_shape
    assert shape is not None
    assert all(has_property(shape.name, line) for line in OPERATIONS[operation])
    assert sorted(OPERATIONS[operation]) == sorted(members(shape, OPERATIONS[operation]))


def test_the_table_has_the_operations_that_the_server_answers(account: Any) -> None:
    with pytest.raises(ClientError) as raised:
        account.sagemaker.list_models()
    assert raised.value.response["Error"]["Message"].endswith(f"Of SageMaker it has {', '.join(OPERATIONS)}.")


@pytest.mark.parametrize("path", REFUSED)
def test_members_listed_as_refused_are_refused(path: str) -> None:
    with pytest.raises(ServiceError) as raised:
        support.check("CreateTrainingJob", with_member({}, path))
    assert raised.value.message == f"{support.CANNOT_RUN}{path}: {CREATE[path].note}"


def test_members_listed_as_without_effect_are_returned(account: Any, client: Callable[..., Any]) -> None:
    request = account.request()
    for path in NO_EFFECT:
        if path not in WITH_RULES:
            with_member(request, path)
    key = client("kms").create_key()["KeyMetadata"]["Arn"]  # the job's role must have the right to use its keys
    request["OutputDataConfig"]["KmsKeyId"] = request["ResourceConfig"]["VolumeKmsKeyId"] = key
    account.sagemaker.create_training_job(**request)
    job = account.wait_until_ended(request["TrainingJobName"])
    assert job["TrainingJobStatus"] == "Completed", job
    del request["SessionChainingConfig"]
    assert contains(job, request), job


def test_an_unsupported_filter_is_refused(account: Any) -> None:
    plan = "arn:aws:sagemaker:us-east-1:123456789012:training-plan/one"
    with pytest.raises(ClientError, match="TrainingPlanArnEquals: it has no training plans"):
        account.sagemaker.list_training_jobs(TrainingPlanArnEquals=plan)


def test_the_docs_have_the_current_table() -> None:
    page = (ROOT / "docs" / "local-cloud.md").read_text()
    assert START in page
    assert END in page
    assert insert_table(page) == page, "python -m scripts.localcloud.sagemaker.page"
