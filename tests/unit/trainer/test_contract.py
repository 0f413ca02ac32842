import json
import os
import signal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.trainer.trainer_runs import Base
from trainer.contract.failure import run_guarded
from trainer.contract.folders import Folders, read_hyperparameters, unset_absent_channels
from trainer.contract.job import Job, check_gpu, read_job
from trainer.contract.start_program import FAILURE_CHARACTERS, failure_text
from trainyard.errors import JobError
from trainyard.stop import Stop


def read(base: Base, *arguments: str, **environ: str) -> Job:
    return read_job(Folders(base.root), arguments, environ)


@pytest.fixture
def ready(base: Base, tmp_path: Path) -> Base:
    (tmp_path / "images").mkdir()
    return base.channel("training", tmp_path / "images")


def test_the_default_base_folder_is_opt_ml() -> None:
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


def test_arguments_override_sm_variables_and_these_override_the_default_paths(ready: Base, tmp_path: Path) -> None:
    assert read(ready, SM_OUTPUT_DATA_DIR="/a").output_data_dir == Path("/a")
    assert read(ready, "--output-data-dir", "/b", SM_OUTPUT_DATA_DIR="/a").output_data_dir == Path("/b")
    assert read(ready, SM_CHANNEL_VALIDATION=str(tmp_path)).validation == tmp_path


def test_the_folder_of_a_channel_is_found(ready: Base, tmp_path: Path) -> None:
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
def test_variables_of_absent_channels_are_unset(
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


def test_a_tuning_job_s_training_jobs_keep_their_checkpoints_apart(ready: Base) -> None:
    ready.configure(hyperparameters={"epochs": "3", "_tuning_objective_metric": "val_loss"})
    job, own = "digits-001-abcd1234", ready.root / "checkpoints" / "digits-001-abcd1234"
    assert read(ready, TRAINING_JOB_NAME=job).checkpoint_dir == own
    assert read(ready, TRAINING_JOB_NAME=job, SM_CHECKPOINT_DIR="/x").checkpoint_dir == Path("/x") / job
    assert read(ready, TRAINING_JOB_NAME="../digits").checkpoint_dir == ready.root / "checkpoints"
    ready.configure(hyperparameters={"epochs": "3"})
    assert read(ready, TRAINING_JOB_NAME=job).checkpoint_dir == ready.root / "checkpoints"


def test_the_command_line_overrides_hyperparameters_json(ready: Base) -> None:
    ready.configure(hyperparameters={"epochs": "3", "learning_rate": "0.5"})
    job = read(ready, "--epochs", "7")
    assert (job.hyperparameters.epochs, job.hyperparameters.learning_rate) == (7, 0.5)


def test_keys_that_sagemaker_adds_are_ignored(ready: Base) -> None:
    ready.configure(hyperparameters={"_tuning_objective_metric": "val_accuracy", "sagemaker_program": "x", "seed": "4"})
    assert read(ready).hyperparameters.seed == 4


@pytest.mark.parametrize(("name", "close"), [("epoch", "epochs"), ("learning-rate", "learning_rate")])
def test_the_error_for_an_unknown_hyperparameter_names_the_nearest_one(ready: Base, name: str, close: str) -> None:
    with pytest.raises(JobError, match=f"'{name}': did you mean {close}"):
        read(ready, f"--{name}", "3")
    ready.configure(hyperparameters={name: "3"})
    with pytest.raises(JobError, match=f"'{name}': did you mean {close}"):
        read(ready)


def test_hyperparameters_cannot_set_the_folders(ready: Base) -> None:
    ready.configure(hyperparameters={"model-dir": "/tmp/elsewhere"})
    with pytest.raises(JobError, match="Unknown hyperparameter 'model-dir'"):
        read(ready)


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("epochs", "many", "'many' is not a whole number"),
        ("epochs", "1.5", "not a whole number"),
        ("epochs", "0", "0 is not between 1 and 10000"),
        ("learning_rate", "nan", "nan is not between"),
        ("learning_rate", "inf", "inf is not between"),
        ("channels", "2", "allowed are 1, 3"),
        ("model", "resnet50", "did you mean ResNet50"),
        ("epochs", "", "not a whole number"),
    ],
)
def test_the_error_for_a_value_that_is_not_allowed_says_why(ready: Base, name: str, value: str, reason: str) -> None:
    ready.configure(hyperparameters={name: value})
    with pytest.raises(JobError, match=rf"--{name}: .*{reason}"):
        read(ready)


