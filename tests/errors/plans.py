"""Errors with plans: a plan that is not, or no longer, the reviewed one."""

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from tests.conftest import ROOT
from tests.errors.case import STACK, TRAINING, Case, file, given, job, refused, variable
from tests.errors.scene import DATA, Given, Scene

GROUP = "Plans"
AGAIN = "Run `make plan` again: it plans and reviews."
STATE = {"Bucket": "trainyard-tfstate-123456789012-us-east-1", "Key": "local/terraform.tfstate"}
MOVED = "build/local-moved"
NORTH = variable(AWS_REGION="eu-north-1", TF_DATA_DIR="{folder}/build/local-north/terraform")
BUCKETS = "terraform/modules/buckets/main.tf"
CLOSED = file(BUCKETS, (ROOT / BUCKETS).read_text())
OPENED = file(BUCKETS, (ROOT / BUCKETS).read_text().replace("block_public_policy     = true", ""))
PLANNING = (ROOT / "scripts/stack/planning.py").read_text()
IMPATIENT = file("scripts/stack/planning.py", PLANNING.replace("LONGEST_PLAN = 150.0", "LONGEST_PLAN = 0.1"))
NEVER = file(
    "terraform/never.tf",
    'resource "terraform_data" "never" {\n  lifecycle {\n    precondition {\n'
    '      condition     = var.project == "never"\n      error_message = "Never."\n    }\n  }\n}\n',
)


@contextmanager
def saved(scene: Scene) -> Iterator[None]:
    """A plan that `make plan` has saved of buckets that are open to everybody: made once, then taken from there."""
    plan, kept = scene.folder / "build/local-local/plan", scene.folder / "build/kept-plan"
    with OPENED(scene):
        if not kept.exists():
            ended = scene.type("make plan")
            assert ended.returncode == 0, ended.stderr
            shutil.copytree(plan, kept)
        shutil.rmtree(plan, ignore_errors=True)
        shutil.copytree(kept, plan)
        scene.words["digest"] = json.loads((plan / "review.json").read_text())["reviews"][0]["digest"]
        try:
            yield
        finally:
            shutil.rmtree(plan)


@contextmanager
def planned(scene: Scene) -> Iterator[None]:
    """What `make plan` saves of the files as they are now, however it ends."""
    scene.type("make plan")
    try:
        yield
    finally:
        shutil.rmtree(scene.folder / "build/local-local/plan")


@contextmanager
def another_plan_file(scene: Scene) -> Iterator[None]:
    with (scene.folder / "build/local-local/plan/plan.tfplan").open("ab") as plan:
        plan.write(b"\0")
    yield


@contextmanager
def no_review(scene: Scene) -> Iterator[None]:
    (scene.folder / "build/local-local/plan/review.json").unlink()
    yield


@contextmanager
def carried_elsewhere(scene: Scene) -> Iterator[None]:
    shutil.copytree(scene.folder / "build/local-local/plan", scene.folder / MOVED / "plan")
    try:
        yield
    finally:
        shutil.rmtree(scene.folder / MOVED)


@contextmanager
def another_cloud(scene: Scene) -> Iterator[None]:
    scene.environment["AWS_ENDPOINT_URL"] = scene.environment["AWS_ENDPOINT_URL"].replace("127.0.0.1", "localhost")
    yield


@contextmanager
def a_later_state(scene: Scene) -> Iterator[None]:
    """The state after somebody else's apply; the saved plan stays."""
    s3 = scene.client("s3")
    before = s3.get_object(**STATE)["Body"].read()
    state = json.loads(before)
    s3.put_object(Body=json.dumps({**state, "serial": state["serial"] + 1}).encode(), **STATE)
    try:
        yield
        assert (scene.folder / "build/local-local/plan/plan.tfplan").exists()
    finally:
        s3.put_object(Body=before, **STATE)


def plan(title: str, problem: str, fix: str = AGAIN, *prepared: Given, typed: str = "make infra YES=1") -> Case:
    """A plan that is not applied."""
    return Case(GROUP, title, typed, problem, fix, given(*prepared), STACK)


@contextmanager
def a_lost_state(scene: Scene) -> Iterator[None]:
    """A stack that Terraform does not know, and a bucket of it without tags."""
    s3 = scene.client("s3")
    state, tags = s3.get_object(**STATE)["Body"].read(), s3.get_bucket_tagging(Bucket=DATA)["TagSet"]
    s3.delete_object(**STATE)
    s3.delete_bucket_tagging(Bucket=DATA)
    try:
        yield
    finally:
        s3.put_bucket_tagging(Bucket=DATA, Tagging={"TagSet": tags})
        s3.put_object(Body=state, **STATE)


@contextmanager
def twenty_tags(scene: Scene) -> Iterator[None]:
    """A stack whose Terraform variable `tags` has twenty entries."""
    s3 = scene.client("s3")
    before = s3.get_object(**STATE)["Body"].read()
    state = json.loads(before)
    tags = {"value": {f"tag{number}": "x" for number in range(20)}, "type": ["map", "string"]}
    s3.put_object(Body=json.dumps({**state, "outputs": {**state["outputs"], "tags": tags}}).encode(), **STATE)
    try:
        yield
    finally:
        s3.put_object(Body=before, **STATE)


