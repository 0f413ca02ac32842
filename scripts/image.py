"""Build the trainer's image and push it to ECR, unless it is there."""

from datetime import date
from typing import TYPE_CHECKING, Annotated

import typer

from scripts.core import console, verb

if TYPE_CHECKING:
    from scripts.container import Base
    from scripts.stack import Stack

APP = verb.app("Build the trainer's image and push it to ECR, unless it is there.")


@APP.command()
def main(
    job: Annotated[str, typer.Option(envvar="JOB_TEXT", help="A job of jobs/: CPU or GPU by its instance type.")] = "",
    env: Annotated[str, typer.Option(envvar="ENV_TEXT", help="The environment of terraform/environments/.")] = "dev",
    base: Annotated[str, typer.Option(envvar="BASE_TEXT", help="Any image to build on; it is remembered.")] = "",
) -> None:
    """Make what `make train` looks for: the image of trainer/ as it is now, on its base."""
    from scripts import container, jobfile
    from scripts.stack import read_stack

    gpu = not job or container.has_gpu(jobfile.read_job(job).instance_type)
    with verb.on_interrupt("Interrupted. What is pulled, built and pushed stays; the same command goes on from there."):
        stack = read_stack(env)
        chosen = _base(stack, gpu, env, base)
        warning = container.warning(chosen.identity, date.today())
        if warning:
            console.say(warning)
        _make(stack, chosen)


def _base(stack: "Stack", gpu: bool, env: str, named: str) -> "Base":
    """What is built on, with its pin: for that, Docker is needed where nobody has pulled it."""
    from scripts.container import chosen, engine, pull

    found = None if named else chosen(stack.region, gpu, env)
    if found and found.pin:
        return found
    client = engine.connect()
    with engine.explained():
        if found is None:
            return pull.use(client, named, env, console.say)
        return pull.ensure(client, found, stack.region, console.say)


def _make(stack: "Stack", base: "Base") -> None:
    from scripts import container
    from scripts.container import engine, pull, push, repository

    tag = container.image_tag(base)
    name = f"{stack.repository_url}:{tag}"
    digest = repository.find(stack, tag)
    if digest:
        console.say(f"{name} is in ECR already, nothing is built: {digest}")
        return
    client = engine.connect()
    with engine.explained():
        base = pull.ensure(client, base, stack.region, console.say)
        image_id = container.build(base, tag, console.say)
    console.say(f"Pushing {name}")
    sent = push.push(image_id, stack, tag)
    console.say(f"Pushed {sent.summary()}")


if __name__ == "__main__":
    verb.run(APP)
