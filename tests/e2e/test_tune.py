"""`make tune` on the local cloud, from the job file to the best model: small programs without TensorFlow."""

import json
import os
import re
import signal
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import Project
from tests.errors.scene import running
from tests.put_back import changed, moved_aside
from tests.unit.localcloud.account import clients_of

pytestmark = pytest.mark.e2e

LOCAL = "CLOUD=local"
HEAD = """
program = "searched.py"
instance_type = "ml.m5.large"

[hyperparameters]
x = 0.9
seconds = 0

[channels.training]
source = "data/searched"

[metrics]
loss = "loss=([-+0-9.e]+)"
"""
SEARCH = """
[tuning]
objective = "loss"
direction = "Minimize"
strategy = "Random"
max_jobs = 8
parallel_jobs = 2
seed = 7

[tuning.ranges.x]
min = 0.0
max = 1.0
"""
# One job ends at once, the other runs until it is stopped.
GRID = """
[tuning]
objective = "loss"
direction = "Minimize"
strategy = "Grid"

[tuning.ranges.seconds]
values = [0, 600]
"""
# The lowest loss is at x = 0.3. A checkpoint in a folder of its own, as docs/tuning.md says.
PROGRAM = """
import json, os, pathlib, time
values = json.loads(os.environ["SM_HPS"])
print(f"loss={(float(values['x']) - 0.3) ** 2:.6f}", flush=True)
time.sleep(float(values["seconds"]))
own = pathlib.Path(os.environ["SM_MODEL_DIR"]).parent / "checkpoints" / os.environ["TRAINING_JOB_NAME"]
own.mkdir(parents=True)
(own / "x").write_text(str(values["x"]))
(pathlib.Path(os.environ["SM_MODEL_DIR"]) / "x").write_text(str(values["x"]))
"""


@pytest.fixture
def folder(yard: Project, demo: str) -> Iterator[Path]:
    """The project's folder with two job files and their program."""
    written = {
        "jobs/searched.toml": HEAD + SEARCH,
        "jobs/stopped.toml": HEAD + GRID,
        "trainer/searched.py": PROGRAM,
        "data/searched/a.txt": "a",
    }
    for name, text in written.items():
        path = yard.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    yield yard.folder
    for name in (*written, "jobs/searched-best.toml"):
        (yard.folder / name).unlink(missing_ok=True)


def started(yard: Project, job: str, until: str) -> str:
    """Start `make tune` and kill it, unasked, when it prints a line with a text; the tuning's name."""
    name = ""
    with yard.start("make", "tune", LOCAL, f"JOB={job}") as process:
        assert process.stdout is not None
        output = []
        for line in process.stdout:
            output.append(line)
            if line.startswith("Tuning: "):
                name = line.split()[1]
            if name and until in line:
                break
        os.killpg(process.pid, signal.SIGKILL)
    assert name, "".join(output)
    return name


def test_eight_jobs_whose_follower_is_killed(yard: Project, folder: Path) -> None:
    name = started(yard, "searched", "InProgress")
    output = yard.make("logs", LOCAL, f"TUNING={name}")
    assert f"{name}: Completed\n  trials   8 Completed\n" in output
    kept = json.loads((folder / f"runs/{name}/tuning.json").read_text())
    assert len(kept["trials"]) == 8
    losses = {trial["job"]: trial["objective"] for trial in kept["trials"]}
    assert kept["best"] == min(losses, key=lambda job: losses[job])
    for trial in kept["trials"]:
        assert trial["objective"] == pytest.approx((float(trial["values"]["x"]) - 0.3) ** 2, abs=1e-5)
    assert name in yard.make("tunings", LOCAL, "JOB=searched")
    assert name not in yard.make("tunings", LOCAL, "JOB=digits")
    output = yard.make("report", LOCAL, f"TUNING={name}")
    assert f"The model is in runs/{kept['best']}/model." in output
    assert f"The report is runs/{name}/report.html." in output
    assert f"The model is already in runs/{kept['best']}/model." in yard.make("model", LOCAL, f"TUNING={name}")
    assert (folder / f"runs/{kept['best']}/model/x").exists()
    request = json.loads((folder / f"runs/{name}/request.json").read_text())
    assert request["TrainingJobDefinition"]["StaticHyperParameters"] == {"seconds": "0"}
    page = folder / f"runs/{name}/report.html"
    assert "<svg" in page.read_text()
    page.unlink()
    assert f"The report is runs/{name}/report.html." in yard.make("report", f"TUNING={name}")  # no cloud is asked
    assert page.exists()
    best = next(trial for trial in kept["trials"] if trial["job"] == kept["best"])
    values = tomllib.loads((folder / "jobs/searched-best.toml").read_text())["hyperparameters"]
    assert values == {"x": pytest.approx(float(best["values"]["x"])), "seconds": 0}


