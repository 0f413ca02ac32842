"""Run a training job and bring its model home."""

import json
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

import typer

from scripts.core import console, verb

if TYPE_CHECKING:
    from scripts.runs import Record
    from scripts.stack import Stack
    from scripts.training import Order

APP = verb.app("Run a training job: bring its data to S3, check, send, follow, and bring its model home.")


@dataclass(frozen=True)
class Wish:
    """What was typed; an empty string is nothing."""

    job: str
    env: str
    hp: tuple[str, ...]
    image: str
    instances: str


@dataclass(frozen=True)
class Prepared:
    """A job that is ready to be checked and sent."""

    order: "Order"
    stack: "Stack"
    request: dict[str, Any]


@APP.command()
def main(
    job: Annotated[str, typer.Option(envvar="JOB_TEXT", help="The job file's name in jobs/, without .toml.")] = "",
    env: Annotated[str, typer.Option(envvar="ENV_TEXT", help="The environment of terraform/environments/.")] = "dev",
    hp: Annotated[list[str] | None, typer.Option(help="A hyperparameter, name=value; may be repeated.")] = None,
    image: Annotated[str, typer.Option(envvar="IMAGE_TEXT", help="The image's URI; else the trainer's own.")] = "",
    instances: Annotated[
        str, typer.Option(envvar="INSTANCES_TEXT", help="How many instances; else what the job file says.")
    ] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", envvar="DRY_RUN_TEXT", help="Only print the request.")] = False,
    yes: Annotated[bool, typer.Option("--yes", envvar="YES_TEXT", help="Agree to deletions beforehand.")] = False,
) -> None:
    """Run jobs/JOB.toml. HP_TEXT in the environment holds hyperparameters too, split as a shell splits words."""
    # The request alone goes to stdout.
    say = partial(print, file=sys.stderr, flush=True) if dry_run else console.say
    prepared = _prepare(Wish(job, env, tuple(hp or ()), image, instances), say)
    if dry_run:
        console.say(json.dumps(prepared.request, indent=2, ensure_ascii=False))
        return
    record = _run(prepared, yes)
    if record.status != "Completed":
        raise typer.Exit(1)


def _prepare(wish: Wish, say: Callable[[str], None]) -> Prepared:
    """Everything that can be judged before anything is created, and the request."""
    from scripts import channels, jobfile, training
    from scripts.stack import read_stack

    spec = jobfile.with_instances(jobfile.read_job(wish.job), wish.instances)
    given = jobfile.read_assignments(os.environ.get("HP_TEXT", ""), wish.hp)
    known = None
    if spec.program is None:
        known = jobfile.describe_trainer()
    else:
        jobfile.check_program(spec.program)
    if not wish.image:  # the trainer in this folder: its hyperparameters are judged before AWS is asked
        jobfile.resolve_hyperparameters(spec.hyperparameters, given, known)
    stack = read_stack(wish.env)
    channels.check(jobfile.local_channels(wish.job, spec))
    takes = training.describe_image(wish.image, spec, stack, say) if wish.image else known
    hyperparameters = jobfile.resolve_hyperparameters(spec.hyperparameters, given, takes)
    if takes == known:
        training.check_images(spec, hyperparameters)
    # An image that says nothing may hold a trainer all the same: looking for its metrics does no harm.
    prints = takes or known
    metrics = training.merge_metrics(prints.metrics if prints else (), spec.metrics)
    uri = wish.image or training.own_image(wish.job, spec, stack, wish.env, say)
    order = training.Order(wish.job, spec, training.job_name(wish.job), uri, hyperparameters, metrics)
    return Prepared(order, stack, training.build_request(order, stack))


def _run(prepared: Prepared, yes: bool) -> "Record":
    """Check, synchronise and run."""
    from scripts import channels, jobfile, training
    from scripts.training import preflight

    order, stack, request = prepared.order, prepared.stack, prepared.request
    spec = order.spec
    sources = [channel.source for channel in spec.channels.values() if not channel.is_local]
    again = f"`make train JOB={order.spec_name}`"
    with verb.on_interrupt(
        f"Interrupted. No job was started; what is uploaded stays, and {again} goes on with the rest."
    ):
        preflight.check(request, sources, console.say)
        channels.synchronise(jobfile.local_channels(order.spec_name, spec), stack.data_bucket, yes)
    if "volume_size_gb" in spec.model_fields_set and spec.has_own_nvme:
        console.say(f"Note: volume_size_gb is without effect on {spec.instance_type}, which stores on its own NVMe.")
    return training.run(request)


if __name__ == "__main__":
    verb.run(APP)
