"""Which image a job runs in: the tree's own, named by its digest, or the one that the user names."""

from collections.abc import Callable
from functools import partial
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


def own_tag(spec: "JobSpec", region: str, environment: str) -> str:
    """The tag of the image that is made of trainer/ as it is now, for the job's instance type."""
    base = container.chosen(region, container.has_gpu(spec.instance_type), environment)
    return container.image_tag(base)


def own_image(spec_name: str, spec: "JobSpec", stack: "Stack", environment: str, say: Say) -> str:
    """The URI of that image: by digest, so that what is looked at now is what runs.

    Args:
        spec_name: the job file's name.
        spec: its content.
        stack: whose repository holds the image.
        environment: the stack's name in terraform/environments/.
        say: told where the digest may not be looked up; the image is named by its tag then.

    Raises:
        UserError: it was not made yet, or the repository is missing.
    """
    tag = own_tag(spec, stack.region, environment)
    by_tag = f"{stack.repository_url}:{tag}"
    digest = preflight.unless_denied(f"the image {by_tag}", partial(_digest, spec_name, stack, tag), say)
    return f"{stack.repository_url}@{digest}" if digest else by_tag


def _digest(spec_name: str, stack: "Stack", tag: str) -> str:
    digest = repository.find(stack, tag)
    if digest is None:
        raise UserError(
            f"The image of trainer/ as it is now is not in ECR: {stack.repository_url}:{tag}.",
            f"Build and push it: `make image JOB={spec_name}`.",
        )
    return digest


def describe_image(uri: str, spec: "JobSpec", stack: "Stack", say: Say) -> TrainerDescription | None:
    """Look for an image that the user names, and read what the trainer in it takes, as its label says.

    Args:
        uri: the image's.
        spec: the job file; another program's hyperparameters are its own.
        stack: the environment's.
        say: told what is not known.

    Returns:
        None where the image does not say it, or cannot be asked.

    Raises:
        UserError: there is no such image, or SageMaker could not use it.
    """
    image = preflight.check_image(uri, stack, say)
    return read_label(uri, image, say) if spec.program is None else None


def read_label(uri: str, image: repository.Image, say: Say) -> TrainerDescription | None:
    """What the trainer in an image takes, as its label says; None where it does not, or cannot be asked.

    Args:
        uri: the image's, for words.
        image: where it is.
        say: told why it is not known.
    """
    what = f"the hyperparameters against {uri}"
    notes: list[str] = []
    known = None
    try:
        said = preflight.unless_denied(what, partial(repository.describe, image), notes.append)
        known = parse_description(said) if said else None
    except (KeyError, TypeError):  # another Trainyard's, or nobody's
        pass
    except OSError as error:
        notes.append(f"Not checked: {what} ({error}).")
    if known is None:
        say(notes[0] if notes else f"Not checked: {what}, which has no label {repository.LABEL} to check them by.")
    return known
