"""`make demo-tune`: a search on the local cloud, from nothing to a report: eight short trainings of the digits.

First it trains with the job file's own values, as long as each trial: so the report can say what the search gained.
"""

import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import click

from scripts import demo_steps, localcloud
from scripts.core import console, verb
from scripts.core.errors import UserError
from scripts.demo_steps import Step, condense, journey
from scripts.demo_steps.journey import JOB

EPOCHS = "epochs=4"
INTERRUPTED = "The demo was interrupted. `make demo-tune` starts it again; nothing was created on AWS."
NO_ENGINE = "unix:///nowhere/docker.sock"
"""An address without an engine: a local cloud that this demo starts runs its jobs as processes, without an image."""


@dataclass(frozen=True)
class Ended:
    """What the demo's last lines are about.

    Args:
        name: the tuning's name.
        scores: what ``python -m trainer evaluate`` printed about the best model.
        after_stack: seconds since the stack was applied.
        seconds: seconds in all.
    """

    name: str
    scores: Mapping[str, float]
    after_stack: float
    seconds: float


@click.command()
def main() -> None:
    """Search hyperparameters on the local cloud: infrastructure, data, a job with the defaults, the search.

    Run the whole journey, and print a summary.
    """
    os.environ["DOCKER_HOST"] = NO_ENGINE
    with verb.on_interrupt(INTERRUPTED), demo_steps.alone():
        _journey()


def _journey() -> None:
    from scripts.tuning.reading import read_saved

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
        tuning = read_saved(name or "")
        if tuning is None or tuning.best is None:
            raise UserError("The search found no best job.", f"Its output is in {_search().log}.")
        output = _run(journey.evaluation(Path("runs") / tuning.best / "model"), environment)
        scores, now = condense.parse_scores(output), time.monotonic()
    if scores is None:
        raise UserError(f"The evaluation of {tuning.best} printed no scores.", "Its output is in build/demo/.")
    console.say()
    for line in summary(Ended(tuning.name, scores, now - applied, now - start)):
        console.say(line)


def _defaults() -> Step:
    why = "with the values of the job file, to compare"
    command = ("scripts.train", "--job", JOB, "--hp", EPOCHS, "--yes")
    return Step("Defaults", f'make train JOB={JOB} HP="{EPOCHS}"', why, command, condense.result)


def _search() -> Step:
    command = ("scripts.tune", "--job", JOB, "--hp", EPOCHS, "--yes")
    why = "eight training jobs, two at a time"
    return Step("Search", f'make tune JOB={JOB} HP="{EPOCHS}"', why, command, condense.search)


def _run(step: Step, environment: Mapping[str, str]) -> list[str]:
    return demo_steps.run(step, environment, INTERRUPTED)


def summary(ended: Ended) -> list[str]:
    """The closing lines."""
    whole, search = console.duration(ended.seconds), console.duration(ended.after_stack)
    return [
        f"Done in {whole}, {search} of it with the stack in place.",
        f"  Test accuracy  {ended.scores['accuracy']:.4f} on {ended.scores['images']} images that no job received",
        f"  Job file       jobs/{JOB}-best.toml",
        f"  Report         runs/{ended.name}/report.html",
        "",
        "The same on AWS, with credentials, a region and the stack: docs/tuning.md says what it costs.",
        f"  make tune JOB={JOB}",
    ]


if __name__ == "__main__":
    verb.run(main)
