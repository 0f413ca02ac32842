"""`make demo`: the whole journey on the local cloud, from nothing to a trained and evaluated model.

Each step runs the verb that you would type, as a process in the environment of `python -m scripts.cloud exec`. This
file adds the order, the time and the summary.
"""

import json
import os
import signal
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

from scripts import demo_steps, localcloud
from scripts.core import console, verb
from scripts.core.arguments import Application, Option
from scripts.core.errors import UserError
from scripts.demo_steps import Step, condense

APP = Application("Train a model on the local cloud: infrastructure, image, data, training job, evaluation.")

JOB = "digits"
AWS_BASE = "tensorflow-training"
RUN = "Run: "
TEST_DATA = Path("data/digits/test")
INTERRUPTED = "The demo was interrupted. `make demo` starts it again; nothing was created on AWS."
REQUIRED_ACCURACY = 0.97
"""The demo fails if the accuracy on the test images is lower."""


@APP.command()
def main(
    instances: Annotated[int, Option("How many instances train.", "INSTANCES_TEXT", least=1)] = 1,
    base: Annotated[str, Option("The image to build on, instead of AWS's.", "BASE_TEXT")] = "",
) -> None:
    """Run the whole journey, and print a summary."""
    with verb.on_interrupt(INTERRUPTED), demo_steps.alone():
        _journey(instances, base)


def _journey(instances: int, base: str) -> None:
    start = time.monotonic()
    with _cloud() as (cloud, environment):
        if base:
            _run(_base_image(base), environment)
        jobs = localcloud.container_support(cloud)
        if jobs.missing and instances > 1:
            raise UserError(
                f"{instances} instances need containers, and here are none: {jobs.missing}.",
                "docs/local-cloud.md says what containers need; `make demo` alone trains as a process.",
            )
        _run(_infrastructure(), environment)
        _run(_data(), environment)
        if jobs.missing:
            _say_no_container(jobs.missing)
        else:
            _run(_image(base or _found_base(jobs.base)), environment)
        run = _train(environment, instances)
        scores = condense.parse_scores(_run(_evaluation(run / "model"), environment))
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


def _infrastructure() -> Step:
    why = "buckets, an image repository and a role, by Terraform"
    return Step("Infrastructure", "make infra", why, ("scripts.infra", "apply", "--yes"), condense.infrastructure)


def _data() -> Step:
    return Step("Data", "make digits", "real images, in one folder per label", ("scripts.digits",))


def _image(base: str) -> Step:
    command = ("scripts.image", "--job", JOB, *(["--base", base] if base else []))
    why = "the trainer and TensorFlow, pushed to ECR"
    return Step("Image", f"make image JOB={JOB}", why, command, condense.image)


def _found_base(found: str | None) -> str:
    """The base that is on this machine; empty for AWS's, which is the default anyway."""
    return "" if found is None or AWS_BASE in found else found


def _training(instances: int) -> Step:
    command = ("scripts.train", "--job", JOB, "--instances", str(instances), "--yes")
    why = "uploads the data, runs a SageMaker job, downloads the model"
    return Step("Training", f"make train JOB={JOB}", why, command, condense.training)


def _evaluation(model: Path) -> Step:
    command = ("trainer", "evaluate", "--model", str(model), "--data", str(TEST_DATA))
    why = f"on {TEST_DATA}, which the job never received"
    return Step("Evaluation", "python -m trainer evaluate", why, command, condense.nothing)


def _train(environment: Mapping[str, str], instances: int) -> Path:
    """Train; gives the run's folder."""
    output = _run(_training(instances), environment)
    name = run_name(output)
    if name is None:
        raise UserError("The training printed no run.", f"Its output is in {_training(instances).log}.")
    return Path("runs") / name


def run_name(output: Iterable[str]) -> str | None:
    """The run that `make train` names in its output; None if it has sent no job."""
    return next((line.removeprefix(RUN) for line in output if line.startswith(RUN)), None)


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
    return [
        f"  On AWS         about ${cost:.4f} for {seconds} s of {kind} on demand",
        f"  Price from     {record['prices_of']}",
    ]


@contextmanager
def _cloud() -> Iterator[tuple[localcloud.Cloud, dict[str, str]]]:
    """A running local cloud and its environment: the one that runs already, or a new one that is stopped afterwards."""
    base = {**os.environ, "ENV_TEXT": "local"}  # whatever ENV the Makefile took for this target
    use = localcloud.use()
    cloud = localcloud.running()
    if cloud:
        console.say(f"Using the local cloud that runs at {cloud.url}; it is left running.")
        yield cloud, localcloud.environment(cloud, base)
        return
    with console.step("Local cloud", " (make cloud-up): AWS's APIs on this machine, so no account and no cost"):
        cloud = localcloud.start(lifetime=True)
    environment = localcloud.environment(cloud, base)
    # A plan that `make plan` saved is for the stack of an earlier local cloud, which is gone.
    Path(environment["TF_DATA_DIR"]).with_name("plan").joinpath("plan.tfplan").unlink(missing_ok=True)
    try:
        yield cloud, environment
    finally:
        with demo_steps.handled(signal.SIGINT, lambda _number, _frame: None):
            os.close(use)
            _stop(cloud)


def _stop(cloud: localcloud.Cloud) -> None:
    """Stop the local cloud, unless other commands or jobs use it."""
    with localcloud.unused() as free:
        log = _training(1).log
        own = run_name(log.read_text(encoding="utf-8", errors="replace").splitlines()) if log.exists() else None
        uses = [*(name for name in localcloud.running_jobs() if name != own), *([] if free else ["another command"])]
        if uses:
            localcloud.keep()
            console.say(f"The local cloud runs on at {cloud.url}, for {console.listed(uses)}.")
            console.say("`make cloud-down` stops it.")
            return
        localcloud.stop()
        console.say("The local cloud is stopped, and what it held is gone. data/ and runs/ are kept.")


if __name__ == "__main__":
    verb.run(APP)
