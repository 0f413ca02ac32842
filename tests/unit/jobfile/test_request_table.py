"""The table ``[request]``: what it may set, what it may not, and what becomes of it in the request."""

import re
import tomllib
from collections.abc import Iterator
from typing import Any

import pytest

from scripts.core.errors import UserError
from scripts.jobfile.members import BUILT, CHANNELS, OWNERS, owner_of, request_shape
from scripts.jobfile.reading import parse_job, with_instances
from scripts.jobfile.spec import Channel, JobSpec
from scripts.training import build_request
from tests import request_page
from tests.conftest import ROOT
from tests.unit.aws_server import STACK
from tests.unit.training.shapes import example, problems, with_member
from tests.unit.training.test_build_request import training_job

TRAINING: dict[str, Any] = {"training": {"source": "data/x"}}
MEMBERS = list(request_page.members(request_shape()))
GROUP = {"InstanceType": "ml.m5.large", "InstanceCount": 2, "InstanceGroupName": "a"}
FILES = {
    "FileSystemId": "fs-0123456789abcdef0",
    "FileSystemAccessMode": "ro",
    "FileSystemType": "EFS",
    "DirectoryPath": "/x",
}


def refusal(table: dict[str, Any], **keys: Any) -> UserError:
    with pytest.raises(UserError) as caught:
        parse_job({"channels": TRAINING, "request": table, **keys}, "jobs/x.toml")
    return caught.value


def merged(table: dict[str, Any], **keys: Any) -> dict[str, Any]:
    request = build_request(training_job({"request": table, **keys}), STACK)
    assert problems("CreateTrainingJob", request) == []
    return request


def test_every_owned_member_is_in_the_model_and_every_key_in_the_job_file() -> None:
    assert {path for path in OWNERS if not any(f"{member}.".startswith(f"{path}.") for member in MEMBERS)} == set()
    for owner in OWNERS.values():
        assert bool(owner.key) != bool(owner.reason)
        if owner.key:
            table = Channel if owner.key.startswith("channels.NAME.") else JobSpec
            assert owner.key.removeprefix("channels.NAME.") in table.model_fields


@pytest.mark.parametrize("path", [path for path in OWNERS if not path.startswith(CHANNELS)])
def test_what_a_key_or_the_tool_sets_is_refused_with_its_key(path: str) -> None:
    error, owner = refusal(with_member({}, path)), OWNERS[path]
    assert error.problem.startswith(f"jobs/x.toml: request.{path} ")
    assert (f"Set {owner.key} in the job file." if owner.key else "Remove it.") == error.fix
    assert owner.reason in error.problem


@pytest.mark.parametrize("path", [path for path in OWNERS if path.startswith(f"{CHANNELS}.")])
def test_what_a_channel_of_the_job_file_has_is_refused_with_its_key(path: str) -> None:
    table = with_member({}, path)
    table[CHANNELS][0]["ChannelName"] = "training"
    error = refusal(table)
    assert error.problem == f"jobs/x.toml: request.{path} has a key of its own."
    assert error.fix == f"Set {str(OWNERS[path].key).replace('NAME', 'training')} in the job file."


