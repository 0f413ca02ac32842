"""The trainer as SageMaker starts it: a process, its folders, its signals."""

import csv
import json
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.signals import wait_for_handler
from tests.unit.trainer.trainer_runs import (
    ROOT,
    SIGNAL_AFTER,
    SMALL,
    Base,
    environment,
    equal,
    forked_trainer,
    trainer,
    weights,
)

EPOCHS = {**SMALL, "epochs": "6"}
ENDLESS = {**SMALL, "epochs": "5000"}


def make_base(root: Path, digits: Path, **hyperparameters: str) -> Base:
    base = Base(root).configure(hyperparameters=hyperparameters)
    return base.channel("training", digits / "training").channel("validation", digits / "validation")


def test_errors_in_settings_are_reported_before_tensorflow_is_imported(base: Base) -> None:
    base.configure(hyperparameters={"epoch": "3"})
    code = (
        "import sys; from trainer import commands; from trainyard.stop import Stop; "
        "commands.main(['train'], Stop()); "
        "sys.exit('tensorflow' in sys.modules)"
    )
    variables = environment(SAGEMAKER_BASE_DIR=str(base.root))
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=variables, check=False).returncode == 0
    process = base.start_new_python()
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 1
    assert base.failure == "Unknown hyperparameter 'epoch': did you mean epochs?"
    assert errors == f"Error: {base.failure}\n"


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory: pytest.TempPathFactory, digits: Path) -> tuple[Base, str]:
    """The folders of a job that ran to its end, and its log."""
    base = make_base(tmp_path_factory.mktemp("uninterrupted") / "ml", digits, **EPOCHS)
    completed = base.train()
    assert completed.returncode == 0, completed.stderr
    assert completed.stderr == ""  # no messages of TensorFlow
    return base, completed.stdout


@pytest.mark.e2e
def test_a_job_writes_model_labels_and_history(uninterrupted: tuple[Base, str]) -> None:
    base, log = uninterrupted
    model = base.root / "model"
    assert sorted(path.name for path in model.iterdir()) == ["1", "labels.json", "model.keras"]
    assert json.loads((model / "labels.json").read_text()) == [str(label) for label in range(10)]
    lines = [line for line in log.splitlines() if line.startswith("epoch=")]
    pattern = r"epoch=\d epochs=6 loss=\S+ accuracy=\S+ val_loss=\S+ val_accuracy=\S+ learning_rate=\S+ seconds=\S+"
    assert len(lines) == 6
    assert all(re.fullmatch(rf"{pattern} images_per_second=\S+", line) for line in lines)
    assert [epoch["epoch"] for epoch in base.history["history"]] == [1, 2, 3, 4, 5, 6]
    assert base.history["best_epoch"] in range(1, 7)
    assert base.steps[-1] == 60  # 600 images in batches of 64: ten steps an epoch
    # The epoch's seconds include the compilation, its images per second do not: ten steps take a tenth of that.
    first = base.history["history"][0]
    assert 640 / first["images_per_second"] < first["seconds"] / 2


@pytest.mark.e2e
def test_a_job_writes_a_report_and_its_history(uninterrupted: tuple[Base, str]) -> None:
    output, history = uninterrupted[0].root / "output/data", uninterrupted[0].history
    names = ["confusion_matrix.json", "confusion_matrix.png", "history.json", "history.jsonl", "metrics.json"]
    assert sorted(path.name for path in output.iterdir()) == [*names, "tensorboard"]
    metrics = json.loads((output / "metrics.json").read_text())
    best = history["history"][history["best_epoch"] - 1]
    assert (metrics["accuracy"], metrics["loss"]) == pytest.approx((best["val_accuracy"], best["val_loss"]), rel=1e-4)
    matrix = json.loads((output / "confusion_matrix.json").read_text())["matrix"]
    assert sum(map(sum, matrix)) == metrics["images"] == 200
    assert [json.loads(line) for line in (output / "history.jsonl").read_text().splitlines()] == history["history"]
    assert f"f1={metrics['f1']:.4f}" in uninterrupted[1]


@pytest.mark.e2e
def test_tensorboard_finds_the_numbers_of_each_epoch(uninterrupted: tuple[Base, str]) -> None:
    import tensorflow as tf

    (file,) = (uninterrupted[0].root / "output/data/tensorboard").iterdir()
    found = {
        (value.tag, event.step): float(tf.make_ndarray(value.tensor))
        for event in tf.compat.v1.train.summary_iterator(str(file))
        for value in event.summary.value
        if value.metadata.plugin_data.plugin_name == "scalars"
    }
    history = uninterrupted[0].history["history"]
    assert len(found) == 7 * len(history)
    expected = {("val_loss", epoch["epoch"]): epoch["val_loss"] for epoch in history}
    assert {key: value for key, value in found.items() if key[0] == "val_loss"} == pytest.approx(expected)


