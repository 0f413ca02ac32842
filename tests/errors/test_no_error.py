"""Cases that look like an error but are none, and a bug in Trainyard."""

import json
import shlex
import shutil
import urllib.error
import urllib.request

import pytest

from tests.errors.case import file, folder, forbidden, given, job, refused
from tests.errors.front import Refusal
from tests.errors.scene import Scene

pytestmark = pytest.mark.e2e

AWKWARD = "two words, 'single', \"double\", $HOME $(date) `date`, ünïcode ✓, a\\backslash,\nanother line"
LINES = "two lines\nwith $HOME"
TABLES = f"[environment]\nLINES = {json.dumps(LINES)}\n[channels.training]\nsource = 'data/small'\n"
SMALL = given(job('program = "echo.py"', TABLES), folder("data/small", "0/one.png"))
ECHO = (
    "import os, pathlib, sys\n"
    "value = sys.argv[sys.argv.index('--note') + 1]\n"
    "pathlib.Path(os.environ['SM_MODEL_DIR'], 'note').write_bytes(value.encode())\n"
    "pathlib.Path(os.environ['SM_MODEL_DIR'], 'lines').write_text(os.environ['LINES'])\n"
)


def test_an_awkward_value_arrives_unchanged(stack: Scene) -> None:
    quoted = "'" + AWKWARD.replace("'", "'\\''") + "'"
    program = stack.folder / "trainer" / "echo.py"
    with SMALL(stack):
        program.write_text(ECHO)
        ended = stack.type(f"make train JOB=mistake YES=1 {shlex.quote('HP=note=' + quoted)}")
        program.unlink()
        assert ended.returncode == 0, ended.stdout + ended.stderr
        (note,) = (stack.folder / "runs").glob("mistake-*/model/note")
        assert note.read_bytes() == AWKWARD.encode()
        assert note.with_name("lines").read_text() == LINES
        shutil.rmtree(note.parent.parent)


@pytest.mark.parametrize(
    ("program", "code", "sentence"),
    [
        (
            "import pathlib; pathlib.Path('elsewhere').write_text('x')",
            2,
            " left nothing: SM_MODEL_DIR and SM_OUTPUT_DATA_DIR were empty when its program ended.",
        ),
        (
            "import os, pathlib; pathlib.Path(os.environ['SM_OUTPUT_DATA_DIR'], 'scores').write_text('x')",
            0,
            " left no model: SM_MODEL_DIR was empty. It left other results: s3://",
        ),
    ],
    ids=["nothing", "other results"],
)
def test_a_completed_job_without_a_model_is_reported(stack: Scene, program: str, code: int, sentence: str) -> None:
    tables = "[channels.training]\nsource = 'data/small'\n"
    prepared = given(job('program = "own.py"', tables), folder("data/small", "0/one.png"))
    with prepared(stack), file("trainer/own.py", program)(stack):
        ended = stack.type("make train JOB=mistake YES=1")
        (stack.folder / "trainer" / "elsewhere").unlink(missing_ok=True)
        runs = list((stack.folder / "runs").glob("mistake-*"))
        files = sorted(path.name for run in runs for path in run.iterdir())
        for run in runs:
            shutil.rmtree(run)
    assert f"{sentence}" in ended.stdout, ended.stdout + ended.stderr
    assert ("Error 1\n" in ended.stderr) == (code != 0)  # make prints the verb's exit code
    assert ended.returncode == code
    assert "The model is in" not in ended.stdout
    assert files == ["data.jsonl", "record.json", "request.json"]
    assert "warning: own.py left nothing in " in ended.stdout


def test_a_call_that_is_throttled_once_is_retried(stack: Scene) -> None:
    with refused("sagemaker:ListTrainingJobs", "ThrottlingException", "Rate exceeded")(stack):
        stack.cloud.rules[0].times = 1
        ended = stack.type("make jobs")
    assert ended.returncode == 0, ended.stderr
    assert stack.run in ended.stdout


