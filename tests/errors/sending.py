"""Errors around the moment at which a job is sent: one command starts one job, and every message is about that job."""

import json
import shutil
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

from tests.errors.case import STACK, Case, aside, file, forbidden, given, mode, refused, small_disk
from tests.errors.front import HALF
from tests.errors.refusals import SMALL
from tests.errors.scene import Given, Scene

GROUP = "One command, one job"
TRAIN = "make train JOB=mistake YES=1"
NO_RIGHT = forbidden(
    "sagemaker:DescribeTrainingJob", "sagemaker:DescribeTrainingJob", "arn:aws:sagemaker:us-east-1:*:training-job/x"
)
A_JOB = ("CreateTrainingJob /", "one.png", "runs/mistake-…")
BIG = (
    "import os, pathlib, secrets\n"
    "pathlib.Path(os.environ['SM_MODEL_DIR'], 'model').write_bytes(secrets.token_bytes(1_000_000))\n"
)


@contextmanager
def a_run_is_left(scene: Scene) -> Iterator[None]:
    yield
    for folder in (scene.folder / "runs").glob("mistake-*"):
        shutil.rmtree(folder)


def lost(operation: str) -> Given:
    """The answer to the first call of an operation breaks off, after the call was done."""

    @contextmanager
    def prepared(scene: Scene) -> Iterator[None]:
        with scene.cloud.answering(operation, HALF) as rule:
            rule.times = 1
            yield

    return prepared


def another_job_of_this_name(scene: Scene) -> AbstractContextManager[object]:
    request = json.loads((scene.folder / "runs" / scene.run / "request.json").read_text())
    described = request | {"TrainingJobArn": "arn:aws:sagemaker:us-east-1:123456789012:training-job/mistake"}
    refusal = refused("sagemaker:CreateTrainingJob", "ResourceInUse", "Training job names must be unique …")
    return given(refusal, lambda scene: scene.cloud.answering("sagemaker:DescribeTrainingJob", described))(scene)


CASES = (
    Case(
        GROUP,
        "a file with the name `runs`",
        TRAIN,
        "runs is a file, but it must be the folder of all runs.",
        "Move it away, then run the same command again.",
        given(SMALL, aside("runs"), file("runs", "x")),
        STACK,
    ),
    Case(
        GROUP,
        "no permission to write `runs/`",
        TRAIN,
        "runs cannot be read or written: Permission denied.",
        "Give yourself permission: `ls -ld runs` shows the owner.",
        given(SMALL, mode("runs", 0o555)),
        STACK,
    ),
    Case(
        GROUP,
        "no space for a run",
        TRAIN,
        "There is no space left on the disk for runs/mistake-….",
        "Free some space (`df -h .` shows how much is left), then run the same command again. No file is half-written.",
        given(SMALL, small_disk("runs", full=True)),
        STACK,
    ),
    Case(
        GROUP,
        "a job may have been started, and nobody can say it",
        TRAIN,
        "AWS did not say whether it has started the job mistake-…: AWS refuses sagemaker:DescribeTrainingJob on …",
        "It may be running. When AWS answers again, `make jobs` lists it if it exists: then `make logs RUN=mistake-…` "
        "follows it, and `make stop RUN=mistake-…` stops it.",
        given(SMALL, lost("sagemaker:CreateTrainingJob"), NO_RIGHT, a_run_is_left),
        STACK,
        A_JOB,
    ),
    Case(
        GROUP,
        "another job has the name",
        TRAIN,
        "Another job has the name mistake-…, with another request.",
        "Run the same command again for a new job name.",
        given(SMALL, another_job_of_this_name),
        STACK,
        ("one.png",),
    ),
    Case(
        GROUP,
        "a right that is lost while a job runs",
        TRAIN,
        "AWS refuses sagemaker:DescribeTrainingJob on …: …",
        "Ask the account's administrator to allow you sagemaker:DescribeTrainingJob on …. "
        "Then run `make logs RUN=mistake-…`. mistake-… keeps running.",
        given(SMALL, NO_RIGHT, a_run_is_left),
        STACK,
        A_JOB,
    ),
    Case(
        GROUP,
        "a model for which the disk has no space",
        TRAIN,
        "The model does not fit on the disk: it needs 1.0 MB, and the disk of runs/mistake-… has … left.",
        "Free some space, then run `make model RUN=mistake-…`. `aws s3 cp s3://…/model.tar.gz FOLDER` downloads it "
        "elsewhere.",
        given(SMALL, file("trainer/own.py", BIG), small_disk("runs"), a_run_is_left),
        STACK,
        A_JOB,
    ),
)
