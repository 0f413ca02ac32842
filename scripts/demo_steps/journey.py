"""What the demos have in common: the local cloud that they use, and the steps before and after the training."""

import os
import signal
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from scripts import localcloud
from scripts.core import console
from scripts.core.interrupts import handled
from scripts.demo_steps import condense
from scripts.demo_steps.process import Step

JOB = "digits"
AWS_BASE = "tensorflow-training"
RUN, TUNING = "Run: ", "Tuning: "
"""How the lines begin in which `make train` and `make tune` name what they have started."""
TEST_DATA = Path("data/digits/test")


def infrastructure() -> Step:
    """Terraform builds the stack."""
    why = "buckets, an image repository and a role, by Terraform"
    return Step("Infrastructure", "make infra", why, ("scripts.infra", "apply", "--yes"), condense.infrastructure)


def data() -> Step:
    """The digits as files."""
    return Step("Data", "make digits", "real images, in one folder per label", ("scripts.digits",))


def image(base: str) -> Step:
    """The trainer's image on a base; empty for AWS's."""
    command = ("scripts.image", "--job", JOB, *(["--base", base] if base else []))
    why = "the trainer and TensorFlow, pushed to ECR"
    return Step("Image", f"make image JOB={JOB}", why, command, condense.image)


def found_base(found: str | None) -> str:
    """The base that is on this machine; empty for AWS's, which is the default anyway."""
    return "" if found is None or AWS_BASE in found else found


def evaluation(model: Path) -> Step:
    """The model's scores on the images that no job received."""
    command = ("trainer", "evaluate", "--model", str(model), "--data", str(TEST_DATA))
    why = f"on {TEST_DATA}, which the job never received"
    return Step("Evaluation", "python -m trainer evaluate", why, command, condense.nothing)


def named(output: Iterable[str], beginning: str) -> str | None:
    """What a verb names in its output, in the line that begins so: RUN or TUNING; None if it has started nothing."""
    return next((line.removeprefix(beginning) for line in output if line.startswith(beginning)), None)


@contextmanager
def local_cloud(log: Path) -> Iterator[tuple[localcloud.Cloud, dict[str, str]]]:
    """A running local cloud and its environment: the one that runs already, or a new one that is stopped afterwards.

    Args:
        log: the log of the step that trains. It names the job that may end with the cloud.
    """
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
        with handled(signal.SIGINT, lambda _number, _frame: None):
            os.close(use)
            _stop(cloud, log)


def _stop(cloud: localcloud.Cloud, log: Path) -> None:
    """Stop the local cloud, unless other commands or jobs use it."""
    with localcloud.unused() as free:
        output = log.read_text(encoding="utf-8", errors="replace").splitlines() if log.exists() else []
        own = named(output, RUN) or named(output, TUNING)  # a tuning's jobs begin with its name
        others = [name for name in localcloud.running_jobs() if own is None or not name.startswith(own)]
        uses = [*others, *([] if free else ["another command"])]
        if uses:
            localcloud.keep()
            console.say(f"The local cloud runs on at {cloud.url}, for {console.listed(uses)}.")
            console.say("`make cloud-down` stops it.")
            return
        localcloud.stop()
        console.say("The local cloud is stopped, and what it held is gone. data/ and runs/ are kept.")