def test_the_training_channel_is_required(base: Base) -> None:
    with pytest.raises(JobError, match="channel 'training' is missing"):
        read(base)


def test_without_a_configuration_there_is_one_host(ready: Base) -> None:
    job = read(ready)
    assert (job.hosts, job.current_host) == (("localhost",), "localhost")


def test_resourceconfig_lists_the_hosts(ready: Base) -> None:
    ready.configure(resourceconfig={"hosts": ["algo-1", "algo-2"], "current_host": "algo-2"})
    job = read(ready)
    assert (job.hosts, job.current_host) == (("algo-1", "algo-2"), "algo-2")
    assert read(ready, SM_HOSTS='["algo-1", "algo-2"]', SM_CURRENT_HOST="algo-1").current_host == "algo-1"


@pytest.mark.parametrize("current", [{}, {"current_host": "algo-3"}])
def test_a_host_that_is_not_in_the_list_is_refused(ready: Base, current: dict[str, str]) -> None:
    ready.configure(resourceconfig={"hosts": ["algo-1", "algo-2"], **current})
    with pytest.raises(JobError, match="is not one of the job's hosts: algo-1, algo-2"):
        read(ready)


@pytest.mark.parametrize("text", ["algo-1", "[]", "[1]", '{"a": 1}'])
def test_hosts_must_be_a_json_list_of_names(ready: Base, text: str) -> None:
    with pytest.raises(JobError, match="not a JSON list of hosts"):
        read(ready, SM_HOSTS=text)


def test_a_model_folder_outside_sagemakers_causes_a_warning(ready: Base, capsys: pytest.CaptureFixture[str]) -> None:
    assert read(ready, SM_MODEL_DIR="/opt/ml/output").model_dir == Path("/opt/ml/output")
    assert f"keeps only the files in {ready.root / 'model'}" in capsys.readouterr().out
    read(ready)
    assert capsys.readouterr().out == ""


def test_the_error_names_the_broken_configuration_file(ready: Base) -> None:
    ready.configure(hyperparameters=[])
    with pytest.raises(JobError, match=r"hyperparameters\.json does not contain a JSON object"):
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


def test_the_failure_file_contains_the_text_of_a_job_error(base: Base) -> None:
    assert run_guarded(lambda: raising(JobError("No images.")), Folders(base.root)) == 1
    assert base.failure == "No images."


def test_the_failure_file_contains_the_text_and_the_place_of_an_exception(base: Base) -> None:
    assert run_guarded(lambda: raising(ValueError("broken é")), Folders(base.root)) == 1
    assert base.failure.startswith("ValueError: broken é\n")
    assert "in raising" in base.failure.splitlines()[1]


def test_success_writes_no_failure_file(base: Base) -> None:
    assert run_guarded(lambda: 0, Folders(base.root)) == 0
    assert not (base.root / "output").exists()


def test_the_reason_is_printed_if_the_failure_file_cannot_be_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "output").write_text("a file in its way")
    assert run_guarded(lambda: raising(JobError("No images.")), Folders(tmp_path)) == 1
    assert "No images." in capsys.readouterr().err


@given(st.text())
def test_the_failure_text_fits_into_failurereason_and_starts_with_the_exception(message: str) -> None:
    try:
        raising(RuntimeError(message * 50))
    except RuntimeError as error:
        text = failure_text(error, error.__traceback__)
    assert len(text) <= FAILURE_CHARACTERS
    assert text.startswith("RuntimeError")


def test_sigterm_is_recorded_and_does_not_end_the_process() -> None:
    before = signal.getsignal(signal.SIGTERM)
    stop = Stop()
    try:
        stop.listen()
        os.kill(os.getpid(), signal.SIGTERM)
        assert stop.requested
    finally:
        signal.signal(signal.SIGTERM, before)


def test_hyperparameters_are_read_exactly_as_they_were_sent(base: Base) -> None:
    sent = {"a": "007", "b": ' "quoted" $HOME\n', "c": "1e3", "d": "", "e": '"half', "f": '"a" and "b"'}
    base.configure(hyperparameters=sent)
    assert read_hyperparameters(Folders(base.root)) == sent
    assert json.loads((base.root / "input/config/hyperparameters.json").read_text()) == sent


def test_a_json_string_is_decoded(base: Base) -> None:
    base.configure(hyperparameters={"lines": json.dumps("one\ntwo"), "quoted": json.dumps('"so"'), "number": "1"})
    assert read_hyperparameters(Folders(base.root)) == {"lines": "one\ntwo", "quoted": '"so"', "number": "1"}
