"""`make shell`: opens a shell in a job's container."""

import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from scripts.core import console, verb

if TYPE_CHECKING:
    from scripts.container.shell import ShellSetup
    from scripts.jobfile.spec import JobSpec


@click.command()
@verb.option("--job", envvar="JOB_TEXT", default="", help="The job file's name in jobs/, without .toml.")
@verb.option("--env", envvar="ENV_TEXT", default="dev", help="The environment of terraform/environments/.")
@verb.option("--hp", multiple=True, help="A hyperparameter, name=value; may be repeated.")
@verb.option("--image", envvar="IMAGE_TEXT", default="", help="An image; default: the trainer's own.")
def main(job: str, env: str, hp: tuple[str, ...], image: str) -> None:
    """Open a shell in a container of a job's image, with the job's local channels mounted.

    Open the container that jobs/JOB.toml would run. HP_TEXT may contain more hyperparameters, as for train.
    """
    from scripts.container import shell

    setup, skipped = _prepare(job, env, hp, image)
    for line in _introduction(setup, skipped):
        console.say(line)
    code = shell.run(setup)
    # An interactive shell exits with the code of its last command, which is no error of `make shell`.
    if code == shell.DOCKER_FAILED or not sys.stdin.isatty():
        raise SystemExit(code)


def _prepare(job: str, env: str, hp: Sequence[str], image: str) -> "tuple[ShellSetup, list[str]]":
    from scripts import channels, container, jobfile
    from scripts.container import engine, shell
    from scripts.stack import environments

    spec = jobfile.read_job(job)
    typed = jobfile.read_assignments(os.environ.get("HP_TEXT", ""), hp)
    trainer = jobfile.describe_trainer() if spec.runs_trainer and not image else None
    hyperparameters = jobfile.resolve_hyperparameters(spec.hyperparameters_to_send, typed, trainer)
    local = jobfile.local_channels(job, spec)
    channels.check(local)
    client = engine.connect()
    name = _image(client, job, spec, env, image)
    gpus = any(map(container.has_gpu, spec.instance_types))
    with engine.explain_errors():
        usable = gpus and "nvidia" in client.info().get("Runtimes", {})
    environment = {
        **({"TRAINER_WITHOUT_GPU": "allow"} if gpus and not usable else {}),
        **spec.environment,
        **({"SAGEMAKER_PROGRAM": spec.program} if spec.program else {}),
        "TRAINING_JOB_NAME": f"{job}-shell",
    }
    scratch = environments.build_folder(env) / "shell" / job
    shell.prepare(scratch, name, shell.configuration(spec, hyperparameters))
    folders = {channel.name: channel.folder for channel in local}
    setup = shell.ShellSetup(name, scratch, folders, environment, spec.network_isolation, usable)
    return setup, [f"{one} ({channel.place})" for one, channel in spec.channels.items() if channel.folder is None]


def _image(client: object, job: str, spec: "JobSpec", env: str, image: str) -> str:
    """The name of the job's image on this machine; pulls it if it is not here."""
    from scripts import training
    from scripts.container import shell
    from scripts.core import aws
    from scripts.stack import read_stack

    name = image or f"trainyard:{training.job_tag(spec, aws.region(), env)}"
    if shell.is_local(client, name):
        return name
    stack = read_stack(env)
    if image:
        training.describe_image(image, spec, stack, console.say)
    name = image or training.job_image(job, spec, stack, env, console.say)
    shell.pull_image(client, name)
    return name


def _introduction(setup: "ShellSetup", skipped: list[str]) -> list[str]:
    """The lines to print before the shell opens."""
    lines = [
        f"In {setup.image}: {', '.join(setup.channels) or 'no channel'} below /opt/ml/input/data, read-only. "
        f"Files in /opt/ml/model, output and checkpoints are kept in {os.path.relpath(setup.scratch)}.",
    ]
    if skipped:
        lines.append(f"Skipped, because their sources are in S3: {', '.join(skipped)}.")
    return [*lines, "`python -m trainer train` trains as the job would; `exit` ends the shell."]


if __name__ == "__main__":
    verb.run(main)
