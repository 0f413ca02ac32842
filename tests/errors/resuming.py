"""Mistakes with jobs that are to go on with earlier ones."""

from collections.abc import Iterator
from contextlib import contextmanager

from tests.errors.case import STACK, Case, given, refused
from tests.errors.jobs import CHECKPOINTS
from tests.errors.scene import Given, Scene

GROUP = "Resuming"
DATA = "trainyard-local-data-123456789012-us-east-1"
ANEW = "`make train JOB={spec}` starts anew with what there is now."


def thing(bucket: str, key: str) -> Given:
    """An object that is there meanwhile."""

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
        "End it first (`make stop RUN={sleeper}`), or follow it: `make logs RUN={sleeper}`.",
        on=STACK,
    ),
    Case(
        GROUP,
        "a job that had no checkpoints",
        "make resume RUN={done}",
        "{done} ran without checkpoints: there is nothing to go on from.",
        "Set checkpoints = true in its job file, then start anew: `make train JOB=done`.",
        on=STACK,
    ),
    Case(
        GROUP,
        "a job that is done",
        "make resume RUN={run}",
        "{run} is Completed: nothing is left to be done.",
        'Ask for more than it has done: `make resume RUN={run} HP="epochs=N"`.',
        on=STACK,
    ),
    Case(
        GROUP,
        "an image that ECR no longer has",
        "make resume RUN={failed}",
        "{failed} cannot go on in its image: There is no image …/trainyard-local-trainer@sha256:….",
        ANEW.replace("{spec}", "failed"),
        refused("ecr:DescribeImages", "ImageNotFoundException", "The image with imageId {…} does not exist"),
        STACK,
    ),
    Case(
        GROUP,
        "another job writes the same checkpoints now",
        'make resume RUN={run} HP="patience=3"',
        f"{{sleeper}} writes its checkpoints to s3://{CHECKPOINTS}/digits/{{run}}/ now: two jobs would write the same "
        "ones.",
        "End it first (`make stop RUN={sleeper}`), or follow it: `make logs RUN={sleeper}`.",
        on=STACK,
    ),
    Case(
        GROUP,
        "a job that left no checkpoint",
        "make resume RUN={failed} DRY_RUN=1",
        f"{{failed}} left no checkpoint in s3://{CHECKPOINTS}/failed/{{failed}}/: there is nothing to go on from.",
        ANEW.replace("{spec}", "failed"),
        on=STACK,
    ),
    Case(
        GROUP,
        "data that have changed meanwhile",
        "make resume RUN={failed}",
        f"The data of the channel training have changed since {{failed}} was created: s3://{DATA}/digits/training/new.",
        f"Put them back as they were (docs/data.md). {ANEW.replace('{spec}', 'failed')}",
        given(thing(CHECKPOINTS, "failed/{failed}/step-1/state"), thing(DATA, "digits/training/new")),
        STACK,
    ),
)
