"""`make train`: runs a training job and downloads its model."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from scripts.core import console, verb
from scripts.core.printable import json_text

if TYPE_CHECKING:
    from scripts.stack import Stack
    from scripts.training import TrainingJob

APP = verb.app("Run a training job: check, upload its data, send, follow, and download its model.")


@dataclass(frozen=True)
class TrainOptions:
    """The options of the command; an empty string means not set."""

    job: str
    env: str
    hp: tuple[str, ...]
    image: str
    instances: str


@dataclass(frozen=True)
class PreparedJob:
    """A job that is ready to be sent."""

    job: "TrainingJob"
    stack: "Stack"
    request: dict[str, Any]


@APP.command()
def main(
    job: Annotated[str, typer.Option(envvar="JOB_TEXT", help="The job file's name in jobs/, without .toml.")] = "",
    env: Annotated[str, typer.Option(envvar="ENV_TEXT", help="The environment of terraform/environments/.")] = "dev",
    hp: Annotated[list[str] | None, typer.Option(help="A hyperparameter, name=value; may be repeated.")] = None,
    image: Annotated[str, typer.Option(envvar="IMAGE_TEXT", help="The image's URI; default: the trainer's own.")] = "",
    instances: Annotated[
        str, typer.Option(envvar="INSTANCES_TEXT", help="The number of instances; default: that of the job file.")
    ] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", envvar="DRY_RUN_TEXT", help="Only print the request.")] = False,
    yes: Annotated[bool, typer.Option("--yes", envvar="YES_TEXT", help="Confirm deletions beforehand.")] = False,
) -> None:
    """Run jobs/JOB.toml. The variable HP_TEXT may contain more hyperparameters, split into words as by a shell."""
    # With DRY_RUN=1 only the request goes to stdout.
    say = console.warn if dry_run else console.say
    prepared = _prepare(TrainOptions(job, env, tuple(hp or ()), image, instances), say)
    if dry_run:
        console.say(json_text(prepared.request, indent=2))
        return
    if not _run(prepared, yes):
        raise typer.Exit(1)


def _prepare(options: TrainOptions, say: Callable[[str], None]) -> PreparedJob:
    """Do all checks that need no new resource, and build the request."""
    from scripts import channels, container, jobfile, training
    from scripts.stack import read_stack

    spec = jobfile.with_instances(jobfile.read_job(options.job), options.instances)
    typed = jobfile.read_assignments(os.environ.get("HP_TEXT", ""), options.hp)
    local_trainer = None
    if spec.program is None:
        local_trainer = jobfile.describe_trainer()
    else:
        jobfile.check_program(spec.program, spec.code)
        if not options.image:
            container.check_program(spec.program, spec.code)
    if not options.image:  # the job runs the local trainer: check its hyperparameters before any call to AWS
        jobfile.resolve_hyperparameters(spec.hyperparameters, typed, local_trainer)
    stack = read_stack(options.env)
    channels.check(jobfile.local_channels(options.job, spec))
    trainer = training.describe_image(options.image, spec, stack, say) if options.image else local_trainer
    hyperparameters = jobfile.resolve_hyperparameters(spec.hyperparameters, typed, trainer)
    if trainer == local_trainer:
        training.check_images(spec, hyperparameters)
    # An image without a description may still contain a trainer. Looking for its metrics does no harm.
    described = trainer or local_trainer
    metrics = training.merge_metrics(described.metrics if described else (), spec.metrics)
    uri = options.image or training.job_image(options.job, spec, stack, options.env, say)
    job = training.TrainingJob(options.job, spec, training.job_name(options.job), uri, hyperparameters, metrics)
    return PreparedJob(job, stack, training.build_request(job, stack))


def _run(prepared: PreparedJob, yes: bool) -> bool:
    """Check what the job needs, upload its data, and run it; whether it is Completed and left something."""
    from scripts import channels, jobfile, runs, training
    from scripts.training import preflight

    job, stack, request = prepared.job, prepared.stack, prepared.request
    spec = job.spec
    sources = [channel.source for channel in spec.channels.values() if not channel.is_local]
    with verb.on_interrupt(
        f"Interrupted. No job was started. Uploaded files are kept; `make train JOB={job.spec_name}` uploads the rest."
    ):
        runs.check_can_keep(request)
        preflight.check(request, sources, console.say)
        channels.synchronise(jobfile.local_channels(job.spec_name, spec), stack.data_bucket, yes)
    if "volume_size_gb" in spec.model_fields_set and spec.has_own_nvme:
        console.say(f"Note: volume_size_gb has no effect on {spec.instance_type}, which has local NVMe disks.")
    return training.run(request)


if __name__ == "__main__":
    verb.run(APP)
