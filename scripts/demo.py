"""`make demo`: the whole journey on the local cloud, from nothing to a trained and evaluated model.

Each step runs the verb that you would type, as a process in the environment of `python -m scripts.cloud exec`. This
file adds the order, the time and the summary.
"""

import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from scripts import demo_steps, localcloud
from scripts.core import console, verb
from scripts.core.errors import UserError
from scripts.costs import prices
from scripts.demo_steps import Step, condense, journey
from scripts.demo_steps.journey import JOB

INTERRUPTED = "The demo was interrupted. `make demo` starts it again; nothing was created on AWS."
REQUIRED_ACCURACY = 0.97
"""The demo fails if the accuracy on the test images is lower."""


@click.command()
@verb.option(
    "--instances", envvar="INSTANCES_TEXT", type=click.IntRange(min=1), default=1, help="How many instances train."
)
@verb.option("--base", envvar="BASE_TEXT", default="", help="The image to build on, instead of AWS's.")
def main(instances: int, base: str) -> None:
    """Train a model on the local cloud: infrastructure, image, data, training job, evaluation.

    Run the whole journey, and print a summary.
    """
    with verb.on_interrupt(INTERRUPTED), demo_steps.alone():
        _journey(instances, base)


def _journey(instances: int, base: str) -> None:
    start = time.monotonic()
    with journey.local_cloud(_training(1).log) as (cloud, environment):
        if base:
            _run(_base_image(base), environment)
        jobs = localcloud.container_support(cloud)
        if jobs.missing and instances > 1:
            raise UserError(
                f"{instances} instances need containers, and here are none: {jobs.missing}.",
                "docs/local-cloud.md says what containers need; `make demo` alone trains as a process.",
            )
        _run(journey.infrastructure(), environment)
        _run(journey.data(), environment)
        if jobs.missing:
            _say_no_container(jobs.missing)
        else:
            _run(journey.image(base or journey.found_base(jobs.base)), environment)
        run = _train(environment, instances)
        scores = condense.parse_scores(_run(journey.evaluation(run / "model"), environment))
    if scores is None:
        raise UserError(f"The evaluation of {run}/model printed no scores.", "Its output is in build/demo/.")
    console.say()
    record = json.loads((run / "record.json").read_text(encoding="utf-8"))
    for line in summary(record, run, scores, time.monotonic() - start):
        console.say(line)
    if scores["accuracy"] < REQUIRED_ACCURACY:
        raise UserError(
            f"The model in {run}/model has a test accuracy of {scores['accuracy']:.4f}, below {REQUIRED_ACCURACY}.",
            f"Look for the reason in its log ({run}) and in what has changed in trainer/ or jobs/{JOB}.toml.",
        )


def _base_image(base: str) -> Step:
    command = ("scripts.base", "--job", JOB, "--base", base)
    return Step("Base image", f"make base BASE={base}", "what the trainer's image is built on", command)


def _training(instances: int) -> Step:
    command = ("scripts.train", "--job", JOB, "--instances", str(instances), "--yes")
    why = "uploads the data, runs a SageMaker job, downloads the model"
    return Step("Training", f"make train JOB={JOB}", why, command, condense.training)


def _train(environment: Mapping[str, str], instances: int) -> Path:
    """Train; gives the run's folder."""
    output = _run(_training(instances), environment)
    name = journey.named(output, journey.RUN)
    if name is None:
        raise UserError("The training printed no run.", f"Its output is in {_training(instances).log}.")
    return Path("runs") / name


def _run(step: Step, environment: Mapping[str, str]) -> list[str]:
    return demo_steps.run(step, environment, INTERRUPTED)


def _say_no_container(missing: str) -> None:
    for line in demo_steps.indented(f"No container: {missing}. The trainer runs as a process instead of in its image."):
        console.say(line)


def summary(record: Mapping[str, Any], run: Path, scores: Mapping[str, Any], seconds: float) -> list[str]:
    """The closing lines.

    Args:
        record: the run's record.json.
        run: the run's folder.
        scores: what ``python -m trainer evaluate`` printed.
        seconds: how long the demo took.
    """
    return [
        f"Done in {console.duration(seconds)}.",
        f"  Test accuracy  {scores['accuracy']:.4f} on {scores['images']} images that the job never received",
        f"  Model          {run}/model",
        *_cost(record),
        "",
        "The same on AWS, with credentials and a region set:",
        "  make infra",
        f"  make image JOB={JOB}",
        f"  make train JOB={JOB}",
    ]


def _cost(record: Mapping[str, Any]) -> list[str]:
    kind, seconds, cost = record["instance_type"], record["billable_seconds"], record["cost_usd"]
    if cost is None:
        return [f"  On AWS         the price of {kind} is not known here"]
    # The local cloud's Price List answers with the prices of this file; its address would say nothing to a reader.
    source = "local-cloud.toml" if record["prices_of"].startswith(prices.REHEARSED) else record["prices_of"]
    return [f"  On AWS         about ${cost:.4f} for {seconds} s of {kind} on demand", f"  Price from     {source}"]


if __name__ == "__main__":
    verb.run(main)
