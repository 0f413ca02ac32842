"""`make demo`: the whole journey on the local cloud, from nothing to a trained and evaluated model.

It types what a person would type. Each step is a verb in a process of its own, with the environment that
`python -m scripts.cloud exec` would give it; this file adds the order, the clock and the summary.
"""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from scripts import localcloud
from scripts.core import console, verb
from scripts.core.errors import UserError

APP = verb.app("Train a model on the local cloud: infrastructure, image, data, training job, evaluation.")

JOB = "digits"
AWS_BASE = "tensorflow-training"
TEST_DATA = Path("data/digits/test")
INTERRUPTED = "The demo was interrupted. `make demo` starts it again; nothing was created on AWS."
ENOUGH = 0.97
"""The accuracy on the test channel under which the demo has failed."""


@APP.command()
def main(
    instances: Annotated[int, typer.Option(envvar="INSTANCES_TEXT", min=1, help="How many instances train.")] = 1,
    base: Annotated[str, typer.Option(envvar="BASE_TEXT", help="The image to build on, in place of AWS's.")] = "",
) -> None:
    """Do the whole journey with nothing skipped, and sum it up."""
    with verb.on_interrupt(INTERRUPTED):
        _journey(instances, base)


def _journey(instances: int, base: str) -> None:
    start = time.monotonic()
    with _cloud() as (cloud, environment):
        if base:
            with console.step(f"Base image (make base BASE={base})"):
                _verb(environment, "base", "--job", JOB, "--base", base)
        jobs = localcloud.how_jobs_run(cloud)
        if jobs.missing and instances > 1:
            raise UserError(
                f"{instances} instances need containers, and here are none: {jobs.missing}.",
                "docs/local-cloud.md says what containers need; `make demo` alone trains as a process.",
            )
        with console.step("Infrastructure (make infra)"):
            _verb(environment, "infra", "apply", "--yes")
        with console.step("Data (make digits)"):
            _verb(environment, "digits")
        if jobs.missing:
            console.say(f"No container: {jobs.missing}. The trainer runs as a process in place of its image.")
        else:
            with console.step(f"Image (make image JOB={JOB})"):
                _verb(environment, "image", "--job", JOB, *_base(base, jobs.base))
        run = _train(environment, instances)
        with console.step(f"Evaluation of {run}/model on {TEST_DATA}"):
            scores = _evaluate(environment, run / "model")
    console.say()
    for line in summary(_records()[run.name], run, scores, time.monotonic() - start):
        console.say(line)
    if scores["accuracy"] < ENOUGH:
        raise UserError(
            f"The model in {run}/model has a test accuracy of {scores['accuracy']:.4f}, below {ENOUGH}.",
            f"Look for the reason in its log ({run}) and in what has changed in trainer/ or jobs/{JOB}.toml.",
        )


def _base(asked: str, found: str | None) -> list[str]:
    """What to build on where nobody asks for another base than is on this machine; AWS's is the default anyway."""
    return [] if asked or found is None or AWS_BASE in found else ["--base", found]


def _train(environment: Mapping[str, str], instances: int) -> Path:
    """Train; the run's folder."""
    earlier = _records()
    with console.step(f"Training (make train JOB={JOB})"):
        _verb(environment, "train", "--job", JOB, "--instances", str(instances), "--yes")
    (new,) = _records().keys() - earlier.keys()
    return Path("runs") / new


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
        f"  On AWS         {_cost(record)}",
        "",
        "The same on AWS, with credentials and a region set:",
        "  make infra",
        f"  make image JOB={JOB}",
        f"  make train JOB={JOB}",
    ]


def _cost(record: Mapping[str, Any]) -> str:
    kind, seconds, cost = record["instance_type"], record["billable_seconds"], record["cost_usd"]
    if cost is None:
        return f"the price of {kind} is not known here"
    return f"about ${cost:.4f} for {seconds} s of {kind} (us-east-1, on demand, prices of {record['prices_of']})"


@contextmanager
def _cloud() -> Iterator[tuple[localcloud.Cloud, dict[str, str]]]:
    """A running local cloud and its environment: one that is there, or one that lives as long as this."""
    base = {**os.environ, "ENV_TEXT": "local"}  # whatever ENV the Makefile took for this target
    cloud = localcloud.running()
    if cloud:
        console.say(f"Using the local cloud that runs at {cloud.url}; it is left running.")
        yield cloud, localcloud.environment(cloud, base)
        return
    with console.step("Local cloud (make cloud-up)"):
        cloud = localcloud.start(lifetime=True)
        console.say(f"AWS's APIs are answered at {cloud.url}")
    environment = localcloud.environment(cloud, base)
    # What `make plan` saved for an earlier local cloud was about a stack that went with it.
    Path(environment["TF_DATA_DIR"]).with_name("plan").joinpath("plan.tfplan").unlink(missing_ok=True)
    try:
        yield cloud, environment
    finally:
        with _handled(signal.SIGINT, lambda _number, _frame: None):
            localcloud.stop()
            console.say("The local cloud is stopped; what it held is gone with it. data/ and runs/ are kept.")


def _verb(environment: Mapping[str, str], name: str, *arguments: str) -> None:
    """Run a verb to its end; its failure is the demo's, its words have been said."""
    code = _finish([sys.executable, "-m", f"scripts.{name}", *arguments], environment)
    if code != 0:
        raise SystemExit(code)


def _evaluate(environment: Mapping[str, str], model: Path) -> dict[str, Any]:
    command = [sys.executable, "-m", "trainer", "evaluate", "--model", str(model), "--data", str(TEST_DATA)]
    answer = subprocess.run(command, env=environment, stdout=subprocess.PIPE, check=True)
    scores: dict[str, Any] = json.loads(answer.stdout)
    console.say(f"accuracy {scores['accuracy']:.4f}, loss {scores['loss']:.4f} on {scores['images']} images")
    return scores


def _finish(command: list[str], environment: Mapping[str, str]) -> int:
    """Run a command to its end, also when this process is told to stop: a step ends in good order.

    An interrupt from the keyboard reaches the step by itself; a SIGTERM is handed on to it.
    """
    told: list[int] = []
    with subprocess.Popen(command, env=environment) as process:

        def hand_on(number: int, _frame: object) -> None:
            told.append(number)
            process.terminate()

        with _handled(signal.SIGINT, lambda number, _frame: told.append(number)), _handled(signal.SIGTERM, hand_on):
            code = process.wait()
    if told:
        raise verb.Interrupted(INTERRUPTED)
    return code


@contextmanager
def _handled(number: signal.Signals, handler: Callable[[int, object], None]) -> Iterator[None]:
    before = signal.signal(number, handler)
    try:
        yield
    finally:
        signal.signal(number, before)


def _records() -> dict[str, dict[str, Any]]:
    """The records under runs/, by the run's name."""
    return {path.parent.name: json.loads(path.read_text()) for path in Path("runs").glob(f"{JOB}-*/record.json")}


if __name__ == "__main__":
    verb.run(APP)
