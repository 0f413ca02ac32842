"""`make prove-resume JOB=` on jobs that resume, that lose everything, and that fail when they resume.

tests/unit/job_proof has the other verdicts: programs that no two runs repeat, or that never read their checkpoints.

The programs count their starts. After a checkpoint, those that shall be interrupted wait until they are. Without
checkpoints, the interruption comes in the middle of the time of an uninterrupted run: so that one waits too.
"""

import json
import os
import re
import signal
import subprocess
import time
from collections.abc import Iterator

import pytest

from tests.conftest import ROOT, Project
from tests.few_digits import write_few_digits

pytestmark = pytest.mark.e2e

PROGRAM = """
import json, os, time
from pathlib import Path

kind = json.loads(os.environ["SM_HPS"])["kind"]
if kind == "waits":
    time.sleep(600)
counter = Path(__file__).parents[1] / "build" / f"starts-{kind.split()[0]}"
start = int(counter.read_text()) if counter.exists() else 0
counter.write_text(str(start + 1))
is_interrupted = start == 2 or (start == 3 and kind == "resumes")  # the first two starts are the uninterrupted runs
saved = Path(os.environ["SAGEMAKER_BASE_DIR"], "checkpoints", "state.json")
epoch, weight = 0, 1.0
if kind == "fails when it resumes" and saved.exists():
    raise SystemExit("no such checkpoint")
if kind == "resumes" and saved.exists():
    epoch, weight = json.loads(saved.read_text())
while epoch < 6:
    epoch += 1
    weight = 0.9 * weight + 0.005
    print(f"epoch={epoch} loss={weight}", flush=True)
    if epoch in (2, 4):
        if kind == "reads and writes nothing":
            time.sleep(600 if is_interrupted else 3)
            continue
        part = saved.with_name("part")
        part.write_text(json.dumps([epoch, weight]))
        part.rename(saved)
        if is_interrupted:
            time.sleep(600)
Path(os.environ["SM_MODEL_DIR"], "model.json").write_text(json.dumps(weight))
"""
JOB = """
program = "small.py"
instance_type = "ml.m5.large"
[hyperparameters]
kind = "resumes"
[metrics]
loss = "loss=([0-9.]+)"
"""
FROM_ZERO = "It starts from zero each time (by the metric lines of the log): this script loses everything."
RUN = re.compile(r"^Run: (\S+)$", re.MULTILINE)


@pytest.fixture(scope="module")
def small(yard: Project, demo: str) -> Iterator[Project]:
    """The yard with the job file small.toml and its program."""
    files = {"trainer/small.py": PROGRAM, "jobs/small.toml": JOB}
    for name, content in files.items():
        (yard.folder / name).write_text(content)
    yield yard
    for name in files:
        (yard.folder / name).unlink()


def prove(project: Project, kind: str, kills: int) -> "subprocess.Popen[str]":
    """Start the proof of a program with interruptions. No start of it was counted yet."""
    (project.folder / "build" / f"starts-{kind.split()[0]}").unlink(missing_ok=True)
    return project.start("make", "prove-resume", "JOB=small", f"KILLS={kills}", f"HP=kind='{kind}'", "YES=1")


