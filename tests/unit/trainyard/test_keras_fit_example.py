"""The example of docs/own-script-resume.md with `fit`: a stop in the middle of an epoch changes nothing."""

import json
import shutil
from pathlib import Path

import pytest

from tests.unit.trainer import forked
from tests.unit.trainer.trainer_runs import ROOT, environment, write_digits

pytestmark = pytest.mark.e2e

EXAMPLE = (ROOT / "docs" / "examples" / "keras_fit.py").read_text(encoding="utf-8")
PAGE = (ROOT / "docs" / "own-script-resume.md").read_text(encoding="utf-8")

# A callback of the example sends SIGTERM after so many batches.
PRELUDE = """
import os, signal, sys
import keras

sys.path.insert(0, os.environ["CODE"])
batches = []


def stop(*_, **__):
    batches.append(1)
    if len(batches) == {stop_after}:
        os.kill(os.getpid(), signal.SIGTERM)


keras.callbacks.EarlyStopping.on_train_batch_end = stop
"""
AFTER = """
import hashlib, json
digest = hashlib.sha256(b"".join(weights.tobytes() for weights in model.get_weights())).hexdigest()
print(json.dumps([digest, resume.history, len(batches), resume.stopped, "trainyard" in sys.modules]))
"""


def run(folder: Path, name: str, *, module: str = "trainyard.resume", stop_after: int = 0) -> tuple[list[object], str]:
    """Run the example, with three epochs.

    Returns:
        What `AFTER` prints, and the whole log.
    """
    checkpoints, model = folder / name / "checkpoints", folder / name / "model"
    for each in (checkpoints, model):
        each.mkdir(parents=True, exist_ok=True)
    code = EXAMPLE.replace("epochs=20", "epochs=3").replace("from trainyard import", f"from {module} import")
    places = {
        "SAGEMAKER_BASE_DIR": folder / name,
        "CODE": folder,
        "SM_MODEL_DIR": model,
        "SM_CHANNEL_TRAINING": folder / "data",
    }
    ended = forked.run(
        ["-c", PRELUDE.format(stop_after=stop_after) + code + AFTER],
        folder,
        environment(**{key: str(value) for key, value in places.items()}),
        timeout=240,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert (model / "model.keras").exists()
    return json.loads(ended.stdout.splitlines()[-1]), ended.stdout


def test_the_page_shows_the_example() -> None:
    assert f"```python\n{EXAMPLE}```\n" in PAGE


def test_the_example_resumes_at_the_step(tmp_path: Path) -> None:
    write_digits(tmp_path / "data", range(320))
    # The file alone, beside the script.
    shutil.copy(ROOT / "trainyard" / "resume.py", tmp_path)
    uninterrupted, _ = run(tmp_path, "whole", module="resume")
    assert uninterrupted[2:] == [30, False, False]
    stopped, _ = run(tmp_path, "cut", stop_after=14)
    assert stopped[2:] == [14, True, True]
    resumed, log = run(tmp_path, "cut")
    assert f"trainyard: resumes from {tmp_path}/cut/checkpoints/step-00000014: epoch 2, after step 4\n" in log
    assert "Epoch 2/3\n10/10 - " in log
    assert resumed[:3] == [*uninterrupted[:2], 16]
