"""Errors of a tuning in an account, and about TUNING=."""

import json
from collections.abc import Iterator
from contextlib import contextmanager

from tests.errors.case import STACK, TRAINING, Case, file, folder, given, refused
from tests.errors.costs import nothing_was_asked
from tests.errors.scene import Scene
from tests.errors.tuning_tables import GROUP, KEYS, RANGE, TUNE, case, own_program, tuned


@contextmanager
def trust_for_training_jobs_only(scene: Scene) -> Iterator[None]:
    """The trust policy of a stack that is older than tunings."""
    iam, role = scene.client("iam"), "trainyard-local-training-123456789012-us-east-1"
    before = iam.get_role(RoleName=role)["Role"]["AssumeRolePolicyDocument"]
    older = json.loads(json.dumps(before))
    older["Statement"][0]["Condition"]["ArnLike"] = {
        "aws:SourceArn": "arn:aws:sagemaker:us-east-1:123456789012:training-job/*"
    }
    iam.update_assume_role_policy(RoleName=role, PolicyDocument=json.dumps(older))
    try:
        yield
    finally:
        iam.update_assume_role_policy(RoleName=role, PolicyDocument=json.dumps(before))


QUOTA = '[quotas]\n"ml.m5.large for training job usage" = 2\n'
SMALL = '[channels.training]\nsource = "data/small"\n'
SENT = given(folder("data/small", "0/one.png"), own_program("[tuning.ranges.x]\nmin = 1\nmax = 2\n", training=SMALL))
NO_TUNING = "mistake-260101000000-aaaa"

CASES = (
    case(
        "a key that the jobs of a tuning cannot have",
        "A tuning cannot have infra_check: its training jobs have no InfraCheckConfig (CreateHyperParameterTuningJob).",
        "Remove infra_check from the job file, or tune with a job file of its own.",
        tuned(head="infra_check = true"),
        on=STACK,
    ),
    case(
        "more variables than the jobs of a tuning may have",
        "[environment] has 49 variables; a tuning's training jobs have at most 48, with that of the key program.",
        "Remove some, or pass them as hyperparameters.",
        tuned(tables=TRAINING + "[environment]\n" + "".join(f'V{number} = "x"\n' for number in range(49))),
        on=STACK,
    ),
    case(
        "a tuning that may cost more than max_cost",
        "The tuning costs up to 1.03 USD, and max_cost is 1 USD ([tuning] of jobs/mistake.toml): 4 jobs, 1 at a time, "
        "each 1 ml.m5.xlarge at 0.257 USD an hour for 1 h 0 min.",
        "Lower max_jobs or max_runtime_seconds of [tuning], or max_runtime_seconds of the job, or raise max_cost.",
        tuned(KEYS + "max_cost = 1\n", head='instance_type = "ml.m5.xlarge"'),
        on=STACK,
    ),
    case(
        "max_cost of a tuning, and an unknown price",
        "max_cost is 1 USD ([tuning] of jobs/mistake.toml), but the price of ml.m5.large in us-east-1 is unknown.",
        "State it in the job file, in USD per instance and hour: price_per_hour = …; "
        "see https://aws.amazon.com/sagemaker/pricing/.",
        tuned(KEYS + "max_cost = 1\n"),
        on=STACK,
    ),
    case(
        "a role that SageMaker may not assume for tuning jobs",
        "The role … does not let sagemaker.amazonaws.com assume it for the job arn:aws:sagemaker:us-east-1:"
        "123456789012:hyper-parameter-tuning-job/mistake-….",
        "Correct its trust policy: with `make infra`, or, for an existing role, where it was created.",
        given(SENT, trust_for_training_jobs_only),
        on=STACK,
    ),
    case(
        "a quota that is too small for the jobs at a time",
        "The quota `ml.m5.large for training job usage` (…) of this account is 2 in us-east-1, and the 3 jobs at a "
        "time need 3: SageMaker would refuse the job.",
        "Ask AWS to raise it: https://…, or take another type or lower parallel_jobs.",
        given(nothing_was_asked, tuned(KEYS + "parallel_jobs = 3\n"), file("local-cloud.toml", QUOTA)),
        on=STACK,
    ),
    Case(
        GROUP,
        "a tuning that SageMaker refuses",
        TUNE,
        "SageMaker rejected the tuning: no such thing",
        "Correct the job file; docs/tuning.md describes each key.",
        given(SENT, refused("sagemaker:CreateHyperParameterTuningJob", "ValidationException", "no such thing")),
        STACK,
        ("one.png",),
    ),
    case(
        "a tuning that does not exist",
        "There is no tuning nothing in us-east-1.",
        "`make tunings` lists them.",
        given(),
        "make stop TUNING=nothing",
        STACK,
    ),
    case(
        "a tuning of another account",
        f"SageMaker has no tuning {NO_TUNING} in us-east-1: …",
        "`make tunings` lists them. This one may be in another account or region, or in an earlier local cloud.",
        folder(f"runs/{NO_TUNING}", "x"),
        f"make logs TUNING={NO_TUNING}",
        STACK,
    ),
    case(
        "a warm start from a tuning that does not exist",
        f"SageMaker has no tuning {NO_TUNING} in us-east-1: …",
        "`make tunings` lists them. This one may be in another account or region, or in an earlier local cloud.",
        tuned(KEYS, f'{RANGE}[tuning.warm_start]\ntunings = ["{NO_TUNING}"]\n'),
        on=STACK,
    ),
    case(
        "RUN= with the name of a tuning",
        f"{NO_TUNING} is a tuning, not a training job.",
        f"Write TUNING={NO_TUNING} in place of RUN={NO_TUNING}.",
        folder(f"runs/{NO_TUNING}", "x"),
        f"make logs RUN={NO_TUNING}",
    ),
    case(
        "two tunings with the same beginning",
        "TUNING=twin matches 2 tunings.",
        "Type more of the name: twin-260101000000-aaaa, twin-260101000000-bbbb",
        given(folder("runs/twin-260101000000-aaaa", "x"), folder("runs/twin-260101000000-bbbb", "x")),
        "make model TUNING=twin",
        STACK,
    ),
)
