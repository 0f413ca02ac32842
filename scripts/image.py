"""`make image`: builds the image of the trainer, or of a job's own code, and pushes it to ECR, unless it is there."""

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import click

from scripts.core import console, verb
from scripts.core.errors import UserError

if TYPE_CHECKING:
    from scripts.container import Base, Project
    from scripts.stack import Stack


@click.command()
@verb.option("--job", envvar="JOB_TEXT", default="", help="A job file; its instance type selects CPU or GPU.")
@verb.option("--env", envvar="ENV_TEXT", default="dev", help="The environment of terraform/environments/.")
@verb.option("--base", envvar="BASE_TEXT", default="", help="A base image; later builds use it too.")
@verb.option("--yes", is_flag=True, envvar="YES_TEXT", help="Build a large image without asking.")
def main(job: str, env: str, base: str, yes: bool) -> None:
    """Build the trainer's image and push it to ECR, unless it is there.

    Build the image that `make train` uses: the current trainer/, or the job's own code, on its base image.
    """
    from scripts import container, jobfile
    from scripts.stack import read_stack

    spec = jobfile.read_job(job) if job else None
    gpu = spec is None or any(map(container.has_gpu, spec.instance_types))
    project = _project(spec.code, yes) if spec and spec.code else None
    with verb.on_interrupt("Interrupted. Finished layers are kept; run the same command to continue."):
        stack = read_stack(env)
        chosen = _base(stack, gpu, env, base)
        warning = container.patch_warning(chosen.identity, date.today())
        if warning:
            console.say(warning)
        _make(stack, chosen, project)


def _project(code: str, yes: bool) -> "Project":
    """The job's own code; asks if it is large."""
    from scripts import container
    from scripts.container.project import ASK_FROM

    project = container.read_project(Path(code))
    console.say(project.summary())
    if project.size > ASK_FROM:
        question = f"{code} has {project.size / 1e6:.0f} MB. Build and push an image with all of it?"
        if not console.confirm(question, yes, "Exclude what is no code with .dockerignore, or confirm with YES=1."):
            raise UserError("No image was built.", f"Exclude what is no code with {code}/.dockerignore.")
    return project


def _base(stack: "Stack", gpu: bool, env: str, named: str) -> "Base":
    """The base image with its digest. If the digest is not known yet, Docker must pull the image."""
    from scripts.container import current_base, engine, pull

    found = None if named else current_base(stack.region, gpu, env)
    if found and found.pin:
        return found
    client = engine.connect()
    with engine.explain_errors():
        if found is None:
            return pull.choose_image(client, named, env, console.say)
        return pull.ensure(client, found, stack.region, console.say)


def _make(stack: "Stack", base: "Base", project: "Project | None") -> None:
    from scripts import container
    from scripts.container import catalogue, engine, pull, push, repository
    from scripts.training import caller_rights, verb_calls

    tag = container.project_tag(base, project) if project else container.image_tag(base)
    name = f"{stack.repository_url}:{tag}"
    digest = repository.find(stack, tag)
    if digest:
        console.say(f"{name} is in ECR already; nothing to build: {digest}")
        return
    client = engine.connect()
    with engine.explain_errors():
        pulled_from = catalogue.arn(stack.region) if base.tag and not pull.find_local(client, base) else None
        caller_rights.check("make image", verb_calls.of_image(stack, pulled_from), console.say)
        base = pull.ensure(client, base, stack.region, console.say)
        if project:
            image_id = container.build_project(base, tag, console.say, project.folder)
        else:
            image_id = container.build(base, tag, console.say)
    console.say(f"Pushing {name}")
    sent = push.push(image_id, stack, tag)
    console.say(f"Pushed {sent.summary()}")


if __name__ == "__main__":
    verb.run(main)
