"""`make demo-tune`: a search on the local cloud, from nothing to a report: eight short trainings of the digits.

First it trains with the job file's own values, as long as each trial: so the report can say what the search gained.
"""

import os
import time
from collections.abc import Mapping

import click

from scripts import demo_steps, localcloud
from scripts.core import console, verb
from scripts.demo_steps import Step, condense, journey
from scripts.demo_steps.journey import JOB

EPOCHS = "epochs=4"
INTERRUPTED = "The demo was interrupted. `make demo-tune` starts it again; nothing was created on AWS."
NO_ENGINE = "unix:///nowhere/docker.sock"
"""An address without an engine: a local cloud that this demo starts runs its jobs as processes, without an image."""


@click.command()
def main() -> None:
    """Search hyperparameters on the local cloud: infrastructure, data, a job with the defaults, the search.

    Run the whole journey, and print a summary.
    """
    os.environ["DOCKER_HOST"] = NO_ENGINE
    with verb.on_interrupt(INTERRUPTED), demo_steps.alone():
        _journey()


def _journey() -> None:
    start = time.monotonic()
    with journey.local_cloud(_search().log) as (cloud, environment):
        jobs = localcloud.container_support(cloud)
        _run(journey.infrastructure(), environment)
        applied = time.monotonic()
        _run(journey.data(), environment)
        if not jobs.missing:
            _run(journey.image(journey.found_base(jobs.base)), environment)
        _run(_defaults(), environment)
        name = journey.named(_run(_search(), environment), journey.TUNING)
        now = time.monotonic()
    console.say()
    for line in summary(str(name), now - applied, now - start):
        console.say(line)


def _defaults() -> Step:
    why = "with the values of the job file, to compare"
    command = ("scripts.train", "--job", JOB, "--hp", EPOCHS, "--yes")
    return Step("Defaults", f'make train JOB={JOB} HP="{EPOCHS}"', why, command, condense.result)


def _search() -> Step:
    command = ("scripts.tune", "--job", JOB, "--hp", EPOCHS, "--yes")
    why = "eight training jobs, two at a time; then the best model is evaluated"
    return Step("Search", f'make tune JOB={JOB} HP="{EPOCHS}"', why, command, condense.search)


def _run(step: Step, environment: Mapping[str, str]) -> list[str]:
    return demo_steps.run(step, environment, INTERRUPTED)


def summary(name: str, after_stack: float, seconds: float) -> list[str]:
    """The closing lines.

    Args:
        name: the tuning's name.
        after_stack: how many seconds the demo took since the stack was applied.
        seconds: how many it took in all.
    """
    return [
        f"Done in {console.duration(seconds)}, {console.duration(after_stack)} of it with the stack in place.",
        f"  Job file  jobs/{JOB}-best.toml",
        f"  Report    runs/{name}/report.html",
        "",
        "The same on AWS, with credentials, a region and the stack: docs/tuning.md says what it costs.",
        f"  make tune JOB={JOB}",
    ]


if __name__ == "__main__":
    verb.run(main)
