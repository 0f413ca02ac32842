"""`make prove-resume JOB=` on jobs that resume, that lose everything, and that no two runs repeat.

The small programs need no TensorFlow. They wait after each checkpoint, so that the interruption comes there.
"""

import json
import os
import re
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import ROOT, Project

pytestmark = pytest.mark.e2e

PROGRAM = """
import json, os, random, sys, time
from pathlib import Path

kind = json.loads(os.environ["SM_HPS"])["kind"]
saved = Path(os.environ["SAGEMAKER_BASE_DIR"], "checkpoints", "state.json")
chance = random.Random(None if kind == "unseeded" else 1)
epoch, weight = 0, 1.0
if kind == "fails when it resumes" and saved.exists():
    raise SystemExit("no such checkpoint")
if kind in ("resumes", "unseeded") and saved.exists():
    epoch, weight = json.loads(saved.read_text())
while epoch < 6:
    epoch += 1
    weight = 0.9 * weight + 0.01 * (chance.random() if kind == "unseeded" else 0.5)
    print(f"epoch={epoch} loss={weight}", flush=True)
    if epoch in (2, 4):
        if kind != "reads and writes nothing":
            part = saved.with_name("part")
            part.write_text(json.dumps([epoch, weight]))
            part.rename(saved)
        time.sleep(2)
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


def prove(project: Project, kind: str) -> "subprocess.Popen[str]":
    """Start the proof of a program with two interruptions."""
    return project.start("make", "prove-resume", "JOB=small", "KILLS=2", f"HP=kind='{kind}'", "YES=1")


def test_small_programs_get_their_verdicts(small: Project) -> None:
    kinds = ("resumes", "unseeded", "reads and writes nothing", "writes and never reads", "fails when it resumes")
    outputs: dict[str, tuple[str, int]] = {}
    for pair in (kinds[:2], kinds[2:4], kinds[4:]):  # the local cloud runs two jobs at once on any machine
        started = [(kind, prove(small, kind)) for kind in pair]
        outputs |= {kind: (process.communicate(timeout=200)[0], process.returncode) for kind, process in started}
    resumes, unseeded, nothing, never, fails = (outputs[kind] for kind in kinds)

    output, code = resumes
    assert code == 0, output
    assert "Same bits: 1 file of the model and 1 metric are equal.\n0 epochs trained again" in output
    assert re.search(r"INTERRUPT=\d\.\d{3}s:checkpoint:kill,\d\.\d{3}s:checkpoint$", output, re.MULTILINE)
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

    output, code = unseeded
    assert code == 0, output
    assert re.search(r"^Not repeatable: .* loss \(0\.\d+ and 0\.\d+\) and model.json\.$", output, re.MULTILINE)
    assert re.search(r"^Same metrics within \d\.\d%: loss\.$", output, re.MULTILINE)

    output, code = nothing
    assert code == 2, output  # make's, for the verb's 1
    assert f"Same bits: 1 file of the model and 1 metric are equal.\n{FROM_ZERO}\ndocs/" in output
    assert "It leaves nothing in /opt/ml/checkpoints." in output
    assert re.search(r"INTERRUPT=\d\.\d{3}s:kill,\d\.\d{3}s$", output, re.MULTILINE)

    output, code = never
    assert code == 2, output
    assert FROM_ZERO in output
    assert "prove-resume] Error 1" in output

    output, code = fails
    assert "Interrupted, the job is Failed: AlgorithmError: no such checkpoint, exit code: 1" in output
    assert "prove-resume] Error 1" in output


def test_ctrl_c_leaves_no_job(small: Project) -> None:
    with prove(small, "resumes") as process:
        assert process.stdout is not None
        job = next(found[1] for line in process.stdout if (found := RUN.match(line)))
        running = small.folder / "build" / "local-cloud" / "running"
        while not any(path.name == job for path in running.iterdir()):
            assert process.poll() is None
        os.killpg(process.pid, signal.SIGINT)
        output = process.stdout.read()
    assert f"No job keeps running: {job} is being stopped" in output
    assert re.search(rf"^{job} +(Stopping|Stopped) ", small.make("jobs", "CLOUD=local"), re.MULTILINE)


def test_our_trainer_has_the_same_bits(yard: Project, demo: str) -> None:
    hp = "HP=batch_size=8 epochs=4 checkpoint_steps=20"
    output = yard.make("prove-resume", "JOB=digits", "KILLS=1", hp, "YES=1", timeout=500)
    assert "Same bits: 2 files of the model and 5 metrics are equal." in output
    assert "Not compared, because they measure time: seconds and images_per_second." in output
    assert Path(yard.folder / "runs" / RUN.findall(output)[2] / "model" / "model.keras").exists()


# The example's folder of checkpoints is that of a container; and it is a run of a minute, too short for one every 30 s.
RESUME = 'Resume(model, Path(os.environ["SAGEMAKER_BASE_DIR"]) / "checkpoints", steps=100)'
FIT_JOB = """
program = "keras_fit.py"
instance_type = "ml.m5.large"
[channels.training]
source = "data/digits/training"
[metrics]
loss = " loss: ([-+0-9.einfa]+)"
accuracy = " accuracy: ([-+0-9.einfa]+)"
"""


def test_the_example_for_keras_fit_has_the_same_bits(yard: Project, demo: str) -> None:
    example = (ROOT / "docs" / "examples" / "keras_fit.py").read_text(encoding="utf-8")
    assert example.count("Resume(model)") == 1
    changed = example.replace("Resume(model)", RESUME).replace("epochs=20", "epochs=8").replace("=32,", "=4,")
    (yard.folder / "trainer" / "keras_fit.py").write_text(changed)
    (yard.folder / "jobs" / "fit.toml").write_text(FIT_JOB)
    output = yard.make("prove-resume", "JOB=fit", "KILLS=1", "YES=1", timeout=500)
    (yard.folder / "trainer" / "keras_fit.py").unlink()
    (yard.folder / "jobs" / "fit.toml").unlink()
    assert "Same bits: 1 file of the model and 2 metrics are equal." in output
    assert ":checkpoint:kill" in output
