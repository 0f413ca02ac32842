"""`make shell`: the files, folders and variables in a real container."""

import json
import os
import subprocess
import sys
import uuid
from pathlib import Path
from typing import Any

import pytest

from scripts.container import shell
from tests.conftest import Project, clean_environment

pytestmark = pytest.mark.e2e

JOB = """
instance_type = "ml.m5.large"
network_isolation = true
program = "mine.py"
[hyperparameters]
epochs = 3
note = "it's $HOME"
[channels.training]
source = "data/a, b:c"
content_type = "image/png"
[channels.weights]
source = "s3://somewhere/weights/"
[environment]
GREETING = "two words"
"""
SEEN = """
import json, os, pathlib, socket
base = pathlib.Path("/opt/ml")
config = {path.name: json.loads(path.read_text()) for path in (base / "input/config").iterdir()}
def writable(path):
    try:
        (base / path / "written").write_text("x")
    except OSError:
        return False
    return True
try:
    socket.create_connection(("8.8.8.8", 53), 1)
    network = True
except OSError:
    network = False
print("SEEN " + json.dumps({
    "config": config,
    "host": socket.gethostname(),
    "interfaces": sorted(name for _, name in socket.if_nameindex()),
    "network": network,
    "environment": dict(os.environ),
    "channels": sorted(path.name for path in (base / "input/data").iterdir()),
    "image": (base / "input/data/training/0/one.png").read_text(),
    "writable": [name for name in ("model", "output", "output/data", "checkpoints", "input/config",
                                   "input/data/training") if writable(name)],
}))
"""


@pytest.fixture
def job(project: Project) -> Project:
    """A project with a job of your own program."""
    image = project.folder / "data" / "a, b:c" / "0" / "one.png"
    image.parent.mkdir(parents=True, exist_ok=True)
    image.write_text("pixels")
    (project.folder / "jobs" / "mine.toml").write_text(JOB)
    (project.folder / "trainer" / "mine.py").write_text("")
    return project


def type_into(project: Project, commands: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "scripts.shell", "--job", "mine", *arguments],
        cwd=project.folder,
        env={**clean_environment(), "AWS_REGION": "us-east-1"},
        input=commands,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_the_shell_has_the_files_folders_and_variables_of_the_job(job: Project, engine: Any, base_image: str) -> None:
    ended = type_into(job, f"python - <<'END'\n{SEEN}\nEND\nexit 7\n", "--image", base_image, "--hp", "epochs=5")
    assert ended.returncode == 7, ended.stderr
    introduction, seen_line = ended.stdout.split("SEEN ", 1)
    seen = json.loads(seen_line)
    assert seen["config"] == {
        "hyperparameters.json": {"epochs": "5", "note": "it's $HOME"},
        "inputdataconfig.json": {
            "training": {
                "TrainingInputMode": "File",
                "S3DistributionType": "FullyReplicated",
                "RecordWrapperType": "None",
                "ContentType": "image/png",
            }
        },
        "resourceconfig.json": {
            "current_host": "algo-1",
            "current_instance_type": "ml.m5.large",
            "current_group_name": "homogeneousCluster",
            "hosts": ["algo-1"],
            "instance_groups": [
                {"instance_group_name": "homogeneousCluster", "instance_type": "ml.m5.large", "hosts": ["algo-1"]}
            ],
            "network_interface_name": "eth0",
        },
        "checkpointconfig.json": {"LocalPath": "/opt/ml/checkpoints"},
    }
    assert seen["host"] == "algo-1"
    assert (seen["interfaces"], seen["network"]) == (["lo"], False)
    assert seen["environment"].items() >= {"GREETING": "two words", "SAGEMAKER_PROGRAM": "mine.py"}.items()
    assert "AWS_REGION" not in seen["environment"]
    assert (seen["channels"], seen["image"]) == (["training"], "pixels")
    assert seen["writable"] == ["model", "output", "output/data", "checkpoints"]
    lines = introduction.splitlines()
    assert len(lines) == 3
    assert "training below /opt/ml/input/data" in lines[0]
    assert "build/aws-dev/shell/mine" in lines[0]
    assert "weights (s3://somewhere/weights/)" in lines[1]
    assert "`python -m trainer train`" in lines[2]
    assert (job.folder / "build/aws-dev/shell/mine/model/written").read_text() == "x"


def test_each_shell_starts_with_empty_folders(job: Project, engine: Any, base_image: str) -> None:
    type_into(job, "touch /opt/ml/model/left", "--image", base_image)
    model = job.folder / "build/aws-dev/shell/mine/model"
    assert (model / "left").exists()
    ended = type_into(job, "ls /opt/ml/model", "--image", base_image)
    assert ended.returncode == 0
    assert "left" not in ended.stdout


def test_files_of_a_container_s_root_are_given_to_the_folder_s_owner(
    engine: Any, base_image: str, tmp_path: Path
) -> None:
    """Otherwise, an owner who is not root could not delete them."""
    scratch = tmp_path / "scratch"
    shell.prepare(scratch, base_image, {})
    for path in (scratch, *scratch.rglob("*")):
        os.chown(path, 12345, 12345)
    setup = shell.ShellSetup(base_image, scratch, {})
    command = shell.command(setup, f"trainyard-shell-test-{uuid.uuid4().hex[:12]}", terminal=False)
    leave = "umask 077; mkdir /opt/ml/model/mine; touch /opt/ml/model/mine/x"
    subprocess.run(command, input=leave, text=True, check=True)
    left = scratch / "model" / "mine" / "x"
    assert left.stat().st_uid == 0
    shell.give_to_owner(scratch, base_image)
    assert (left.stat().st_uid, left.parent.stat().st_gid) == (12345, 12345)


def test_at_a_terminal_a_failed_last_command_is_not_a_failure(job: Project, engine: Any, base_image: str) -> None:
    """The shell's exit code is that of the last command, which says nothing about `make shell`."""
    import pty
    import select

    here, there = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "scripts.shell", "--job", "mine", "--image", base_image],
        cwd=job.folder,
        env={**clean_environment(), "AWS_REGION": "us-east-1", "TERM": "dumb"},
        stdin=there,
        stdout=there,
        stderr=there,
        start_new_session=True,
    ) as process:
        os.close(there)
        os.write(here, b"test -t 0 && echo a ter''minal; hostname; false\nexit\n")
        output = b""
        try:
            while select.select([here], [], [], 60)[0]:
                output += os.read(here, 4096)
        except OSError:  # the other end is closed
            pass
        assert process.wait(60) == 0, output
    os.close(here)
    assert b"a terminal" in output
    assert b"algo-1" in output
