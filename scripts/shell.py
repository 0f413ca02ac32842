"""Open a shell in a job's container."""

import os
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from scripts.core import console, verb

if TYPE_CHECKING:
    from scripts.container.shell import Bench
    from scripts.jobfile.spec import JobSpec

APP = verb.app("Open a shell in a container of a job's image, with the job's local channels mounted.")


@APP.command()
def main(
    job: Annotated[str, typer.Option(envvar="JOB_TEXT", help="The job file's name in jobs/, without .toml.")] = "",
    env: Annotated[str, typer.Option(envvar="ENV_TEXT", help="The environment of terraform/environments/.")] = "dev",
    hp: Annotated[list[str] | None, typer.Option(help="A hyperparameter, name=value; may be repeated.")] = None,
    image: Annotated[str, typer.Option(envvar="IMAGE_TEXT", help="An image; else the trainer's own.")] = "",
) -> None:
    """Open it as jobs/JOB.toml would run; HP_TEXT in the environment holds hyperparameters, as for train."""
    from scripts.container import shell

    bench, left_out = _prepare(job, env, hp or [], image)
    for line in _introduction(bench, left_out):
        console.say(line)
    code = shell.run(bench)
    # A person leaves a shell with whatever its last command gave: that is no failure of this one.
    if code == shell.DOCKER_FAILED or not sys.stdin.isatty():
        raise typer.Exit(code)


def _prepare(job: str, env: str, hp: list[str], image: str) -> "tuple[Bench, list[str]]":
    from scripts import channels, container, jobfile
    from scripts.container import engine, shell
    from scripts.stack import environments

    spec = jobfile.read_job(job)
    given = jobfile.read_assignments(os.environ.get("HP_TEXT", ""), hp)
    known = jobfile.describe_trainer() if spec.program is None and not image else None
    hyperparameters = jobfile.resolve_hyperparameters(spec.hyperparameters, given, known)
    local = jobfile.local_channels(job, spec)
    channels.check(local)
    client = engine.connect()
    name = _image(client, job, spec, env, image)
    gpus = container.has_gpu(spec.instance_type)
    with engine.explained():
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
    bench = shell.Bench(name, scratch, folders, environment, spec.network_isolation, usable)
    return bench, [f"{one} ({channel.source})" for one, channel in spec.channels.items() if not channel.is_local]


def _image(client: object, job: str, spec: "JobSpec", env: str, image: str) -> str:
    """The name of the job's image on this machine, where it is brought if need be."""
    from scripts import training
    from scripts.container import shell
    from scripts.core import aws
    from scripts.stack import read_stack

    name = image or f"trainyard:{training.own_tag(spec, aws.region(), env)}"
    if shell.is_here(client, name):
        return name
    stack = read_stack(env)
    if image:
        training.describe_image(image, spec, stack, console.say)
    name = image or training.own_image(job, spec, stack, env, console.say)
    shell.fetch(client, name)
    return name


def _introduction(bench: "Bench", left_out: list[str]) -> list[str]:
    """What is said before the shell opens."""
    lines = [
        f"In {bench.image}: {', '.join(bench.channels) or 'no channel'} below /opt/ml/input/data, to be read only; "
        f"what goes to /opt/ml/model, output or checkpoints is kept in {os.path.relpath(bench.scratch)}.",
    ]
    if left_out:
        lines.append(f"Left out, for their sources are in S3: {', '.join(left_out)}.")
    return [*lines, "`python -m trainer train` trains as the job would; `exit` leaves."]


if __name__ == "__main__":
    verb.run(APP)
