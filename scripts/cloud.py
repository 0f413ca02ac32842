"""The local cloud: up, down, status, env, and ``exec -- COMMAND`` to run a command against it."""

import os
import sys
from datetime import UTC, datetime
from typing import Annotated, NoReturn

import typer

from scripts import localcloud
from scripts.core import console, verb
from scripts.core.errors import UserError

APP = verb.app("The local cloud: AWS's own APIs on 127.0.0.1, for rehearsals without an account.")


@APP.command()
def up() -> None:
    """Start it; it runs until ``down``."""
    cloud = localcloud.running()
    if cloud:
        console.say(f"The local cloud already runs at {cloud.url}.")
        return
    cloud = localcloud.start()
    for line in cloud.lost:
        console.say(line)
    console.say(f"The local cloud runs at {cloud.url}. Stop it with `make cloud-down`.")


@APP.command()
def down() -> None:
    """Stop it; everything it holds goes with it."""
    cloud = localcloud.running()
    localcloud.stop()
    console.say("The local cloud is stopped." if cloud else "No local cloud runs.")


@APP.command()
def status() -> None:
    """Say where it runs, since when, and what it holds."""
    cloud = _running()
    age = datetime.now(UTC) - cloud.started
    console.say(f"The local cloud runs at {cloud.url}")
    console.say(f"since {cloud.started.astimezone():%Y-%m-%d %H:%M:%S}, for {console.duration(age.total_seconds())}")
    # From here on this process is what a command under `exec` would be.
    changed = localcloud.environment(cloud, os.environ)
    os.environ.clear()
    os.environ.update(changed)
    from scripts.localcloud import holdings

    for line in holdings.lines():
        console.say(line)


@APP.command()
def env() -> None:
    """Print what points a shell at it: eval "$(make -s cloud-env)"."""
    for line in localcloud.shell_lines(_running(), os.environ):
        console.say(line)


@APP.command("exec", context_settings={"ignore_unknown_options": True})
def execute(command: Annotated[list[str], typer.Argument(help="The command and its arguments, after --.")]) -> NoReturn:
    """Run a command that sees the local cloud and nothing else of AWS."""
    changed = localcloud.environment(_running(), os.environ)
    try:
        os.execvpe(command[0], command, changed)  # noqa: S606 - there is no shell in it
    except OSError as error:
        raise UserError(f"{command[0]} cannot be run: {error.strerror}.", "Look at the command after `--`.") from error


def _running() -> localcloud.Cloud:
    cloud = localcloud.running()
    if cloud is None:
        raise UserError("No local cloud is running.", "Start it with `make cloud-up`.")
    return cloud


if __name__ == "__main__":
    if sys.argv[1:3] == ["exec", "--"] and sys.argv[3:]:
        # It stands before every verb of a rehearsal: spare each the 0.2 s that typer takes to parse.
        verb.run(lambda: execute(sys.argv[3:]))
    verb.run(APP)
