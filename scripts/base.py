"""Bring the image that the trainer's is built on to this machine, or say which there are."""

from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Annotated

import typer

from scripts.core import console, verb
from scripts.core.errors import UserError

if TYPE_CHECKING:
    from scripts.container import Base

APP = verb.app("Bring the image that the trainer's is built on to this machine.")


@APP.command()
def main(
    job: Annotated[str, typer.Option(envvar="JOB_TEXT", help="A job of jobs/: CPU or GPU by its instance type.")] = "",
    env: Annotated[str, typer.Option(envvar="ENV_TEXT", help="The environment of terraform/environments/.")] = "dev",
    base: Annotated[str, typer.Option(envvar="BASE_TEXT", help="Any image instead of AWS's; it is remembered.")] = "",
    show: Annotated[bool, typer.Option("--list", envvar="LIST_TEXT", help="Only show AWS's containers.")] = False,
    update: Annotated[
        bool, typer.Option("--update", envvar="UPDATE_TEXT", help="Take AWS's newest, and forget BASE.")
    ] = False,
) -> None:
    """Pull AWS's TensorFlow container, by the digest in trainer/base.lock.json where that has one."""
    from scripts import container, jobfile
    from scripts.core import aws
    from scripts.stack import environments

    environments.variables_file(env)
    if base and update:
        raise UserError(f"BASE={base} names an image, and UPDATE=1 goes back to AWS's.", "Give one of the two.")
    gpu = not job or container.has_gpu(jobfile.read_job(job).instance_type)
    if show:
        _list(aws.region(), gpu, env)
        return
    with verb.on_interrupt("Interrupted. Layers that are complete stay; the same command goes on with the rest."):
        found = _use(base, env) if base else _bring(aws.region(), gpu, env, update)
    warning = container.warning(found.identity, date.today())
    if warning:
        console.say(warning)


def _use(reference: str, env: str) -> "Base":
    from scripts.container import engine, pull

    client = engine.connect()
    with engine.explained():
        found = pull.use(client, reference, env, console.say)
    console.say(f"From now on {env} is built on {found.identity}; `make base UPDATE=1` goes back to AWS's.")
    return found


def _bring(region: str, gpu: bool, env: str, update: bool) -> "Base":
    from scripts.container import chosen, engine, forget, of_aws, pull

    wanted = replace(of_aws(region, gpu), pin="") if update else chosen(region, gpu, env)
    client = engine.connect()
    with engine.explained():
        here = pull.find(client, wanted)
        found = here or pull.ensure(client, wanted, region, console.say)
    if update:
        forget(env)
    console.say(f"{found.identity} is on this machine{' already' if here else ''}.")
    return found


def _list(region: str, gpu: bool, env: str) -> None:
    from scripts.container import base, catalogue, engine, listing, pull

    kept = base.remembered(env)
    releases, repository = catalogue.releases(region), catalogue.repository(region)
    tag = "" if kept else releases[0].tag(gpu)
    try:
        here = pull.tags_here(engine.connect())
    except UserError:  # a table needs no engine
        here = set()
    for line in listing.base_table(releases, date.today(), tag, here):
        console.say(line)
    console.say(f"In {repository}, and for everybody in {catalogue.PUBLIC}.")
    if kept:
        console.say(f"{env} is built on none of them, but on {kept.identity}; `make base UPDATE=1` changes that.")


if __name__ == "__main__":
    verb.run(APP)
