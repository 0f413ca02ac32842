"""One command, one job: what follows after each answer to CreateTrainingJob. Pure functions on a virtual clock."""

from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scripts.training.sending import PATIENCE_SECONDS, Action, Answer, Sending, after, begin, is_ours


def play(*answers: Answer, at: float = 0.0) -> Sending:
    """The state after these answers, all of which arrive at one time."""
    sending = begin(0.0)
    for answer in answers:
        sending = after(sending, answer, at)
    return sending


@pytest.mark.parametrize(
    ("answers", "action"),
    [
        ((Answer.CREATED,), Action.FOLLOW),
        ((Answer.LOST,), Action.LOOK),
        ((Answer.LOST, Answer.OURS), Action.FOLLOW),
        ((Answer.LOST, Answer.MISSING), Action.SEND),
        ((Answer.LOST, Answer.MISSING, Answer.CREATED), Action.FOLLOW),
        ((Answer.LOST, Answer.MISSING, Answer.NAME_TAKEN), Action.LOOK),
        ((Answer.LOST, Answer.MISSING, Answer.NAME_TAKEN, Answer.OURS), Action.FOLLOW),
        ((Answer.LOST, Answer.OF_SOMEBODY_ELSE), Action.REPORT_NAME_TAKEN),
        ((Answer.LOST, Answer.NO_ANSWER), Action.LOOK),
        # Without the right to look, only AWS knows: it refuses the name if the job exists.
        ((Answer.LOST, Answer.CANNOT_LOOK), Action.SEND),
        ((Answer.LOST, Answer.CANNOT_LOOK, Answer.CREATED), Action.FOLLOW),
        ((Answer.LOST, Answer.CANNOT_LOOK, Answer.NAME_TAKEN, Answer.CANNOT_LOOK), Action.REPORT_UNKNOWN),
        # The name is random, but another attempt of whatever is between us and AWS may have created the job.
        ((Answer.NAME_TAKEN,), Action.LOOK),
        ((Answer.NAME_TAKEN, Answer.OURS), Action.FOLLOW),
        ((Answer.NAME_TAKEN, Answer.OF_SOMEBODY_ELSE), Action.REPORT_NAME_TAKEN),
        # A refusal ends it, unless an earlier request may have been done: the quota may be used by our own job.
        ((Answer.REFUSED,), Action.REPORT_REFUSAL),
        ((Answer.LOST, Answer.MISSING, Answer.REFUSED), Action.LOOK),
        ((Answer.LOST, Answer.MISSING, Answer.REFUSED, Answer.OURS), Action.FOLLOW),
        ((Answer.LOST, Answer.MISSING, Answer.REFUSED, Answer.MISSING), Action.REPORT_REFUSAL),
        ((Answer.LOST, Answer.MISSING, Answer.REFUSED, Answer.CANNOT_LOOK), Action.REPORT_UNKNOWN),
        ((Answer.IAM_DELAY,), Action.SEND),
        ((Answer.NOT_NOW,), Action.SEND),
    ],
    ids=lambda value: " ".join(one.name for one in value) if isinstance(value, tuple) else value.name,
)
def test_what_follows_after_answers(answers: tuple[Answer, ...], action: Action) -> None:
    assert play(*answers).action is action


@pytest.mark.parametrize(
    ("answers", "action"),
    [
        ((Answer.IAM_DELAY,), Action.REPORT_REFUSAL),
        ((Answer.NOT_NOW,), Action.REPORT_REFUSAL),
        ((Answer.LOST,), Action.LOOK),  # one last look
        ((Answer.LOST, Answer.OURS), Action.FOLLOW),
        ((Answer.LOST, Answer.MISSING), Action.REPORT_NOT_STARTED),
        ((Answer.LOST, Answer.NO_ANSWER), Action.REPORT_UNKNOWN),
        ((Answer.LOST, Answer.CANNOT_LOOK), Action.REPORT_UNKNOWN),
        ((Answer.NAME_TAKEN, Answer.MISSING), Action.REPORT_UNKNOWN),
        ((Answer.NAME_TAKEN, Answer.NO_ANSWER), Action.REPORT_UNKNOWN),
    ],
    ids=lambda value: " ".join(one.name for one in value) if isinstance(value, tuple) else value.name,
)
def test_what_follows_when_the_time_is_over(answers: tuple[Answer, ...], action: Action) -> None:
    assert play(*answers, at=PATIENCE_SECONDS).action is action


