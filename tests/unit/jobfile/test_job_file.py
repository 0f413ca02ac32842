import os
from pathlib import Path
from typing import Any

import pytest

from scripts.core.errors import UserError
from scripts.jobfile import check_program, resolve_hyperparameters
from scripts.jobfile.reading import LONGEST_NAME, parse_job, read_job

TRAINING: dict[str, Any] = {"training": {"source": "data/x"}}
TABLE = 'Write the table [channels.training], and below it: source = "data/x".'
MINIMAL = '[channels.training]\nsource = "data/x"\n'


@pytest.fixture
def jobs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "jobs").mkdir()
    (tmp_path / "jobs" / "digits.toml").write_text(MINIMAL)
    return tmp_path / "jobs"


def test_defaults(jobs: Path) -> None:
    spec = read_job("digits")
    assert (spec.instance_type, spec.instance_count, spec.max_runtime_seconds) == ("ml.g4dn.4xlarge", 1, 3600)
    assert (spec.spot, spec.checkpoints, spec.network_isolation, spec.program) == (False, True, False, None)
    channel = spec.channels["training"]
    assert (channel.input_mode, channel.distribution, channel.folder) == ("File", "FullyReplicated", Path("data/x"))


def test_example_job_file_is_valid(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(Path(__file__).parents[3])
    spec = read_job("digits")
    assert not spec.instance_type.startswith(("ml.g", "ml.p"))
    assert not any("test" in channel.place for channel in spec.channels.values())


def test_a_distribution_is_sent_as_the_hyperparameter_of_sagemakers_sdk() -> None:
    """The text is that of EstimatorBase._json_encode_hyperparameters in the SDK: JSON."""
    name = "sagemaker_multi_worker_mirrored_strategy_enabled"
    keys = {"program": "my_train.py", "hyperparameters": {"epochs": 3}}
    spec = parse_job(keys | {"distribution": "multi_worker_mirrored"}, "x")
    assert resolve_hyperparameters(spec.hyperparameters_to_send, {}, None) == {"epochs": "3", name: "true"}
    assert parse_job(keys, "x").hyperparameters_to_send == {"epochs": 3}
    spec = parse_job({"program": "my_train.py", "hyperparameters": {name: True}}, "x")
    assert resolve_hyperparameters(spec.hyperparameters_to_send, {}, None) == {name: "true"}


@pytest.mark.parametrize(
    ("name", "problem", "fix"),
    [
        ("digit", "jobs/digit.toml", "JOB=digits"),
        ("zzz", "jobs/zzz.toml", "Job files: digits"),
        ("../digits", "jobs/../digits.toml", "digits"),
        ("", "No job", "Job files: digits"),
    ],
)
def test_missing_job_file_suggests_the_nearest(name: str, problem: str, fix: str, jobs: Path) -> None:
    with pytest.raises(UserError) as caught:
        read_job(name)
    assert problem in caught.value.problem
    assert fix in caught.value.fix


@pytest.mark.parametrize("name", ["my_job", "-job", "j" * (LONGEST_NAME + 1), "jöb"])
def test_file_name_that_cannot_name_a_job_is_refused(name: str, jobs: Path) -> None:
    (jobs / f"{name}.toml").write_text(MINIMAL)
    with pytest.raises(UserError, match="cannot name a training job"):
        read_job(name)


def test_invalid_toml_is_refused(jobs: Path) -> None:
    (jobs / "bad.toml").write_text("a = 1\nb = \n")
    with pytest.raises(UserError, match=r"jobs/bad\.toml.*line 2, column 5"):
        read_job("bad")
    (jobs / "bad.toml").write_bytes(os.fsencode("a = 1 # ") + b"\xe9")
    with pytest.raises(UserError, match="not UTF-8"):
        read_job("bad")


def test_a_file_that_begins_with_a_bom_is_read(jobs: Path) -> None:
    (jobs / "bom.toml").write_bytes(b"\xef\xbb\xbf" + b"spot = true\n" + MINIMAL.encode())
    assert read_job("bom").spot is True


@pytest.mark.parametrize(
    ("source", "problem", "fix"),
    [
        ("~/data/x", "nothing expands ~", "Write the path itself"),
        ("$HOME/x", "nothing expands ~ and variables", "Write the path itself"),
        ("${DATA}/x", "nothing expands ~ and variables", "Write the path itself"),
        ("file:///data/x", "named by its path", 'Write "/data/x".'),
        ("file://localhost/data/x", "named by its path", 'Write "/data/x".'),
        ("S3://bucket/x/", "s3://bucket/prefix/", 'Write "s3://bucket/x/".'),
        ("s3:/bucket/x/", "s3://bucket/prefix/", 'Write "s3://bucket/x/".'),
        ("s3a://bucket/x/", "s3://bucket/prefix/", 'Write "s3://bucket/x/".'),
        ("arn:aws:s3:::bucket/x/", "s3://bucket/prefix/", 'Write "s3://bucket/x/".'),
        ("https://bucket.s3.eu-west-1.amazonaws.com/x/", "s3://bucket/prefix/", 'Write "s3://bucket/x/".'),
        ("https://s3.eu-west-1.amazonaws.com/bucket/x/", "s3://bucket/prefix/", 'Write "s3://bucket/x/".'),
        (" s3://bucket/x/", "begins or ends with a space", 'Write "s3://bucket/x/".'),
        ("https://example.com/x.zip", "SageMaker does not read https://", "Download the data"),
        ("gs://bucket/x", "SageMaker does not read gs://", "Download the data"),
    ],
)
def test_sources_of_other_tools_are_refused_with_what_to_write(source: str, problem: str, fix: str) -> None:
    with pytest.raises(UserError) as caught:
        parse_job({"channels": {"training": {"source": source}}}, "jobs/x.toml")
    assert caught.value.problem.startswith(f"jobs/x.toml: channels.training.source is {source!r}: ")
    assert problem in caught.value.problem
    assert fix in caught.value.fix


@pytest.mark.parametrize("source", ["data/x", "../x", "/data/x", "C:x", "a~b", "a$b", "s3://bucket", "s3://bucket/x/"])
def test_folders_and_s3_sources_are_accepted(source: str) -> None:
    spec = parse_job({"channels": {"training": {"source": source}}}, "x")
    assert spec.channels["training"].source == source


@pytest.mark.parametrize(
    ("channels", "problem", "fix"),
    [
        (
            {"training": "data/x"},
            "channels.training is 'data/x'",
            '[channels.training], and below it: source = "data/x".',
        ),
        ({"source": "data/x"}, "channels.source is 'data/x'", '[channels.training], and below it: source = "data/x".'),
        ("data/x", "channels is 'data/x'", '[channels.training], and below it: source = "data/x".'),
        ({"training": ["data/x"]}, "channels.training is ['data/x']", "[channels.training]"),
    ],
)
def test_a_channel_that_is_no_table_is_refused_with_the_table(channels: Any, problem: str, fix: str) -> None:
    with pytest.raises(UserError) as caught:
        parse_job({"channels": channels}, "jobs/x.toml")
    assert caught.value.problem == f"jobs/x.toml: {problem}, but it must be a table."
    assert fix in caught.value.fix


def test_the_trainers_folder_is_no_part_of_a_programs_name(jobs: Path) -> None:
    (jobs.parent / "trainer").mkdir()
    (jobs.parent / "trainer" / "odd.py").touch()
    check_program("odd.py")
    with pytest.raises(UserError) as caught:
        check_program("trainer/odd.py")
    assert "not part of a program's name" in caught.value.problem
    assert caught.value.fix == 'Write program = "odd.py".'


@pytest.mark.parametrize(
    ("values", "problem", "fix"),
    [
        ({"instance_tipe": "x"}, "instance_tipe", "instance_type"),
        ({"channels": {"training": {"sorce": "x", "source": "x"}}}, "channels.training.sorce", "source"),
        ({"channels": {"training": {}}}, "channels.training: the key source is missing", ""),
        ({"channels": {"train": {"source": "x"}}}, "channel training is missing", ""),
        ({"channels": {**TRAINING, "a b": {"source": "x"}}}, "a b", ""),
        ({"channels": {"training": {"source": "s3://B/x"}}}, "channels.training.source", ""),
        ({"channels": {"training": {"source": "x", "input_mode": "file"}}}, "'File', 'FastFile' or 'Pipe'", ""),
        ({"instance_count": 0}, "instance_count", ""),
        ({"instance_count": "2"}, "instance_count", ""),
        ({"instance_type": "g4dn.xlarge"}, "g4dn.xlarge", ""),
        ({"max_runtime_seconds": 29 * 86400}, "max_runtime_seconds", ""),
        ({"max_wait_seconds": 7200}, "only with spot = true", ""),
        ({"spot": True, "max_wait_seconds": 60}, "must be at least", ""),
        ({"spot": True, "keep_alive_seconds": 60}, "keeps no spot instances", ""),
        ({"keep_alive_seconds": 3601}, "keep_alive_seconds is 3601", ""),
        ({"spot": True, "checkpoints": False}, "checkpoints", ""),
        ({"hyperparameters": {"a": [1]}}, "hyperparameters.a", ""),
        ({"environment": {"1A": "x"}}, "1A", ""),
        ({"environment": {"SAGEMAKER_PROGRAM": "x.py"}}, "program", ""),
        ({"metrics": {"a": "("}}, "metrics.a", ""),
        ({"metrics": {"a": "a=1"}}, "no group", ""),
        ({"tags": {"aws:x": "1"}}, "aws:", ""),
        ({"tags": {"a": "b;c"}}, "b;c", ""),
        ({"program": "/home/me/yard/trainer/x.py"}, "program is '/home/me/yard/trainer/x.py'", 'program = "x.py"'),
        ({"program": "./sub/x.py"}, "path below the folder of its code", 'program = "sub/x.py"'),
        ({"program": "/etc/x.py"}, "path below the folder of its code", "Put a .py or .sh file there"),
        ({"program": "train"}, "path below the folder of its code", "Put a .py or .sh file there"),
    ],
)
def test_errors_name_their_place(values: dict[str, Any], problem: str, fix: str) -> None:
    with pytest.raises(UserError) as caught:
        parse_job({"channels": TRAINING, **values}, "jobs/x.toml")
    assert caught.value.problem.startswith("jobs/x.toml: ")
    assert problem in caught.value.problem
    assert fix in caught.value.fix


def test_channels_are_required() -> None:
    with pytest.raises(UserError) as caught:
        parse_job({}, "jobs/x.toml")
    assert "[channels.training]" in caught.value.problem
    assert parse_job({"program": "train.py"}, "jobs/x.toml").channels == {}


def test_values_keep_their_type_and_text() -> None:
    values = {"a": 1, "b": 0.5, "c": True, "d": " 1 ", "e": "1e3", "f": "True"}
    spec = parse_job({"channels": TRAINING, "hyperparameters": values}, "x")
    assert [(type(value), value) for value in spec.hyperparameters.values()] == [
        (type(value), value) for value in values.values()
    ]
