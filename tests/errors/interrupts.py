"""Moments at which you press Ctrl-C, and the line that the command prints."""

from dataclasses import dataclass

from tests.errors.case import aside, file, folder, given, job, variable
from tests.errors.scene import Given, nothing

UNCHANGED = "Interrupted. Nothing was changed; run the same command to start over."
NOT_STARTED = "Interrupted. No job was started. Uploaded files are kept; `make train JOB=…` uploads the rest."


@dataclass(frozen=True)
class Interrupt:
    """One moment.

    Args:
        typed: the command.
        moment: the activity of the command, for docs/errors.md.
        operation: the call during which Ctrl-C is pressed.
        message: the last line; `…` stands for any text.
        given: prepares the case.
        leaves: the folder that the command leaves; `…` stands for any text.
    """

    typed: str
    moment: str
    operation: str
    message: str
    given: Given = nothing
    leaves: str = ""


def _small(tables: str = "") -> Given:
    """A job file with one image, an empty program and these tables."""
    channel = '[channels.training]\nsource = "data/small"\n'
    return given(
        job('program = "own.py"', channel + tables), file("trainer/own.py", ""), folder("data/small", "0/one.png")
    )


SMALL_TUNING = """[metrics]
loss = "loss=(.*)"
[tuning]
objective = "loss"
direction = "Minimize"
max_jobs = 1
[tuning.ranges.x]
min = 1
max = 9
"""
STATE = "trainyard-tfstate-123456789012"

INTERRUPTS = (
    Interrupt("make infra YES=1", "it checks your account", "sts:GetCallerIdentity", UNCHANGED),
    Interrupt(
        "make infra YES=1",
        "the state bucket is created",
        "s3:CreateBucket",
        f"Nothing was changed except the state bucket {STATE}-eu-central-1; `make infra` continues.",
        variable(AWS_REGION="eu-central-1", TF_DATA_DIR="{folder}/build/local-interrupted/terraform"),
    ),
    Interrupt(
        "make infra YES=1",
        "Terraform plans",
        "iam:GetRole",
        f"Nothing was changed except the state bucket {STATE}-us-east-1; `make infra` continues.",
    ),
    Interrupt("make plan", "Terraform plans", "iam:GetRole", "Nothing was changed; `make plan` starts again."),
    Interrupt("make data JOB=digits", "it reads the stack", "sts:GetCallerIdentity", UNCHANGED),
    Interrupt(
        "make data JOB=mistake",
        "files are uploaded",
        "s3:PutObject",
        "Interrupted. Uploaded files are kept; `make data JOB=mistake` uploads the rest.",
        _small(),
    ),
    Interrupt("make train JOB=digits YES=1", "it checks what the job needs", "iam:GetRole", NOT_STARTED),
    Interrupt("make train JOB=mistake YES=1", "files are uploaded", "s3:PutObject", NOT_STARTED, _small()),
    Interrupt(
        "make train JOB=mistake YES=1",
        "the job is sent",
        "sagemaker:CreateTrainingJob",
        "Interrupted. mistake-… may have been started: `make jobs` lists it, `make stop RUN=mistake-…` stops it.",
        _small(),
        leaves="runs/mistake-…",  # with request.json: the job may have been started
    ),
    Interrupt(
        "make tune JOB=mistake YES=1",
        "the tuning is sent",
        "sagemaker:CreateHyperParameterTuningJob",
        "Interrupted. mistake-… may have been started: `make tunings` lists it, `make stop TUNING=mistake-…` stops it.",
        _small(SMALL_TUNING),
        leaves="runs/mistake-…",
    ),
    Interrupt(
        "make tune JOB=mistake YES=1",
        "the tuning runs",
        "sagemaker:ListTrainingJobsForHyperParameterTuningJob",
        "mistake-… keeps running. `make logs TUNING=mistake-…` follows it again, `make stop TUNING=mistake-…` stops it "
        "and keeps the best, `make tunings` lists it, `make report TUNING=mistake-…` downloads its best model "
        "when it has ended.",
        _small(SMALL_TUNING),
        leaves="runs/mistake-…",
    ),
    Interrupt("make stop RUN={sleeper}", "it reads the job's status", "sagemaker:DescribeTrainingJob", UNCHANGED),
    Interrupt(
        "make logs RUN={sleeper}",
        "the job runs (`make train` too)",
        "logs:GetLogEvents",
        "{sleeper} keeps running. `make logs RUN={sleeper}` follows it again, `make stop RUN={sleeper}` stops it, "
        "`make jobs` lists it, `make model RUN={sleeper}` downloads its model when it has ended.",
    ),
    Interrupt("make resume RUN={failed}", "it reads the earlier job", "sagemaker:DescribeTrainingJob", UNCHANGED),
    Interrupt(
        "make model RUN={run}",
        "the model is downloaded",
        "s3:GetObject",
        "Interrupted. No part of the model was kept; `make model RUN={run}` downloads it.",
        aside("runs/{run}/model"),
    ),
)