def test_checks_without_permission_are_skipped(stack: Scene) -> None:
    limit = Refusal("ResourceLimitExceeded", "The account-level service limit 'x' is 0 Instances")
    with (
        forbidden("ecr:DescribeImages", "ecr:DescribeImages", "*")(stack),
        forbidden("iam:GetRole", "iam:GetRole", "*")(stack),
        stack.cloud.answering("sagemaker:CreateTrainingJob", limit),
    ):
        ended = stack.type("make train JOB=digits YES=1")
    assert "Not checked: the image " in ended.stdout
    assert "(no right to ecr:DescribeImages)" in ended.stdout
    assert "(no right to iam:GetRole)" in ended.stdout


def test_without_permission_to_read_the_log_following_continues(stack: Scene) -> None:
    with forbidden("logs:DescribeLogStreams", "logs:DescribeLogStreams", "*")(stack):
        ended = stack.type("make logs RUN={done}")
        shutil.rmtree(stack.folder / "runs" / stack.words["done"])
    assert ended.returncode == 0, ended.stderr
    assert "The log is not shown: no right to logs:DescribeLogStreams." in ended.stdout
    assert f"{stack.words['done']}: Completed" in ended.stdout


def test_volume_size_has_no_effect_with_nvme(stack: Scene) -> None:
    spec = 'instance_type = "ml.g4dn.xlarge"\nvolume_size_gb = 100'
    prepared = given(
        job(f'program = "own.py"\n{spec}', '[channels.training]\nsource = "data/small"\n'),
        file("trainer/own.py", ""),
        folder("data/small", "0/one.png"),
        refused("sagemaker:CreateTrainingJob", "ResourceLimitExceeded", "x"),
    )
    with prepared(stack):
        ended = stack.type("make train JOB=mistake YES=1")
    assert "Note: volume_size_gb has no effect on ml.g4dn.xlarge" in ended.stdout, ended.stderr


def test_an_existing_model_is_kept(stack: Scene) -> None:
    model = stack.folder / "runs" / stack.run / "model" / "labels.json"
    before = model.stat().st_mtime_ns
    ended = stack.type("make model RUN={run}")
    assert ended.returncode == 0
    assert f"The model is already in runs/{stack.run}/model." in ended.stdout
    assert model.stat().st_mtime_ns == before


def test_an_interrupted_download_is_retried(stack: Scene) -> None:
    with stack.cloud.answering("s3:GetObject", "half", "model.tar.gz") as rule:
        rule.times = 1
        ended = stack.type("make model RUN={done}")
        assert ended.returncode == 0, ended.stderr
        assert (stack.folder / "runs" / stack.words["done"] / "model" / "model").read_text() == "x"
        shutil.rmtree(stack.folder / "runs" / stack.words["done"])


def test_starting_the_local_cloud_twice_starts_one(stack: Scene) -> None:
    output = stack.project.make("cloud-up")
    assert "already runs at" in output


def test_the_local_cloud_refuses_other_host_names(stack: Scene) -> None:
    record = json.loads((stack.folder / "build/local-cloud/server.json").read_text())
    request = urllib.request.Request(record["url"], headers={"Host": f"rebound.example:{record['port']}"})
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(request)
    assert caught.value.code == 403
    assert b"127.0.0.1 or localhost" in caught.value.read()


def test_a_bug_prints_its_traceback(stack: Scene) -> None:
    with stack.cloud.answering(
        "sagemaker:ListTrainingJobs", {"TrainingJobSummaries": [{}]}
    ):  # an answer that AWS never gives
        ended = stack.type("make jobs")
    assert "Error 1\n" in ended.stderr
    assert "Traceback (most recent call last)" in ended.stderr
    lines = [line for line in ended.stderr.splitlines() if not line.startswith("make: ***")]
    assert lines[-1] == "This is a bug in Trainyard, not an error of yours. Please report it with the lines above."
