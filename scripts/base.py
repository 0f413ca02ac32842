"""`make base`: pulls the base image of the trainer's image, or lists the available ones."""

from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING

import click

from scripts.core import console, verb
from scripts.core.errors import UserError

if TYPE_CHECKING:
    from scripts.container import Base


@click.command()
@verb.option("--job", envvar="JOB_TEXT", default="", help="A job file; its instance type selects CPU or GPU.")
@verb.option("--env", envvar="ENV_TEXT", default="dev", help="The environment of terraform/environments/.")
@verb.option("--base", envvar="BASE_TEXT", default="", help="An image instead of AWS's; later builds use it too.")
@verb.option("--list", "show", is_flag=True, envvar="LIST_TEXT", help="Only list AWS's containers.")
@verb.option("--update", is_flag=True, envvar="UPDATE_TEXT", help="Use AWS's newest container, and forget BASE.")
def main(job: str, env: str, base: str, show: bool, update: bool) -> None:
    """Pull the base image of the trainer's image to this machine.

    Pull AWS's TensorFlow container, by its digest in trainer/base.lock.json if that has one.
    """
    from scripts import container, jobfile
    from scripts.core import aws
    from scripts.stack import environments

    environments.variables_file(env)
    if base and update:
        raise UserError(f"BASE={base} names an image, but UPDATE=1 selects AWS's.", "Set only one of the two.")
    gpu = not job or any(map(container.has_gpu, jobfile.read_job(job).instance_types))
    if show:
        _list(aws.region(), gpu, env)
        return
    with verb.on_interrupt("Interrupted. Complete layers are kept; run the same command to pull the rest."):
        found = _pull_named(base, env) if base else _pull_aws(aws.region(), gpu, env, update)
    warning = container.patch_warning(found.identity, date.today())
    if warning:
        console.say(warning)


def _pull_named(reference: str, env: str) -> "Base":
    from scripts.container import engine, pull

    client = engine.connect()
    with engine.explain_errors():
        found = pull.choose_image(client, reference, env, console.say)
    console.say(f"Builds for {env} now use {found.identity}; `make base UPDATE=1` returns to AWS's container.")
    return found


def _pull_aws(region: str, gpu: bool, env: str, update: bool) -> "Base":
    from scripts.container import aws_base, current_base, engine, forget_base, pull

    wanted = replace(aws_base(region, gpu), pin="") if update else current_base(region, gpu, env)
    client = engine.connect()
    with engine.explain_errors():
        here = pull.find_local(client, wanted)
        found = here or pull.ensure(client, wanted, region, console.say)
    if update:
        forget_base(env)
    console.say(f"{found.identity} is on this machine{' already' if here else ''}.")
    return found


def _list(region: str, gpu: bool, env: str) -> None:
    from scripts.container import base, catalogue, engine, listing, pull

    kept = base.remembered_base(env)
    releases, repository = catalogue.releases(region), catalogue.repository(region)
    tag = "" if kept else releases[0].tag(gpu)
    try:
        here = pull.local_tags(engine.connect())
    except UserError:  # the table also works without Docker
        here = set()
    for line in listing.base_table(releases, date.today(), tag, here):
        console.say(line)
    console.say(f"In {repository}, and public in {catalogue.PUBLIC}.")
    if kept:
        console.say(f"Builds for {env} use another image, {kept.identity}; `make base UPDATE=1` changes that.")


if __name__ == "__main__":
    verb.run(main)
