"""Writes the golden plans and their reviews again.

Each folder here is a plan: the real Terraform and the real provider plan `after.tf` against a local cloud, after they
applied `before.tf` if there is one. `plan.json` is the plan without values that differ each time. review.md and
review.json are its review.

    python -m tests.unit.review.golden.make --accept       # only the reviews, from the stored plans
    python -m tests.unit.review.golden.make [NAME …]       # the plans (all, or these), then the reviews

Read `git diff` afterwards as a reviewer would: the tests compare with the committed files.
"""

import argparse
import json
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import chdir, contextmanager
from pathlib import Path

from scripts import localcloud
from scripts.localcloud.environment import ACCOUNT
from scripts.review import reading, render
from scripts.review.model import Review
from scripts.review.review import review
from scripts.review.settings import NONE
from scripts.stack.terraform import FOLDER, Terraform, terraform

GOLDEN = Path(__file__).parent
ROOT = GOLDEN.parents[3]
FLAGS: Mapping[str, tuple[str, ...]] = {
    "destroy": ("-destroy",),
    "refresh-only": ("-refresh-only",),
    "replace": ("-replace=aws_sns_topic.asked_for",),
}
"""Flags for `terraform plan`, by the plan's name."""

# Values that the local cloud generates each time, and the number format that replaces them.
_GENERATED = (
    (re.compile(r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b"), "00000000-0000-0000-0000-{:012}"),
    (re.compile(r"\bA[A-Z0-9]{20}\b"), "A{:020}"),  # ids of roles and policies
    (re.compile(r"(?<=-)20\d{24}\b"), "{:026}"),  # of Terraform's own
    (re.compile(r"(?<=:secret:golden-sensitive-database-)[A-Za-z0-9]{6}\b"), "{:06}"),
)
_TIME = re.compile(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|\+00:00)")
_QUEUES = re.compile(r"http://(?:127\.0\.0\.1|localhost):\d+")
_REGISTRY = re.compile(r"(?:127\.0\.0\.1|localhost):\d+")


def names() -> list[str]:
    """The golden plans."""
    return sorted(folder.parent.name for folder in GOLDEN.glob("*/after.tf"))


def golden_review(name: str) -> Review:
    """The review of a golden plan."""
    return review(reading.read((GOLDEN / name / "plan.json").read_text(encoding="utf-8"), name), NONE)


def texts(found: Review) -> dict[str, str]:
    """The files of a review, by name."""
    data = json.dumps(render.data([found]), ensure_ascii=False, indent=1)
    return {"review.md": render.markdown([found]), "review.json": f"{data}\n"}


@contextmanager
def account() -> Iterator[Terraform]:
    """Start a separate local cloud, and Terraform in a folder for the configurations of the plans."""
    before = dict(os.environ)
    with tempfile.TemporaryDirectory() as folder, chdir(folder):
        FOLDER.mkdir()
        shutil.copy(ROOT / FOLDER / ".terraform.lock.hcl", FOLDER)
        # No container engine listens there, because nothing here needs containers.
        os.environ |= {"PYTHONPATH": str(ROOT), "DOCKER_HOST": "unix:///nowhere"}
        cloud = localcloud.start(lifetime=True)
        try:
            changed = localcloud.environment(cloud, os.environ)
            os.environ.clear()
            os.environ.update(changed)
            runner = terraform(Path("build/terraform"))
            shutil.copy(GOLDEN / "versions.tf", FOLDER)
            _run(runner, "init", "-input=false")
            yield runner
        finally:
            localcloud.stop()
            os.environ.clear()
            os.environ.update(before)


def plan(name: str, runner: Terraform) -> str:
    """Create a plan, and return its JSON as Terraform writes it."""
    from tests.unit.review.golden import manual_changes

    for old in ("terraform.tfstate", "plan"):
        (FOLDER / old).unlink(missing_ok=True)
    if (GOLDEN / name / "before.tf").exists():
        _copy_configuration(name, "before.tf", runner)
        _run(runner, "apply", "-auto-approve", "-input=false")
    manual_changes.HAPPENS.get(name, lambda: None)()
    _copy_configuration(name, "after.tf", runner)
    return plan_json(name, runner)


def plan_json(name: str, runner: Terraform) -> str:
    """Plan the configuration in the folder, and return the plan's JSON."""
    _run(runner, "plan", "-input=false", "-out=plan", *FLAGS.get(name, ()), may_fail=name == "errored")
    return _run(runner, "show", "-json", "plan")


def normalised(text: str) -> str:
    """A plan's JSON without the values that differ each time."""
    raw = json.loads(text)
    raw["timestamp"] = "2026-01-01T00:00:00Z"
    found = json.dumps(raw, ensure_ascii=False, indent=1)
    found = _TIME.sub("2026-01-01T00:00:00Z", found)
    found = _QUEUES.sub("https://sqs.us-east-1.amazonaws.com", found)
    found = _REGISTRY.sub(f"{ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com", found)
    for pattern, written in _GENERATED:
        found = _numbered(found, pattern, written)
    return f"{found}\n"


def _numbered(text: str, pattern: re.Pattern[str], written: str) -> str:
    """A text with generated values replaced by numbers, in the order of their first mention."""
    order = {each: number for number, each in enumerate(dict.fromkeys(pattern.findall(text)), start=1)}
    return pattern.sub(lambda found: written.format(order[found[0]]), text)


def _copy_configuration(name: str, configuration: str, runner: Terraform) -> None:
    shutil.rmtree(FOLDER / "modules", ignore_errors=True)
    shutil.copy(GOLDEN / name / configuration, FOLDER / "main.tf")
    if (GOLDEN / name / "modules").exists():
        shutil.copytree(GOLDEN / name / "modules", FOLDER / "modules")
        _run(runner, "get")


def _run(runner: Terraform, command: str, *flags: str, may_fail: bool = False) -> str:
    answer = runner.capture(command, *flags)
    if answer.code != 0 and not may_fail:
        sys.exit(f"terraform {command} failed:\n{answer.out}{answer.err}")
    return answer.out


def main() -> None:
    """Write the plans and reviews that the command line names."""
    parser = argparse.ArgumentParser(description="Writes the golden plans and their reviews again.")
    parser.add_argument("--accept", action="store_true", help="only the reviews, from the stored plans")
    parser.add_argument("names", nargs="*", default=[], metavar="NAME", help="the plans; default: all")
    arguments = parser.parse_args()
    chosen = arguments.names or names()
    if not arguments.accept:
        with account() as runner:
            for name in chosen:
                text = normalised(plan(name, runner))
                (GOLDEN / name / "plan.json").write_text(text, encoding="utf-8")
                print(f"{name}: {len(text):,} characters", flush=True)
    for name in chosen:
        for file, text in texts(golden_review(name)).items():
            (GOLDEN / name / file).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
