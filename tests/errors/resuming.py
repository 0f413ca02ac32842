"""Errors when a job shall resume an earlier one."""

from collections.abc import Iterator
from contextlib import contextmanager

from tests.errors.case import STACK, Case, given, refused
from tests.errors.jobs import CHECKPOINTS
from tests.errors.scene import DATA, Given, Scene

GROUP = "Resuming"
START_OVER = "`make train JOB={spec}` starts a new job with the current image and data."


def s3_object(bucket: str, key: str) -> Given:
    """Create an object for the duration of the case."""

    @contextmanager
    def put(scene: Scene) -> Iterator[None]:
        place = {"Bucket": bucket, "Key": scene.fill(key)}
        scene.client("s3").put_object(**place, Body=b"x")
        yield
        scene.client("s3").delete_object(**place)

    return put


CASES = (
    Case(
        GROUP,
        "a job that does not exist",
        "make resume RUN=digist-20260101",
        "There is no training job digist-20260101 in us-east-1.",
        "Did you mean RUN=digits-…? `make jobs` lists them.",
        on=STACK,
    ),
    Case(
        GROUP,
        "a job that has not ended",
        "make resume RUN={sleeper}",
        "{sleeper} is InProgress: two jobs would write the same checkpoints.",
        "Stop it first (`make stop RUN={sleeper}`), or follow it: `make logs RUN={sleeper}`.",
        on=STACK,
    ),
    Case(
        GROUP,
        "a job that had no checkpoints",
        "make resume RUN={done}",
        "{done} ran without checkpoints: there is nothing to resume from.",
        "Set checkpoints = true in its job file, then start over: `make train JOB=done`.",
        on=STACK,
    ),
    Case(
        GROUP,
        "a job that is Completed",
        "make resume RUN={run}",
        "{run} is Completed: there is nothing left to train.",
        'Ask for more training: `make resume RUN={run} HP="epochs=N"`.',
        on=STACK,
    ),
    Case(
        GROUP,
        "an image that ECR no longer has",
        "make resume RUN={failed}",
        "{failed} cannot be resumed in its image: There is no image …/trainyard-local-trainer@sha256:….",
        START_OVER.replace("{spec}", "failed"),
        refused("ecr:DescribeImages", "ImageNotFoundException", "The image with imageId {…} does not exist"),
        STACK,
    ),
    Case(
        GROUP,
        "another job is writing the same checkpoints",
        'make resume RUN={run} HP="patience=3"',
        f"{{sleeper}} is writing its checkpoints to s3://{CHECKPOINTS}/digits/{{run}}/: two jobs would write the same "
        "ones.",
        "Stop it first (`make stop RUN={sleeper}`), or follow it: `make logs RUN={sleeper}`.",
        on=STACK,
    ),
    Case(
        GROUP,
        "a job that left no checkpoint",
        "make resume RUN={failed} DRY_RUN=1",
        f"{{failed}} left no checkpoint in s3://{CHECKPOINTS}/failed/{{failed}}/: there is nothing to resume from.",
        START_OVER.replace("{spec}", "failed"),
        on=STACK,
    ),
    Case(
        GROUP,
        "data that have changed since",
        "make resume RUN={failed}",
        f"The data of the channel training have changed since {{failed}} was created: s3://{DATA}/digits/training/new.",
        f"Restore them (docs/data.md). {START_OVER.replace('{spec}', 'failed')}",
        given(s3_object(CHECKPOINTS, "failed/{failed}/step-1/state"), s3_object(DATA, "digits/training/new")),
        STACK,
    ),
)