CASES = (
    plan(
        "a plan that takes too long",
        "`terraform plan` had no end after …: AWS, or the network to it, answers very slowly. "
        "Planning changed nothing.",
        "Try `make plan` again later. https://health.aws.amazon.com/health/status shows AWS's outages.",
        IMPATIENT,
        typed="make plan",
    ),
    plan(
        "the removal of a protected stack",
        "The stack of `local` is protected: nothing was removed.",
        "Write protect = false into terraform/environments/local.tfvars and apply only that with `make infra`. "
        "Then run `make destroy` again.",
        file("terraform/environments/local.tfvars", 'environment = "local"\nprotect = true\n'),
        typed="make destroy CONFIRM=local",
    ),
    plan(
        "the removal of a stack with a value that Terraform refuses",
        "Terraform refuses a variable of `local`: its own message is above.",
        "Correct terraform/environments/local.tfvars (docs/infrastructure.md lists the variables).",
        file("terraform/environments/local.tfvars", 'environment = "local"\ntags = { Project = "mine" }\n'),
        typed="make destroy CONFIRM=local",
    ),
    plan(
        "a job with too many tags",
        "There are 63 tags, with those of the stack; a job may have 46.",
        "Remove some from [tags] of the job file, or from `tags` in terraform/environments/.",
        twenty_tags,
        job(tables=TRAINING + "[tags]\n" + "".join(f'own{number} = "x"\n' for number in range(40))),
        typed="make train JOB=mistake DRY_RUN=1",
    ),
    plan(
        "something of the stack's names that is not the stack's",
        f"In this account, bucket {DATA} exists already and does not carry this stack's tags (Environment=local, "
        "ManagedBy=Terraform, Project=trainyard): never adopted.",
        f"Remove what nobody needs (`aws s3 rb s3://{DATA}` does, if it is empty), or choose another `project` in "
        "terraform/environments/, then run `make plan` again. If it is this stack's, give it these tags first.",
        a_lost_state,
        typed="make plan",
    ),
    plan(
        "no state bucket yet, and no terminal to ask at",
        "There is no terminal to ask at: There is no state bucket trainyard-tfstate-123456789012-eu-north-1 yet, and "
        "planning needs one. Create it?",
        "Confirm beforehand: `make plan YES=1`.",
        NORTH,
        typed="make plan",
    ),
    plan(
        "no state bucket yet, and no right to make it",
        "AWS refuses s3:CreateBucket on arn:aws:s3:::trainyard-tfstate-123456789012-eu-north-1: Access Denied",
        "Ask the account's administrator to allow you s3:CreateBucket on "
        "arn:aws:s3:::trainyard-tfstate-123456789012-eu-north-1.",
        NORTH,
        refused("s3:CreateBucket", "AccessDenied", "Access Denied", 403),
        typed="make plan YES=1",
    ),
    plan(
        "a plan file that was changed",
        "build/local-local/plan/plan.tfplan is not the plan that was reviewed: the file has changed since.",
        AGAIN,
        saved,
        another_plan_file,
    ),
    plan(
        "a plan whose review is gone",
        "build/local-local/plan/review.json is missing or broken: the plan beside it cannot be checked.",
        AGAIN,
        saved,
        no_review,
    ),
    plan(
        "variables that were changed since",
        "Changed since the plan was reviewed: terraform/environments/local.tfvars.",
        AGAIN,
        saved,
        file("terraform/environments/local.tfvars", 'environment = "local"\nforce_destroy = true\n'),
    ),
    plan(
        "configuration that was changed since",
        "Changed since the plan was reviewed: terraform/modules/buckets/main.tf, terraform/never.tf.",
        AGAIN,
        saved,
        CLOSED,
        NEVER,
    ),
    plan(
        "a state that has changed since",
        "The state of `local` has changed since the plan was made: the plan is stale.",
        AGAIN,
        saved,
        a_later_state,
        typed="make infra APPROVE={digest}",
    ),
    plan(
        "a plan for another environment",
        "build/local-local/plan/plan.tfplan is a plan for the environment `local`, not for `other`.",
        AGAIN,
        saved,
        file("terraform/environments/other.tfvars", 'environment = "other"\n'),
        typed="make infra ENV=other YES=1",
    ),
    plan(
        "a plan for another region or account",
        "build/local-moved/plan/plan.tfplan is a plan for account 123456789012, us-east-1; your credentials and region "
        "are those of account 123456789012, eu-north-1.",
        "Use the account and region of the plan (AWS_PROFILE, AWS_REGION), or run `make plan` again.",
        saved,
        carried_elsewhere,
        variable(AWS_REGION="eu-north-1", TF_DATA_DIR=f"{{folder}}/{MOVED}/terraform"),
    ),
    plan(
        "a plan for another cloud",
        "build/local-local/plan/plan.tfplan is a plan for the cloud at http://127.0.0.1:…, "
        "not for the one at http://localhost:….",
        AGAIN,
        saved,
        another_cloud,
    ),
    plan(
        "a plan that ended in an error",
        "The plan of `local` ended in an error: it holds only a part of the change.",
        "Correct what Terraform named, then run `make plan` again.",
        NEVER,
        file("terraform/environments/local.tfvars", 'environment = "local"\nforce_destroy = true\n'),
        planned,
    ),
    plan(
        "a finding of high severity that nobody has approved",
        "This plan has 3 new findings of high severity or above, and nobody has approved it: nothing was changed.",
        "Read build/local-local/plan/review.html, then approve this change: `make infra APPROVE=…`.",
        OPENED,
    ),
    plan(
        "an approval of another change",
        "APPROVE=4a3aaab2e4adf93e0208fba01989a7cd approves another change than this plan's: nothing was changed.",
        "Read build/local-local/plan/review.html, then approve this change: `make infra APPROVE=…`.",
        saved,
        typed="make infra YES=1 APPROVE=4a3aaab2e4adf93e0208fba01989a7cd",
    ),
)
