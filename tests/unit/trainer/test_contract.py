import json
import os
import signal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.trainer.trainer_runs import Base
from trainer.contract.errors import JobError
from trainer.contract.failure import FAILURE_CHARACTERS, failure_text, guarded
from trainer.contract.folders import Folders, given_hyperparameters, unset_absent_channels
from trainer.contract.job import Job, check_gpu, read_job
from trainer.contract.stop import Stop


def read(base: Base, *arguments: str, **environ: str) -> Job:
    return read_job(Folders(base.root), arguments, environ)


@pytest.fixture
def ready(base: Base, tmp_path: Path) -> Base:
    (tmp_path / "images").mkdir()
    return base.channel("training", tmp_path / "images")


def test_without_anything_the_standard_folders_are_used() -> None:
    folders = Folders.of({})
    assert str(folders.model) == "/opt/ml/model"
    assert str(folders.output) == "/opt/ml/output"
    assert str(Folders.of({"SAGEMAKER_BASE_DIR": "/x"}).channels) == "/x/input/data"


def test_defaults_follow_the_base_folder(ready: Base) -> None:
    job = read(ready)
    assert job.model_dir == ready.root / "model"
    assert job.output_data_dir == ready.root / "output" / "data"
    assert job.checkpoint_dir == ready.root / "checkpoints"
    assert (job.validation, job.weights) == (None, None)
    assert job.hyperparameters.epochs == 10


def test_sm_variables_come_before_the_standard_path_and_arguments_before_both(ready: Base, tmp_path: Path) -> None:
    assert read(ready, SM_OUTPUT_DATA_DIR="/a").output_data_dir == Path("/a")
    assert read(ready, "--output-data-dir", "/b", SM_OUTPUT_DATA_DIR="/a").output_data_dir == Path("/b")
    assert read(ready, SM_CHANNEL_VALIDATION=str(tmp_path)).validation == tmp_path


def test_a_channel_that_is_there_is_found(ready: Base, tmp_path: Path) -> None:
    ready.channel("validation", tmp_path)
    assert read(ready).validation == ready.root / "input" / "data" / "validation"


@pytest.mark.parametrize(
    ("inputs", "kept"),
    [
        ({"training": {}}, ["ELSEWHERE", "TRAINING"]),
        ({"training": {}, "test": {}}, ["ELSEWHERE", "TEST", "TRAINING"]),  # a pipe has no folder
        ({}, ["ELSEWHERE", "TRAINING", "VALIDATION"]),
    ],
)
def test_variables_of_channels_that_the_job_lacks_are_unset(
    base: Base, tmp_path: Path, inputs: dict[str, object], kept: list[str]
) -> None:
    base.configure(inputdataconfig=inputs).channel("training", tmp_path).channel("validation", tmp_path)
    channels = base.root / "input" / "data"
    environ = {f"SM_CHANNEL_{name.upper()}": str(channels / name) for name in ("training", "validation", "test")}
    environ |= {"SM_CHANNEL_ELSEWHERE": "/somewhere", "SM_MODEL_DIR": str(channels / "x")}
    unset_absent_channels(Folders(base.root), environ)
    assert sorted(environ) == [*(f"SM_CHANNEL_{name}" for name in kept), "SM_MODEL_DIR"]


def test_checkpointconfig_names_the_checkpoint_folder(ready: Base) -> None:
    ready.configure(checkpointconfig={"LocalPath": "/somewhere"})
    assert read(ready).checkpoint_dir == Path("/somewhere")


def test_the_command_line_wins_over_hyperparameters_json(ready: Base) -> None:
    ready.configure(hyperparameters={"epochs": "3", "learning_rate": "0.5"})
    job = read(ready, "--epochs", "7")
    assert (job.hyperparameters.epochs, job.hyperparameters.learning_rate) == (7, 0.5)


def test_what_sagemaker_adds_itself_is_no_hyperparameter(ready: Base) -> None:
    ready.configure(hyperparameters={"_tuning_objective_metric": "val_accuracy", "sagemaker_program": "x", "seed": "4"})
    assert read(ready).hyperparameters.seed == 4


@pytest.mark.parametrize(("name", "close"), [("epoch", "epochs"), ("learning-rate", "learning_rate")])
def test_an_unknown_hyperparameter_names_the_nearest(ready: Base, name: str, close: str) -> None:
    with pytest.raises(JobError, match=f"'{name}': did you mean {close}"):
        read(ready, f"--{name}", "3")
    ready.configure(hyperparameters={name: "3"})
    with pytest.raises(JobError, match=f"'{name}': did you mean {close}"):
        read(ready)


def test_an_argument_of_the_environment_is_no_hyperparameter(ready: Base) -> None:
    ready.configure(hyperparameters={"model-dir": "/tmp/elsewhere"})
    with pytest.raises(JobError, match="Unknown hyperparameter 'model-dir'"):
        read(ready)


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("epochs", "many", "'many' is no whole number"),
        ("epochs", "1.5", "no whole number"),
        ("epochs", "0", "0 is outside 1 to 10000"),
        ("learning_rate", "nan", "nan is outside"),
        ("learning_rate", "inf", "inf is outside"),
        ("channels", "2", "possible are 1, 3"),
        ("model", "resnet50", "nearest is ResNet50"),
        ("epochs", "", "no whole number"),
    ],
)
def test_an_impossible_value_says_why(ready: Base, name: str, value: str, reason: str) -> None:
    ready.configure(hyperparameters={name: value})
    with pytest.raises(JobError, match=rf"--{name}: .*{reason}"):
        read(ready)


