"""Ctrl-C while AWS is being asked: one line says what exists now, and which command goes on or removes it."""

import os
import signal
import subprocess
import time

import pytest

from tests.errors.case import file, folder, given, job, variable
from tests.errors.scene import Given, Scene, nothing

pytestmark = pytest.mark.e2e

SMALL = given(
    job('program = "own.py"', '[channels.training]\nsource = "data/small"\n'),
    file("trainer/own.py", ""),
    folder("data/small", "0/one.png"),
)
ELSEWHERE = variable(AWS_REGION="eu-central-1", TF_DATA_DIR="{folder}/build/interrupted/terraform")
UNCHANGED = "Interrupted before anything was changed; the same command starts anew."
NOTHING_STARTED = (
    "Interrupted. No job was started; what is uploaded stays, and `make train JOB=…` goes on with the rest."
)


@pytest.mark.parametrize(
    ("typed", "moment", "said", "prepared"),
    [
        ("make infra YES=1", "sts:GetCallerIdentity", UNCHANGED, nothing),
        (
            "make infra YES=1",
            "s3:CreateBucket",
            "Nothing was changed but the state bucket trainyard-tfstate-123456789012-eu-central-1; …",
            ELSEWHERE,
        ),
        (
            "make infra YES=1",
            "iam:GetRole",
            "Nothing was changed but the state bucket trainyard-tfstate-123456789012-us-east-1; `make infra` goes on.",
            nothing,
        ),
        ("make data JOB=digits", "sts:GetCallerIdentity", UNCHANGED, nothing),
        (
            "make data JOB=mistake",
            "s3:PutObject",
            "Interrupted. What is uploaded stays; `make data JOB=mistake` goes on with the rest.",
            SMALL,
        ),
        ("make train JOB=digits YES=1", "ecr:DescribeImages", NOTHING_STARTED.replace("…", "digits"), nothing),
        ("make train JOB=mistake YES=1", "s3:PutObject", NOTHING_STARTED.replace("…", "mistake"), SMALL),
        ("make stop RUN={sleeper}", "sagemaker:DescribeTrainingJob", UNCHANGED, nothing),
        (
            "make logs RUN={sleeper}",
            "logs:GetLogEvents",
            "{sleeper} goes on. `make logs RUN={sleeper}` follows it again, …",
            nothing,
        ),
        (
            "make model RUN={run}",
            "s3:HeadObject",
            "Interrupted. Nothing of the model was kept; `make model RUN={run}` fetches it.",
            nothing,
        ),
    ],
    ids=lambda value: value if isinstance(value, str) and len(value) < 40 else "",
)
def test_one_line_at_the_end(typed: str, moment: str, said: str, prepared: Given, stack: Scene) -> None:
    with prepared(stack), stack.cloud.answering(moment) as held:
        if typed.startswith("make model"):
            (stack.folder / "runs" / stack.run / "model").rename(stack.folder / "runs" / stack.run / ".kept")
        before = stack.holdings()
        process = subprocess.Popen(
            stack.command(typed),
            cwd=stack.folder,
            env=stack.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        assert held.arrived.wait(60), process.communicate(timeout=5)
        time.sleep(0.1)
        os.killpg(process.pid, signal.SIGINT)
        time.sleep(0.3)
        held.release.set()
        output, _ = process.communicate(timeout=60)
        if typed.startswith("make model"):
            (stack.folder / "runs" / stack.run / ".kept").rename(stack.folder / "runs" / stack.run / "model")
            before = stack.holdings()
        lines = [line for line in output.splitlines() if line.strip() and not line.startswith("make: ***")]
        expected = stack.fill(said).removesuffix("…")
        assert lines[-1].startswith(expected), output
        assert "Traceback" not in output
        assert "Error 130" in output
        assert stack.holdings().keys() == before.keys()
