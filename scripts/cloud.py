"""The local cloud: up, down, status, faults, clean, env, and ``exec -- COMMAND``, which runs a command against it."""

import contextlib
import os
import random
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import NoReturn

import click

from scripts import localcloud
from scripts.core import console, verb
from scripts.core.errors import UserError

RULES = "The calls that fail, and how, such as `s3:PutObject 503 20%`: see docs/local-cloud.md."


@click.group(no_args_is_help=False)
def app() -> None:
    """The local cloud: AWS's APIs on 127.0.0.1, for rehearsals without an account."""


@app.command()
@verb.option("--faults", envvar="FAULTS_TEXT", default="", help=RULES)
def up(faults: str) -> None:
    """Start the local cloud; it runs until ``down``."""
    if faults:
        _check_faults(faults)
    cloud = localcloud.running()
    if cloud:
        console.say(f"The local cloud already runs at {cloud.url}.")
        if faults:
            _set_faults(cloud, faults)
        return
    cloud = localcloud.start()
    for line in cloud.lost_jobs:
        console.say(line)
    console.say(f"The local cloud runs at {cloud.url}. Stop it with `make cloud-down`.")
    _print_how_jobs_run(cloud)
    if faults:
        _set_faults(cloud, faults)


@app.command("faults")
@verb.option("--faults", envvar="FAULTS_TEXT", default="", help=f"{RULES} Empty: none.")
def set_faults(faults: str) -> None:
    """Let calls to the running local cloud fail, as AWS and networks do."""
    _check_faults(faults)
    _set_faults(localcloud.required(), faults)


@app.command()
@verb.option("--yes", is_flag=True, envvar="YES_TEXT", help="Confirm the end of jobs beforehand.")
def down(yes: bool) -> None:
    """Stop the local cloud and delete everything it holds, except image layers. Asks if something uses it."""
    cloud = localcloud.running()
    with localcloud.unused() as free:
        uses = [*localcloud.running_jobs(), *([] if free else ["another command"])]
    if cloud and uses:
        fix = "Confirm beforehand with YES=1. `make jobs CLOUD=local` lists the jobs."
        if not console.confirm(f"Stop the local cloud, which runs for {console.listed(uses)}?", yes, fix):
            raise UserError(f"The local cloud runs on, for {console.listed(uses)}.", fix)
    localcloud.stop()
    console.say("The local cloud is stopped." if cloud else "No local cloud is running.")


@app.command()
def status() -> None:
    """Print its address, its start, how jobs run, its faults, and what it holds."""
    cloud = localcloud.required()
    age = datetime.now(UTC) - cloud.started
    console.say(f"The local cloud runs at {cloud.url}")
    console.say(f"since {cloud.started.astimezone():%Y-%m-%d %H:%M:%S}, for {console.duration(age.total_seconds())}")
    _print_how_jobs_run(cloud)
    _print_faults(cloud)
    # From here on, this process has the environment of a command under `exec`, and its calls get no faults.
    localcloud.enter(cloud)
    os.environ["AWS_SDK_UA_APP_ID"] = localcloud.APPLICATION
    from scripts.localcloud import contents

    for line in contents.lines():
        console.say(line)
    console.say(f"Image layers, kept for the next local cloud: {console.size(_disk_usage(localcloud.IMAGES))}")


@app.command()
def clean() -> None:
    """Delete the image layers that are kept for the next local cloud."""
    if localcloud.running():
        raise UserError("The local cloud is running and uses the layers.", "Stop it first: `make cloud-down`.")
    freed = _disk_usage(localcloud.IMAGES)
    try:
        if localcloud.IMAGES.exists():
            shutil.rmtree(localcloud.IMAGES)
    except OSError as error:
        raise UserError(f"The layers cannot be deleted: {error}.", f"Delete {localcloud.IMAGES} yourself.") from error
    console.say(f"{console.size(freed)} of image layers deleted from {localcloud.IMAGES}/.")


@app.command()
def env() -> None:
    """Print the variables that point a shell at it: eval "$(make -s cloud-env)"."""
    for line in localcloud.shell_lines(localcloud.required(), os.environ):
        console.say(line)


@app.command("exec", context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False})
@click.argument("command", nargs=-1, required=True)
def execute(command: tuple[str, ...]) -> NoReturn:
    """Run a command against the local cloud instead of AWS.

    The variable INTERRUPT_TEXT may order interruptions of the spot job that the command creates.
    """
    text = os.environ.get("INTERRUPT_TEXT", "")
    interruptions = localcloud.parse_interruptions(text, random.SystemRandom()) if text else ()
    localcloud.use()
    cloud = localcloud.required()
    changed = localcloud.environment(cloud, os.environ)
    if interruptions:
        changed["AWS_SDK_UA_APP_ID"] = _order(cloud, text, localcloud.format_interruptions(interruptions))
    try:
        os.execvpe(command[0], command, changed)  # noqa: S606 - there is no shell in it
    except OSError as error:
        raise UserError(f"{command[0]} cannot be run: {error.strerror}.", "Check the command after `--`.") from error


def _order(cloud: localcloud.Cloud, typed: str, drawn: str) -> str:
    """Order interruptions, and return the order's name. If the times were left to chance, print them."""
    if typed.startswith("random"):
        console.warn(f"INTERRUPT={typed} is this time INTERRUPT={drawn}")
    return localcloud.order_interruptions(cloud, drawn)


def _print_how_jobs_run(cloud: localcloud.Cloud) -> None:
    missing = localcloud.container_support(cloud).missing
    console.say(f"Jobs run as processes: {missing}." if missing else "Jobs run in containers.")


def _check_faults(text: str) -> None:
    from scripts.localcloud.faults.names import read

    read(text)


def _set_faults(cloud: localcloud.Cloud, text: str) -> None:
    localcloud.set_faults(cloud, text)
    _print_faults(cloud)
    if not text.strip():
        console.say("The local cloud gives no faults.")


def _print_faults(cloud: localcloud.Cloud) -> None:
    """Print each rule and how often it struck; nothing if there are no rules."""
    status = localcloud.fault_status(cloud)
    if status.rules:
        console.say(f"Faults, with seed={status.seed}:")
    for rule in status.rules:
        console.say(f"  {rule.text}: struck {rule.struck} of {rule.calls} calls")


def _disk_usage(folder: Path) -> int:
    """The bytes that a folder uses on disk."""
    blocks = 0
    for place, _, names in os.walk(folder):
        for name in names:
            with contextlib.suppress(FileNotFoundError):  # a push is renaming it now
                blocks += Path(place, name).lstat().st_blocks
    return blocks * 512


if __name__ == "__main__":
    verb.run(app)
