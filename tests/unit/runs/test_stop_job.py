"""StopTrainingJob whose answer gets lost, by HTTP."""

from collections.abc import Iterator

import pytest
from botocore.exceptions import ClientError

from scripts.core import aws
from scripts.runs import stop
from tests.unit.faulty_aws import AFTER, BEFORE, FaultyAws, error, serving

JOB = "digits-20260101-120000-ab12"


@pytest.fixture
def server(empty_aws: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[FaultyAws]:
    server = FaultyAws()
    server.jobs[JOB] = {"TrainingJobName": JOB, "TrainingJobStatus": "InProgress"}
    with serving(server) as address:
        monkeypatch.setenv("AWS_ENDPOINT_URL", address)
        monkeypatch.setenv("AWS_MAX_ATTEMPTS", "2")
        yield server


def test_stopping_reports_how_the_job_has_ended_if_the_answer_gets_lost(server: FaultyAws) -> None:
    sagemaker = aws.client("sagemaker")
    server.fail("StopTrainingJob", AFTER)  # botocore's second attempt is refused: the job has stopped
    assert stop(sagemaker, JOB) == "Stopped"
    assert server.calls["StopTrainingJob"] == 2
    assert stop(sagemaker, JOB) == "Stopped"
    server.jobs[JOB]["TrainingJobStatus"] = "InProgress"
    server.fail("StopTrainingJob", AFTER, BEFORE)
    assert stop(sagemaker, JOB) == "Stopped"
    server.jobs[JOB]["TrainingJobStatus"] = "InProgress"
    assert stop(sagemaker, JOB) == "Stopping"


@pytest.mark.parametrize("fault", [error("InternalFailure", status=500), error("AccessDeniedException")], ids=str)
def test_a_job_that_runs_on_is_an_error(fault: tuple[int, dict[str, str]], server: FaultyAws) -> None:
    server.fail("StopTrainingJob", fault, fault)
    with pytest.raises(ClientError):
        stop(aws.client("sagemaker"), JOB)