def test_the_training_channel_is_required(base: Base) -> None:
    with pytest.raises(JobError, match="channel 'training' is missing"):
        read(base)


def test_without_a_configuration_there_is_one_host(ready: Base) -> None:
    job = read(ready)
    assert (job.hosts, job.current_host) == (("localhost",), "localhost")


def test_the_hosts_are_those_of_resourceconfig(ready: Base) -> None:
    ready.configure(resourceconfig={"hosts": ["algo-1", "algo-2"], "current_host": "algo-2"})
    job = read(ready)
    assert (job.hosts, job.current_host) == (("algo-1", "algo-2"), "algo-2")
    assert read(ready, SM_HOSTS='["algo-1", "algo-2"]', SM_CURRENT_HOST="algo-1").current_host == "algo-1"


@pytest.mark.parametrize("current", [{}, {"current_host": "algo-3"}])
def test_a_host_that_is_none_of_the_jobs_is_refused(ready: Base, current: dict[str, str]) -> None:
    ready.configure(resourceconfig={"hosts": ["algo-1", "algo-2"], **current})
    with pytest.raises(JobError, match="none of the job's hosts: algo-1, algo-2"):
        read(ready)


@pytest.mark.parametrize("text", ["algo-1", "[]", "[1]", '{"a": 1}'])
def test_hosts_that_are_no_list_say_what_they_should_be(ready: Base, text: str) -> None:
    with pytest.raises(JobError, match="no JSON list of hosts"):
        read(ready, SM_HOSTS=text)


def test_a_model_folder_that_is_not_packed_is_warned_about(ready: Base, capsys: pytest.CaptureFixture[str]) -> None:
    assert read(ready, SM_MODEL_DIR="/opt/ml/output").model_dir == Path("/opt/ml/output")
    assert f"keeps only what is in {ready.root / 'model'}" in capsys.readouterr().out
    read(ready)
    assert capsys.readouterr().out == ""


def test_broken_configuration_is_named(ready: Base) -> None:
    ready.configure(hyperparameters=[])
    with pytest.raises(JobError, match=r"hyperparameters\.json holds no JSON object"):
        read(ready)
    (ready.root / "input" / "config" / "hyperparameters.json").write_text("{")
    with pytest.raises(JobError, match="is not JSON"):
        read(ready)


@pytest.mark.parametrize("instance", ["ml.g4dn.4xlarge", "ml.p5.48xlarge", "ml.g6e.xlarge"])
def test_a_gpu_instance_without_a_gpu_is_refused(instance: str) -> None:
    with pytest.raises(JobError, match=f"{instance} has a GPU, but none is visible"):
        check_gpu(instance, 0, {})
    check_gpu(instance, 1, {})
    check_gpu(instance, 0, {"TRAINER_WITHOUT_GPU": "allow"})


@pytest.mark.parametrize("instance", ["ml.m5.xlarge", "ml.c5.xlarge", "local", "ml.trn1.2xlarge"])
def test_other_instances_need_no_gpu(instance: str) -> None:
    check_gpu(instance, 0, {})


def raising(error: Exception) -> int:
    raise error


def test_a_reason_goes_to_the_failure_file_as_it_is(base: Base) -> None:
    assert guarded(lambda: raising(JobError("No images.")), Folders(base.root)) == 1
    assert base.failure == "No images."


def test_an_exception_leaves_its_text_and_place(base: Base) -> None:
    assert guarded(lambda: raising(ValueError("broken é")), Folders(base.root)) == 1
    assert base.failure.startswith("ValueError: broken é\n")
    assert "in raising" in base.failure.splitlines()[1]


def test_success_leaves_no_failure_file(base: Base) -> None:
    assert guarded(lambda: 0, Folders(base.root)) == 0
    assert not (base.root / "output").exists()


def test_a_failure_file_that_cannot_be_written_hides_no_reason(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "output").write_text("a file in its way")
    assert guarded(lambda: raising(JobError("No images.")), Folders(tmp_path)) == 1
    assert "No images." in capsys.readouterr().err


@given(st.text())
def test_a_failure_fits_into_failurereason_and_keeps_the_exception_and_the_place(message: str) -> None:
    try:
        raising(RuntimeError(message * 50))
    except RuntimeError as error:
        text = failure_text(error)
    assert len(text) <= FAILURE_CHARACTERS
    assert text.startswith("RuntimeError")


def test_sigterm_is_noted_and_ends_nothing() -> None:
    before = signal.getsignal(signal.SIGTERM)
    stop = Stop()
    try:
        stop.listen()
        os.kill(os.getpid(), signal.SIGTERM)
        assert stop.requested
    finally:
        signal.signal(signal.SIGTERM, before)


def test_hyperparameters_stay_the_strings_that_were_sent(base: Base) -> None:
    sent = {"a": "007", "b": ' "quoted" $HOME\n', "c": "1e3", "d": "", "e": '"half', "f": '"a" and "b"'}
    base.configure(hyperparameters=sent)
    assert given_hyperparameters(Folders(base.root)) == sent
    assert json.loads((base.root / "input/config/hyperparameters.json").read_text()) == sent


def test_a_json_string_stands_for_what_is_in_it(base: Base) -> None:
    base.configure(hyperparameters={"lines": json.dumps("one\ntwo"), "quoted": json.dumps('"so"'), "number": "1"})
    assert given_hyperparameters(Folders(base.root)) == {"lines": "one\ntwo", "quoted": '"so"', "number": "1"}