def test_a_search_that_is_stopped_keeps_the_best(yard: Project, folder: Path) -> None:
    name = started(yard, "stopped", "Best so far")
    assert f"{name} is stopping" in yard.make("stop", LOCAL, f"TUNING={name}")
    output = yard.make("logs", LOCAL, f"TUNING={name}")
    assert f"{name}: Stopped" in output
    assert re.search(rf"best +loss 0\.36 of {name}-", output), output
    assert "nothing to stop" in yard.make("stop", LOCAL, f"TUNING={name}")
    yard.make("model", LOCAL, f"TUNING={name}")


@pytest.fixture(scope="module")
def searched(yard: Project, demo: str) -> str:
    """What `make demo-tune` printed. Its search has two jobs here and not eight: half a minute."""
    job_file, best = (yard.folder / f"jobs/{name}.toml" for name in ("digits", "digits-best"))
    # With some seeds, both jobs have too small a learning rate to get anywhere in four epochs.
    fewer = changed(job_file, job_file.read_text().replace("max_jobs = 8", "max_jobs = 2\nseed = 7"))
    logs = yard.folder / "build/demo"  # the tests of `make demo` read its logs there
    with fewer, moved_aside(logs), moved_aside(best):
        output = yard.make("demo-tune")
        assert tomllib.loads(best.read_text())["hyperparameters"]["epochs"] == 4
    return output


def test_make_demo_tune_trains_searches_evaluates_and_reports(yard: Project, searched: str) -> None:
    steps = re.findall(r"^<== (.+): done in .+$", searched, flags=re.MULTILINE)
    assert steps == ["Infrastructure", "Data", "Defaults", "Search"], searched
    scores = r"^ +Evaluation: accuracy ([01]\.\d+), loss \S+ on (\d+) images of data/digits/test$"
    evaluated = re.search(scores, searched, flags=re.MULTILINE)
    assert evaluated, searched
    assert float(evaluated[1]) > 0.5
    assert int(evaluated[2]) == len(list((yard.folder / "data/digits/test").glob("*/*.png")))
    report = re.search(r"^  Report +(runs/\S+/report\.html)$", searched, flags=re.MULTILINE)
    assert report, searched
    assert "with the defaults" in (yard.folder / report[1]).read_text()


def test_two_jobs_of_the_trainer_keep_their_checkpoints_apart_on_one_prefix(yard: Project, searched: str) -> None:
    found = re.search(r"^  Report +runs/(\S+)/report\.html$", searched, flags=re.MULTILINE)
    assert found, searched
    client, name = clients_of(running(yard)), found[1]
    sagemaker = client("sagemaker")
    trials = sagemaker.list_training_jobs_for_hyper_parameter_tuning_job(HyperParameterTuningJobName=name)
    jobs = [trial["TrainingJobName"] for trial in trials["TrainingJobSummaries"]]
    described = [sagemaker.describe_training_job(TrainingJobName=job) for job in jobs]
    assert [job["TrainingJobStatus"] for job in described] == ["Completed"] * 2
    (place,) = {job["CheckpointConfig"]["S3Uri"] for job in described}
    bucket, _, prefix = place.removeprefix("s3://").partition("/")
    kept = [entry["Key"] for entry in client("s3").list_objects_v2(Bucket=bucket, Prefix=prefix)["Contents"]]
    assert {key.removeprefix(prefix).split("/")[0] for key in kept} == set(jobs)
