"""Errors with the image that a job runs in, and with Docker."""

from collections.abc import Iterator
from contextlib import contextmanager

from tests.errors.case import STACK, Case, file, folder, given, job, link, refused, variable
from tests.errors.scene import Scene
from tests.errors.tools import only_these_programs

GROUP = "Images and Docker"
URL = "123456789012.dkr.ecr.us-east-1.amazonaws.com/trainyard-local-trainer"
NOT_THERE = refused("ecr:DescribeImages", "ImageNotFoundException", "The image with imageId {…} does not exist")
A_JOB = given(job(), folder("data/digits/training", "0/one.png"))
NO_ENGINE = variable(DOCKER_HOST="unix:///nowhere/docker.sock")
START = "Start it (Docker Desktop, or `systemctl start docker`)."
INSTALL = "Install Docker and start it: https://docs.docker.com/engine/install/"


@contextmanager
def no_docker(scene: Scene) -> Iterator[None]:
    with only_these_programs(scene), NO_ENGINE(scene):
        yield


CASES = (
    Case(
        GROUP,
        "the image of the current trainer/ was not built yet",
        "make train JOB=digits",
        "The image of the current trainer/ is not in ECR: …/trainyard-local-trainer:trainer-….",
        "Build and push it: `make image JOB=digits`.",
        NOT_THERE,
        STACK,
    ),
    Case(
        GROUP,
        "the same with DRY_RUN=1",
        "make train JOB=digits DRY_RUN=1",
        "The image of the current trainer/ is not in ECR: …/trainyard-local-trainer:trainer-….",
        "Build and push it: `make image JOB=digits`.",
        NOT_THERE,
        STACK,
    ),
    Case(
        GROUP,
        "the image of the job's own code was not built yet, or jobs run as processes",
        "make train JOB=mistake",
        "The image of the current code-of-mine is not in ECR: …/trainyard-local-trainer:code-….",
        "Build and push it: `make image JOB=mistake`.",
        given(job('code = "code-of-mine"\nprogram = "train.py"', ""), file("code-of-mine/train.py", "")),
        STACK,
    ),
    Case(
        GROUP,
        "the folder of the job's own code does not exist",
        "make image JOB=mistake",
        "There is no folder ../my-project, which the job file names as its code.",
        "Name a folder, from / or from the root of this repository.",
        job('code = "../my-project"\nprogram = "train.py"', ""),
    ),
    Case(
        GROUP,
        "the job's own code is the folder of this repository",
        "make image JOB=mistake",
        "The folder . contains this repository, so it cannot be a job's code.",
        "Name the folder of the project alone.",
        job('code = "."\nprogram = "train.py"', ""),
    ),
    Case(
        GROUP,
        "a link in the job's own code leads out of it",
        "make image JOB=mistake",
        "The link code-of-mine/data leads out of the folder, to ../data: the image would not have its target.",
        "Copy the target into the folder, or remove the link.",
        given(
            job('code = "code-of-mine"\nprogram = "train.py"', ""),
            file("code-of-mine/train.py", ""),
            link("code-of-mine/data", "../data"),
        ),
    ),
    Case(
        GROUP,
        "the repository does not exist",
        "make train JOB=digits",
        "The repository trainyard-local-trainer does not exist in account 123456789012, us-east-1.",
        "Apply the stack again: `make infra`.",
        refused("ecr:DescribeImages", "RepositoryNotFoundException", "The repository … does not exist"),
        STACK,
    ),
    Case(
        GROUP,
        "an image that is not in ECR",
        "make train JOB=digits IMAGE=tensorflow/tensorflow:2.21.0",
        "IMAGE=tensorflow/tensorflow:2.21.0 is not in ECR, the only registry that SageMaker pulls from.",
        "Push it to the stack's repository: …/trainyard-local-trainer:<tag>.",
        on=STACK,
    ),
    Case(
        GROUP,
        "an image in another region than the job's",
        f"make train JOB=digits IMAGE={URL.replace('us-east-1', 'eu-west-1')}:v1",
        "The image's repository trainyard-local-trainer is in eu-west-1, and the job would run in us-east-1: SageMaker "
        "needs both in one region.",
        "Use one in us-east-1, or run the job with AWS_REGION=eu-west-1.",
        on=STACK,
    ),
    Case(
        GROUP,
        "a tag that does not exist",
        f"make train JOB=digits IMAGE={URL}:v9",
        f"There is no image {URL}:v9.",
        "Push an image with that tag, or name an existing one: IMAGE=…/trainyard-local-trainer:<tag>.",
        NOT_THERE,
        STACK,
    ),
    Case(
        GROUP,
        "an invalid number of instances",
        "make train JOB=digits INSTANCES=0",
        "INSTANCES=0 is not a number of instances.",
        "Set a whole number of at least 1, such as INSTANCES=2.",
    ),
    Case(
        GROUP,
        "no Docker on this machine (`shell`)",
        "make shell JOB=mistake",
        "Docker is not installed: there is no `docker` on PATH.",
        INSTALL,
        given(A_JOB, no_docker),
    ),
    Case(
        GROUP,
        "no Docker on this machine (`base`)",
        "make base JOB=digits",
        "Docker is not installed: there is no `docker` on PATH.",
        INSTALL,
        no_docker,
    ),
    Case(
        GROUP,
        "no Docker engine answers (`shell`)",
        "make shell JOB=mistake",
        "No Docker engine answers: …",
        START,
        given(A_JOB, NO_ENGINE),
    ),
    Case(
        GROUP,
        "no Docker engine answers (`image`)",
        "make image JOB=digits",
        "No Docker engine answers: …",
        START,
        given(NOT_THERE, NO_ENGINE),
        STACK,
    ),
    Case(
        GROUP,
        "BASE and UPDATE together",
        "make base BASE=mine:1 UPDATE=1",
        "BASE=mine:1 names an image, but UPDATE=1 selects AWS's.",
        "Set only one of the two.",
    ),
)
