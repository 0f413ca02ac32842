"""The image that a job runs in: that of the current trainer/ or of the job's own code, or one that you name."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from scripts import container
from scripts.container import repository
from scripts.core.errors import UserError
from scripts.jobfile.hyperparameters import TrainerDescription, parse_description
from scripts.training import preflight

if TYPE_CHECKING:
    from scripts.jobfile.spec import JobSpec
    from scripts.stack import Stack

Say = Callable[[str], None]


def job_tag(spec: "JobSpec", region: str, environment: str) -> str:
    """The tag of the image of the job's code as it is now, for the job's instance type.

    Raises:
        UserError: the folder of the job's code cannot go into an image.
    """
    base = container.current_base(region, any(map(container.has_gpu, spec.instance_types)), environment)
    if spec.code is None:
        return container.image_tag(base)
    return container.project_tag(base, container.read_project(Path(spec.code)))


def job_image(spec_name: str, spec: "JobSpec", stack: "Stack", environment: str, say: Say) -> str:
    """The URI of the image of the job's code as it is now. It names the digest, so that the job runs the checked image.

    Args:
        spec_name: the job file's name.
        spec: its content.
        stack: the stack whose repository contains the image.
        environment: the stack's name in terraform/environments/.
        say: prints a note if you may not look up the digest; the URI then names the tag.

    Raises:
        UserError: the image was not pushed yet, or the repository does not exist.
    """
    tag = job_tag(spec, stack.region, environment)
    by_tag = f"{stack.repository_url}:{tag}"
    digest = preflight.unless_denied(
        f"the image {by_tag}", partial(_digest, spec_name, spec.code or "trainer/", stack, tag), say
    )
    return f"{stack.repository_url}@{digest}" if digest else by_tag


def _digest(spec_name: str, code: str, stack: "Stack", tag: str) -> str:
    digest = repository.find(stack, tag)
    if digest is None:
        raise UserError(
            f"The image of the current {code} is not in ECR: {stack.repository_url}:{tag}.",
            f"Build and push it: `make image JOB={spec_name}`.",
        )
    return digest


def describe_image(uri: str, spec: "JobSpec", stack: "Stack", say: Say) -> TrainerDescription | None:
    """Check an image that you name, and read the description of its trainer from its label.

    Args:
        uri: the image's URI.
        spec: the job file. The hyperparameters of another program than the trainer are not checked.
        stack: the environment's stack.
        say: prints what cannot be checked.

    Returns:
        The description; None if the image has none, or its label cannot be read.

    Raises:
        UserError: the image does not exist, or SageMaker could not use it.
    """
    image = preflight.check_image(uri, stack, say)
    return read_label(uri, image, say) if spec.runs_trainer else None


def read_label(uri: str, image: repository.Image, say: Say) -> TrainerDescription | None:
    """The description of an image's trainer, from its label; None if there is none or it cannot be read.

    Args:
        uri: the image's URI, for messages.
        image: the image's place in ECR.
        say: prints why there is no description.
    """
    what = f"the hyperparameters against {uri}"
    notes: list[str] = []
    known = None
    try:
        label = preflight.unless_denied(what, partial(repository.describe, image), notes.append)
        known = parse_description(label) if label else None
    except (KeyError, TypeError):  # a label of another Trainyard version, or of another project
        pass
    except OSError as error:
        notes.append(f"Not checked: {what} ({error}).")
    if known is None:
        say(notes[0] if notes else f"Not checked: {what}, which has no label {repository.LABEL}.")
    return known
