"""Errors about what a job may cost, about prices and quotas, and about what is left over."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from tests.errors.case import STACK, Case, file, given, job, variable
from tests.errors.scene import Scene

GROUP = "Costs"
TRAIN = "make train JOB=mistake"
DEAR = 'instance_type = "ml.m5.xlarge"\nmax_cost = 0.01'


@contextmanager
def nothing_was_asked(scene: Scene) -> Iterator[None]:
    """No answer about quotas and prices is kept, before and afterwards."""
    answers = scene.folder / "build" / "costs"
    shutil.rmtree(answers, ignore_errors=True)
    yield
    shutil.rmtree(answers, ignore_errors=True)


CASES = (
    Case(
        GROUP,
        "a job that may cost more than max_cost",
        TRAIN,
        "The job costs up to 0.26 USD, and max_cost is 0.01 USD (jobs/mistake.toml): "
        "1 ml.m5.xlarge at 0.257 USD an hour for 1 h 0 min.",
        "Lower max_runtime_seconds, instance_count or keep_alive_seconds, or raise max_cost in the job file.",
        job(DEAR),
        STACK,
    ),
    Case(
        GROUP,
        "max_cost, and an unknown price",
        TRAIN,
        "max_cost is 5 USD (jobs/mistake.toml), but the price of ml.m5.large in us-east-1 is unknown.",
        "State it in the job file, in USD per instance and hour: price_per_hour = …; "
        "see https://aws.amazon.com/sagemaker/pricing/.",
        job("max_cost = 5"),
        STACK,
    ),
    Case(
        GROUP,
        "a resumed job that may cost more than the project allows",
        'make resume RUN={run} HP="epochs=30"',
        "The job costs up to 0.0643 USD, and max_cost is 0.001 USD (costs.toml): …",
        "Lower max_runtime_seconds, instance_count or keep_alive_seconds, or raise max_cost in costs.toml.",
        file("costs.toml", "max_cost = 0.001\n"),
        STACK,
    ),
    Case(
        GROUP,
        "a default that is not an amount of USD",
        TRAIN,
        "costs.toml may set max_cost, in USD, and nothing else.",
        "Write `max_cost = 100`, or delete the file.",
        given(job(), file("costs.toml", "max_cost = 'much'\n")),
        STACK,
    ),
    Case(
        GROUP,
        "a default that is not TOML",
        TRAIN,
        "costs.toml is not valid TOML: …",
        "Write `max_cost = 100`, or delete the file.",
        given(job(), file("costs.toml", "max_cost = \n")),
        STACK,
    ),
    Case(
        GROUP,
        "a limit that is not an amount of USD",
        TRAIN,
        "jobs/mistake.toml: max_cost is 0, and should be greater than 0.",
        "docs/jobs.md describes each key.",
        job("max_cost = 0"),
    ),
    Case(
        GROUP,
        "a quota that is too small",
        f"{TRAIN} YES=1",
        "The quota `ml.m5.large for training job usage` (L-…) of this account is 0 in us-east-1, and the job needs 1: "
        "SageMaker would refuse the job.",
        "Ask AWS to raise it: "
        "https://us-east-1.console.aws.amazon.com/servicequotas/home/services/sagemaker/quotas/L-…, "
        "or take another type or fewer instances.",
        given(
            nothing_was_asked, job(), file("local-cloud.toml", '[quotas]\n"ml.m5.large for training job usage" = 0\n')
        ),
        STACK,
    ),
    Case(
        GROUP,
        "a region without prices",
        "make prices",
        "AWS's Price List has no price for training in us-east-1.",
        "SageMaker may not train there; or state prices in job files: price_per_hour = …",
        given(nothing_was_asked, file("local-cloud.toml", "")),
        STACK,
    ),
    Case(
        GROUP,
        "a partition without a Price List",
        "make prices",
        "AWS has no Price List for the partition of us-gov-west-1.",
        "State prices in job files: price_per_hour = …",
        variable(AWS_REGION="us-gov-west-1"),
    ),
    Case(
        GROUP,
        "a sweep without a terminal",
        "make sweep",
        "There is no terminal to ask at: Remove them?",
        "Confirm beforehand with YES=1: then all of it is removed.",
        on=STACK,
    ),
)