@pytest.mark.e2e
def test_evaluate_scores_the_model(
    uninterrupted: tuple[Base, str], digits: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)
    model = str(uninterrupted[0].root / "model")
    folders = ("--data", str(digits / "test"), "--output", str(tmp_path / "report"))
    completed = trainer("evaluate", "--model", model, *folders)
    assert (completed.returncode, completed.stderr) == (0, "")
    assert [path.name for path in tmp_path.iterdir()] == [
        "report"
    ]  # AutoGraph leaves files in the folder of temporary files
    result = json.loads(completed.stdout)
    assert result["images"] == 200
    assert result["accuracy"] > 0.8
    assert sum(label["images"] for label in result["labels"].values()) == 200
    weighted = sum(label["images"] * label["recall"] for label in result["labels"].values()) / 200
    assert weighted == pytest.approx(result["accuracy"])
    names = ["confusion_matrix.json", "confusion_matrix.png", "metrics.json", "predictions.csv"]
    assert sorted(path.name for path in (tmp_path / "report").iterdir()) == names
    with (tmp_path / "report/predictions.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert sum(row["label"] == row["predicted"] for row in rows) == round(200 * result["accuracy"])

    some = rows[:3] + rows[-3:]
    answered = forked_trainer("predict", "--model", model, *(str(digits / "test" / row["image"]) for row in some))
    lines = [line.split("\t") for line in answered.stdout.splitlines()]
    assert [label for _, label, _ in lines] == [row["predicted"] for row in some]
    assert [float(each) for _, _, each in lines] == pytest.approx([float(row["probability"]) for row in some], abs=1e-3)


@pytest.mark.e2e
def test_evaluate_names_the_missing_file(uninterrupted: tuple[Base, str], tmp_path: Path) -> None:
    completed = forked_trainer("evaluate", "--model", str(tmp_path), "--data", str(tmp_path))
    assert (completed.returncode, completed.stdout) == (1, "")
    assert completed.stderr.startswith(f"There is no {tmp_path}/model.keras")


@pytest.mark.e2e
def test_a_stopped_and_resumed_run_ends_like_an_uninterrupted_one(
    uninterrupted: tuple[Base, str], tmp_path: Path, digits: Path
) -> None:
    # Steps are counted from one checkpoint to the next: on a fast machine, one call would do the whole epoch.
    base = make_base(tmp_path / "ml", digits, **EPOCHS, checkpoint_steps="7")
    base.prelude = SIGNAL_AFTER.format(step=20, number=int(signal.SIGTERM))
    stopped = base.train()
    assert (stopped.returncode, stopped.stderr) == (0, "")
    assert "ended: stopped after step" in stopped.stdout
    assert (base.root / "model" / "model.keras").is_file()
    assert not (base.root / "output" / "failure").exists()
    stopped_at = base.steps[-1]
    assert stopped_at == 21  # the first of the third epoch

    base.prelude = ""
    completed = base.train()
    assert completed.returncode == 0, completed.stderr
    assert f"step {stopped_at} of 60" in completed.stdout
    assert base.steps[-1] == 60
    assert equal(weights(base), weights(uninterrupted[0]))
    models = [(each.root / "model/model.keras").read_bytes() for each in (base, uninterrupted[0])]
    assert models[0] == models[1]
    names = ("loss", "accuracy", "val_loss", "val_accuracy", "learning_rate")
    histories = [[[epoch[name] for name in names] for epoch in b.history["history"]] for b in (base, uninterrupted[0])]
    assert histories[0] == histories[1]


# Prints for each thread, after the import of TensorFlow, whether it blocks SIGTERM: the signal's bit of the line SigBlk
# (`man 5 proc_pid_status`).
IMPORTED = """
import signal
from pathlib import Path
from trainer import commands

imported = commands._import_tensorflow
def import_and_look():
    imported()
    texts = [path.read_text() for path in Path("/proc/self/task").glob("*/status")]
    masks = [int(text.partition("SigBlk:")[2].split()[0], 16) for text in texts]
    print("threads that block SIGTERM:", *(mask >> (signal.SIGTERM - 1) & 1 for mask in masks), flush=True)
commands._import_tensorflow = import_and_look
"""


@pytest.mark.e2e
def test_a_stop_before_the_first_step_writes_the_untrained_model(tmp_path: Path, digits: Path) -> None:
    base = make_base(tmp_path / "ml", digits, **ENDLESS)
    base.prelude = IMPORTED
    process = base.start_new_python()
    wait_for_handler(Path(f"/proc/{process.pid}/status").read_text)  # the import of TensorFlow comes after it
    process.send_signal(signal.SIGTERM)
    out, _ = process.communicate(timeout=120)
    assert process.returncode == 0
    assert re.search(r"^threads that block SIGTERM:( 1)+$", out, re.MULTILINE), out
    assert "model of the unfinished first epoch saved to" in out
    assert (base.root / "model" / "1" / "saved_model.pb").is_file()
    assert base.history["history"] == []


@pytest.mark.e2e
def test_a_checkpoint_of_another_run_is_refused(uninterrupted: tuple[Base, str], tmp_path: Path, digits: Path) -> None:
    base = make_base(tmp_path / "ml", digits, **EPOCHS)
    (base.root / "checkpoints").symlink_to(uninterrupted[0].root / "checkpoints")
    assert base.train("--batch_size", "32").returncode == 1
    assert "its batch_size is 64, this run's is 32" in base.failure


@pytest.fixture(scope="module")
def tuned(uninterrupted: tuple[Base, str], tmp_path_factory: pytest.TempPathFactory, digits: Path) -> Base:
    """The first epoch of a tuning job's second job, with another seed: it cannot resume from the first."""
    values = {**EPOCHS, "epochs": "1", "schedule_epochs": "6", "_tuning_objective_metric": "val_loss"}
    base = make_base(tmp_path_factory.mktemp("tuned") / "ml", digits, **values)
    # SageMaker restores the whole prefix.
    shutil.copytree(uninterrupted[0].root / "checkpoints", base.root / "checkpoints" / "digits-001-0a1b2c3d")
    base.environment["TRAINING_JOB_NAME"] = "digits-002-4e5f6a7b"
    ended = base.train("--seed", "1")
    assert ended.returncode == 0, ended.stderr
    return base


@pytest.mark.e2e
def test_the_jobs_of_a_tuning_job_keep_their_own_checkpoints_on_one_prefix(
    tuned: Base, uninterrupted: tuple[Base, str]
) -> None:
    first, second = sorted((tuned.root / "checkpoints").iterdir())
    assert (first.name, second.name) == ("digits-001-0a1b2c3d", "digits-002-4e5f6a7b")
    assert max(path.name for path in second.iterdir()) == "step-00000010"
    of_the_first = (uninterrupted[0].root / "checkpoints").iterdir()
    assert {path.name for path in first.iterdir()} == {path.name for path in of_the_first}


@pytest.mark.e2e
def test_another_seed_gives_another_loss(tuned: Base, uninterrupted: tuple[Base, str]) -> None:
    one, other = (base.history["history"][0] for base in (tuned, uninterrupted[0]))
    assert one["learning_rate"] == other["learning_rate"]
    assert one["loss"] != other["loss"]


@pytest.mark.e2e
def test_a_gpu_instance_without_a_gpu_fails(tmp_path: Path, digits: Path) -> None:
    if any(Path("/dev").glob("nvidia[0-9]*")):
        pytest.skip("this machine has a GPU")
    base = make_base(tmp_path / "ml", digits, **SMALL)
    resources = {"current_instance_type": "ml.g4dn.4xlarge", "hosts": ["algo-1"], "current_host": "algo-1"}
    base.configure(resourceconfig=resources)
    assert base.train().returncode == 1
    assert base.failure.startswith("ml.g4dn.4xlarge has a GPU, but none is visible")


@pytest.mark.e2e
def test_an_image_that_cannot_be_read_is_named(tmp_path: Path, digits: Path) -> None:
    settings = {**SMALL, "epochs": "1", "augmentation": "none"}
    base = Base(tmp_path / "ml").configure(hyperparameters=settings)
    for label in ("0", "1"):
        (tmp_path / "images" / label).mkdir(parents=True)
        for image in sorted((digits / "training" / label).iterdir())[:20]:
            (tmp_path / "images" / label / image.name).write_bytes(image.read_bytes())
    broken = tmp_path / "images" / "1" / "broken.PNG"
    broken.write_bytes(b"\x89PNG and no more")
    base.channel("training", tmp_path / "images")
    assert base.train().returncode == 1
    assert base.failure == (
        f"1 of 41 files cannot be read as images: {base.root}/input/data/training/1/broken.PNG. "
        "Delete them, or set the hyperparameter unreadable=skip to train without them."
    )
    base.configure(hyperparameters=settings | {"unreadable": "skip"})
    completed = base.train()
    assert completed.returncode == 0, completed.stderr
    assert "/training/1/broken.PNG; skipped" in completed.stdout