def test_pauses_grow_up_to_ten_seconds() -> None:
    sending, pauses = begin(0.0), []
    for _ in range(7):
        sending = after(sending, Answer.NOT_NOW, 0.0)
        pauses.append(sending.pause)
    assert pauses == [1, 2, 4, 8, 10, 10, 10]
    assert play(Answer.IAM_DELAY).pause == 5
    assert play(Answer.LOST, Answer.MISSING, Answer.NAME_TAKEN).pause == 0


@dataclass
class Service:
    """SageMaker with a bad network, as a value: what each call does is drawn beforehand."""

    sends: list[str]
    looks: list[str]
    jobs: int = 0
    sent: int = 0

    def send(self) -> Answer:
        fault = self.sends[self.sent % len(self.sends)]
        self.sent += 1
        if fault in {"lost before", "throttled", "refused", "no permission yet"}:
            return {
                "lost before": Answer.LOST,
                "throttled": Answer.NOT_NOW,
                "refused": Answer.REFUSED,
                "no permission yet": Answer.IAM_DELAY,
            }[fault]
        if self.jobs:
            return Answer.LOST if fault == "lost after" else Answer.NAME_TAKEN
        self.jobs = 1
        return Answer.LOST if fault == "lost after" else Answer.CREATED

    def look(self) -> Answer:
        fault = self.looks.pop(0) if self.looks else "answer"
        if fault == "answer":
            return Answer.OURS if self.jobs else Answer.MISSING
        return Answer.NO_ANSWER if fault == "lost" else Answer.CANNOT_LOOK


SENDS = st.sampled_from(["done", "lost before", "lost after", "throttled", "refused", "no permission yet"])
LOOKS = st.sampled_from(["answer", "lost", "denied"])


@settings(max_examples=300, deadline=None)
@given(st.lists(SENDS, min_size=1, max_size=8), st.lists(LOOKS, max_size=30))
def test_whatever_gets_lost_there_is_one_job_and_the_report_is_true(sends: list[str], looks: list[str]) -> None:
    service, time = Service(sends, looks), 0.0
    sending = begin(time)
    while sending.action in {Action.SEND, Action.LOOK}:
        time += sending.pause + 0.5  # each call takes half a second
        sending = after(sending, service.send() if sending.action is Action.SEND else service.look(), time)
    assert time < PATIENCE_SECONDS + 30
    if sending.action is Action.FOLLOW:
        assert service.jobs == 1
    if sending.action in {Action.REPORT_REFUSAL, Action.REPORT_NOT_STARTED}:
        assert service.jobs == 0
    assert sending.action is not Action.REPORT_NAME_TAKEN


REQUEST: dict[str, Any] = {
    "TrainingJobName": "x",
    "RoleArn": "role",
    "AlgorithmSpecification": {"TrainingImage": "image@sha256:1", "TrainingInputMode": "File"},
    "InputDataConfig": [{"ChannelName": "training", "DataSource": {"S3DataSource": {"S3Uri": "s3://data/x/"}}}],
    "OutputDataConfig": {"S3OutputPath": "s3://models/x/"},
    "CheckpointConfig": {"S3Uri": "s3://checkpoints/x/", "LocalPath": "/opt/ml/checkpoints"},
    "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 30},
    "StoppingCondition": {"MaxRuntimeInSeconds": 60},
    "HyperParameters": {"epochs": "3"},
    "Tags": [{"Key": "Project", "Value": "trainyard"}],
}


def test_a_job_is_ours_if_it_has_our_request() -> None:
    described = {name: value for name, value in REQUEST.items() if name != "Tags"} | {
        "TrainingJobStatus": "InProgress",
        "OutputDataConfig": {"S3OutputPath": "s3://models/x/", "KmsKeyId": "", "CompressionType": "GZIP"},
        "Environment": {},
    }
    assert is_ours(REQUEST, described)
    for member, other in (
        ("RoleArn", "another"),
        ("AlgorithmSpecification", {"TrainingImage": "image@sha256:2"}),
        ("HyperParameters", {"epochs": "4"}),
        ("OutputDataConfig", {"S3OutputPath": "s3://models/y/"}),
        ("InputDataConfig", []),
        ("ResourceConfig", {"InstanceType": "ml.m5.large", "InstanceCount": 2}),
        ("Environment", {"SAGEMAKER_PROGRAM": "other.py"}),
        ("CheckpointConfig", None),
    ):
        assert not is_ours(REQUEST, described | {member: other}), member