def test_small_programs_get_their_verdicts(small: Project) -> None:
    """Half a minute: three programs with three runs each, two of them at the same time."""
    started = [prove(small, "resumes", 2), prove(small, "reads and writes nothing", 1)]
    resumes, nothing = ((process.communicate(timeout=200)[0], process.returncode) for process in started)
    with prove(small, "fails when it resumes", 1) as process:
        fails = process.communicate(timeout=200)[0], process.returncode

    output, code = resumes
    assert code == 0, output
    assert "Same bits: 1 file of the model and 1 metric are equal.\n0 epochs trained again" in output
    assert re.search(r"INTERRUPT=\d+\.\d{3}s:checkpoint:kill,\d+\.\d{3}s:checkpoint$", output, re.MULTILINE)
    assert re.search(
        r"^1 .* epoch 1 to 2 +SIGKILL\n2 .* epoch 3 to 4 +SIGTERM\n3 .* epoch 5 to 6 +itself$", output, re.M
    )
    jobs = RUN.findall(output)
    assert f"\nThe runs: {', '.join(f'runs/{job}' for job in jobs)}.\n" in output
    for job, count in zip(jobs, (0, 0, 2), strict=True):
        record = json.loads((small.folder / "runs" / job / "record.json").read_text())
        assert (record["status"], record["interruptions"]) == ("Completed", count)
        assert (small.folder / "runs" / job / "model" / "model.json").exists()
        assert not list((small.folder / "runs" / job).glob(".*"))

    output, code = nothing
    assert code == 2, output  # make's, for the verb's 1
    assert f"Same bits: 1 file of the model and 1 metric are equal.\n{FROM_ZERO}\ndocs/" in output
    assert "It leaves nothing in /opt/ml/checkpoints." in output
    assert re.search(r"INTERRUPT=\d+\.\d{3}s:kill$", output, re.MULTILINE)

    output, code = fails
    assert "Interrupted, the job is Failed: AlgorithmError: no such checkpoint, exit code: 1" in output
    assert "prove-resume] Error 1" in output


def test_ctrl_c_leaves_no_job(small: Project) -> None:
    with prove(small, "waits", 1) as process:
        assert process.stdout is not None
        job = next(found[1] for line in process.stdout if (found := RUN.match(line)))
        running = small.folder / "build" / "local-cloud" / "running"
        while not any(path.name == job for path in running.iterdir()):
            assert process.poll() is None
            time.sleep(0.05)
        os.killpg(process.pid, signal.SIGINT)
        output = process.stdout.read()
    assert f"No job keeps running: {job} is being stopped" in output
    assert re.search(rf"^{job} +(Stopping|Stopped) ", small.make("jobs", "CLOUD=local"), re.MULTILINE)


# The example's folder of checkpoints is that of a container, and a run of seconds is too short for one every 30 s. The
# third run waits at the end of its third epoch: it is interrupted there.
COUNTED = """from pathlib import Path
import time

COUNTER = Path(__file__).parents[1] / "build" / "starts-of-fit"
START = int(COUNTER.read_text()) if COUNTER.exists() else 0
COUNTER.write_text(str(START + 1))
"""
WAITING = (
    "keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, _: time.sleep(600 if (START, epoch) == (2, 2) else 0))"
)
CHANGES = {
    "Resume(model)": 'Resume(model, Path(os.environ["SAGEMAKER_BASE_DIR"]) / "checkpoints", steps=10)',
    "epochs=20": "epochs=6",
    "batch_size=32": "batch_size=4",
    "callbacks=[": f"callbacks=[{WAITING}, ",
    "from pathlib import Path\n": COUNTED,
}
FIT_JOB = """
program = "keras_fit.py"
instance_type = "ml.m5.large"
[channels.training]
source = "data/few/training"
[metrics]
loss = " loss: ([-+0-9.einfa]+)"
accuracy = " accuracy: ([-+0-9.einfa]+)"
"""


def test_the_example_for_keras_fit_has_the_same_bits(yard: Project, demo: str) -> None:
    """Half a minute: four runs start TensorFlow."""
    program = (ROOT / "docs" / "examples" / "keras_fit.py").read_text(encoding="utf-8")
    for text, changed in CHANGES.items():
        assert program.count(text) == 1
        program = program.replace(text, changed)
    write_few_digits(yard)
    (yard.folder / "trainer" / "keras_fit.py").write_text(program)
    (yard.folder / "jobs" / "fit.toml").write_text(FIT_JOB)
    (yard.folder / "build" / "starts-of-fit").unlink(missing_ok=True)
    output = yard.make("prove-resume", "JOB=fit", "KILLS=1", "YES=1", timeout=500)
    (yard.folder / "trainer" / "keras_fit.py").unlink()
    (yard.folder / "jobs" / "fit.toml").unlink()
    assert "Same bits: 1 file of the model and 2 metrics are equal." in output
    assert ":checkpoint:kill" in output
    assert (yard.folder / "runs" / RUN.findall(output)[2] / "model" / "model.keras").exists()