def free(shape: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """The members that are for [request], each as a whole, with an example."""
    for name, member in shape.members.items():
        place = f"{path}.{name}" if path else name
        if place in BUILT and place != CHANNELS:
            yield from free(member, place)
        elif owner_of(place) is None and name not in (CHANNELS, "InstanceGroups", "InstancePreferences"):
            yield place, example(member, whole=True)


def test_every_other_member_reaches_the_request_unchanged() -> None:
    """A member that a newer botocore adds is for [request] too, until somebody gives it a key."""
    own = build_request(training_job({}), STACK)
    found = dict(free(request_shape()))
    assert len(found) >= 15
    for path, value in found.items():
        name, _, below = path.partition(".")
        request = merged({name: {below: value}} if below else {name: value})
        assert request == own | {name: own[name] | {below: value} if below else value}


@pytest.mark.parametrize(
    ("table", "problem", "fix"),
    [
        ({"TensorBordOutputConfig": {}}, "TensorBordOutputConfig is not a member", "Did you mean TensorBoard"),
        ({"TensorBoardOutputConfig": {}}, "TensorBoardOutputConfig.S3OutputPath is missing", "API_CreateTrainingJob"),
        ({"RemoteDebugConfig": True}, "RemoteDebugConfig is True, but it must be a table", "API_CreateTrainingJob"),
        ({"RemoteDebugConfig": {"EnableRemoteDebug": 1}}, "EnableRemoteDebug is 1, but it must be a boolean", "API_"),
        ({"StoppingCondition": {"MaxPendingTimeInSeconds": 1}}, "is 1: it must have value greater than", "API_"),
        ({"ExperimentConfig": {"TrialName": "a b"}}, "TrialName is 'a b': it must satisfy regular expression", "API_"),
        (
            {"ResourceConfig": {"InstanceGroups": [GROUP | {"InstanceType": "ml.m5.lrge"}]}},
            "InstanceType is 'ml.m5.lrge', which SageMaker does not have",
            "Did you mean ml.m5.large?",
        ),
        ({CHANNELS: [{"ChannelName": "more"}]}, "InputDataConfig.DataSource is missing", "API_"),
        ({CHANNELS: [{"ChannelName": "training"}] * 2}, "has the channel training twice", "Merge the two."),
        (
            {CHANNELS: [{"ChannelName": "a", "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://b"}}}]},
            "InputDataConfig.DataSource.S3DataSource.S3DataType has a key of its own",
            "Set channels.a.manifest in the job file.",
        ),
        ({CHANNELS: "training"}, "InputDataConfig is 'training', but it must be an array", "API_"),
        ({CHANNELS: ["training"]}, "InputDataConfig is 'training', but it must be a table", "API_"),
        (
            {CHANNELS: [{"ChannelName": f"c{n}", "DataSource": {"FileSystemDataSource": FILES}} for n in range(20)]},
            "there are 21 channels",
            "Remove some.",
        ),
    ],
)  # fmt: skip
def test_a_mistake_is_named_with_its_place(table: dict[str, Any], problem: str, fix: str) -> None:
    error = refusal(table)
    assert problem in error.problem
    assert fix in error.fix


def test_a_channel_is_merged_by_its_name_and_another_one_is_added() -> None:
    more = {"ChannelName": "more", "DataSource": {"FileSystemDataSource": FILES}}
    request = merged({CHANNELS: [{"ChannelName": "training", "RecordWrapperType": "RecordIO"}, more]})
    first, second = request[CHANNELS]
    assert first["RecordWrapperType"] == "RecordIO"
    assert first["DataSource"]["S3DataSource"]["S3Uri"] == "s3://data/digits/training/"
    assert second == more
    only = parse_job({"request": {CHANNELS: [more | {"ChannelName": "training"}]}}, "x")
    assert only.channels == {}


def test_lists_of_instances_replace_the_keys() -> None:
    resources = merged({"ResourceConfig": {"InstanceGroups": [GROUP]}})["ResourceConfig"]
    assert resources == {"InstanceGroups": [GROUP], "VolumeSizeInGB": 30}
    spec = parse_job({"channels": TRAINING, "request": {"ResourceConfig": {"InstanceGroups": [GROUP]}}}, "x")
    assert spec.instance_types == ["ml.m5.large"]
    with pytest.raises(UserError, match="INSTANCES=2 is for one type of instances"):
        with_instances(spec, "2")
    error = refusal({"ResourceConfig": {"InstanceGroups": [GROUP]}}, instance_count=2)
    assert "request.ResourceConfig lists instances in place of instance_count" in error.problem


def test_lists_of_instances_exclude_each_other_and_spot() -> None:
    """As the service model's texts of InstanceGroups and InstancePreferences say."""
    both = {"InstanceGroups": [GROUP], "InstancePreferences": [{"InstanceType": "ml.m5.large", "InstanceCount": 1}]}
    assert "SageMaker accepts one of the two" in refusal({"ResourceConfig": both}).problem
    del both["InstanceGroups"]
    assert "is refused with spot = true" in refusal({"ResourceConfig": both}, spot=True).problem
    assert merged({"ResourceConfig": both})["ResourceConfig"] == both | {"VolumeSizeInGB": 30}


def test_the_page_has_every_member_and_its_examples_are_valid() -> None:
    page = (ROOT / "docs" / "request.md").read_text(encoding="utf-8")
    assert request_page.with_table(page) == page, "python -m tests.request_page"
    examples = re.findall(r"^( *)```toml\n(.*?)^ *```$", page, re.DOTALL | re.MULTILINE)
    assert len(examples) == 2
    for _, text in examples:
        assert parse_job(tomllib.loads(text), "jobs/x.toml").request
