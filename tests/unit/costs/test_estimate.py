import random
from pathlib import Path
from typing import Any

import pytest

from scripts.core.errors import UserError
from scripts.costs import arithmetic, estimate
from scripts.costs.estimate import Cap, Estimate
from scripts.costs.prices import STATED, Price

PRICES = {"ml.m5.xlarge": Price(0.25, "prices of 2023-12"), "ml.g5.xlarge": Price(1.5, "AWS Price List of 2026-11-29")}
REGION = "eu-west-1"
REQUEST: dict[str, Any] = {
    "ResourceConfig": {"InstanceType": "ml.m5.xlarge", "InstanceCount": 2},
    "StoppingCondition": {"MaxRuntimeInSeconds": 7200},
    "Tags": [{"Key": "Project", "Value": "trainyard"}, {"Key": "PricePerHour", "Value": "0.000001"}],
}


def test_a_job_above_its_limit_is_refused_and_the_message_has_the_sum() -> None:
    with pytest.raises(UserError) as refused:
        estimate.refuse_above_cap(REQUEST, Estimate(PRICES, Cap(0.99, "jobs/x.toml")), REGION)
    assert refused.value.problem == (
        "The job costs up to 1.00 USD, and max_cost is 0.99 USD (jobs/x.toml): "
        "2 ml.m5.xlarge at 0.5 USD an hour for 2 h 0 min."
    )
    estimate.refuse_above_cap(REQUEST, Estimate(PRICES, Cap(1.0, "jobs/x.toml")), REGION)
    estimate.refuse_above_cap(REQUEST, Estimate(PRICES, None), REGION)


def test_a_limit_with_an_unknown_price_is_refused_and_names_the_key() -> None:
    with pytest.raises(UserError, match=r"the price of ml\.m5\.xlarge in eu-west-1 is unknown") as refused:
        estimate.refuse_above_cap(REQUEST, Estimate({}, Cap(10_000, "costs.toml")), REGION)
    assert "price_per_hour" in refused.value.fix


def test_the_tags_keep_the_price_and_the_limit_and_replace_what_others_wrote_there() -> None:
    found = estimate.tags(REQUEST, Estimate(PRICES, Cap(3, "costs.toml")))
    sent = estimate.with_tags(REQUEST, found)
    tags = {tag["Key"]: tag["Value"] for tag in sent["Tags"]}
    assert len(sent["Tags"]) == len(tags)
    assert tags["Project"] == "trainyard"
    limit = estimate.cap_of(tags, "a-job")
    assert limit is not None
    assert (limit.usd, limit.place) == (3, "the tag MaxCost of a-job")
    assert "`make train`" in limit.fix
    assert estimate.started_price(sent) == (0.5, "prices of 2023-12 and AWS Price List of 2026-11-29")
    assert estimate.stated_by(tags, sent) is None
    unknown = estimate.with_tags(REQUEST, estimate.tags(REQUEST, Estimate({})))
    assert estimate.started_price(unknown) is None
    assert "unknown" in estimate.cost_line(unknown, REGION)


def test_a_job_that_resumes_another_has_its_limit_and_its_stated_price() -> None:
    stated = Estimate({"ml.m5.xlarge": Price(0.1, STATED)}, Cap(3, "jobs/x.toml"))
    sent = estimate.with_tags(REQUEST, estimate.tags(REQUEST, stated))
    tags = {tag["Key"]: tag["Value"] for tag in sent["Tags"]}
    assert estimate.stated_by(tags, sent) == pytest.approx(0.1)
    for wrong in ("", "x", "nan", "inf", "-1", "0"):
        assert estimate.cap_of({"MaxCost": wrong}, "a-job") is None


def test_the_line_before_a_job_has_its_highest_cost() -> None:
    kept = REQUEST | {"ResourceConfig": REQUEST["ResourceConfig"] | {"KeepAlivePeriodInSeconds": 1800}}
    sent = estimate.with_tags(kept, estimate.tags(kept, Estimate({"ml.m5.xlarge": PRICES["ml.m5.xlarge"]})))
    assert estimate.cost_line(sent, REGION) == (
        "Cost: 2 ml.m5.xlarge at 0.5 USD an hour for 2 h 0 min and 30 min 0 s of its warm pool: at most 1.25 USD "
        "(eu-west-1, on demand, prices of 2023-12)"
    )


@pytest.mark.parametrize(
    "text", ["max_cost = 'much'", "max_cost = true", "max_cost = inf", "max_cost = 0", "cost = 1", "="]
)
def test_a_wrong_default_is_refused(text: str, tmp_path: Path) -> None:
    path = tmp_path / "costs.toml"
    path.write_text(text)
    with pytest.raises(UserError, match=r"costs\.toml"):
        estimate.default_cap(path)


def test_the_default_is_that_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "costs.toml"
    assert estimate.default_cap(path) is None
    path.write_text("# max_cost = 5\n")
    assert estimate.default_cap(path) is None
    path.write_text("max_cost = 5\n")
    limit = estimate.default_cap(path)
    assert limit == Cap(5.0, str(path), limit.fix if limit else "")


SEQUENCES = 12_000
KINDS = {"ml.m5.xlarge": 0.25, "ml.g5.xlarge": 1.57, "ml.p3.2xlarge": 4.131}


def random_request(draw: random.Random) -> dict[str, Any]:
    """A request as a job file and its table [request] can make it: every member that has a price, in every mixture."""
    kind = draw.choice([*KINDS, "ml.unknown.large"] if draw.random() < 0.1 else [*KINDS])
    resources: dict[str, Any] = {}
    form = draw.randrange(4)
    if form != 1:
        resources |= {"InstanceType": kind, "InstanceCount": draw.randint(1, 8)}
    if form == 1 or draw.random() < 0.1:
        resources["InstanceGroups"] = [
            {"InstanceType": draw.choice([*KINDS]), "InstanceCount": draw.randint(1, 4)}
            for _ in range(draw.randint(1, 3))
        ]
    if form == 2:
        preferred = [{"InstanceType": one} for one in draw.sample([*KINDS], draw.randint(1, 3))]
        resources = {"InstanceCount": draw.randint(1, 4), "InstancePreferences": preferred}
    if draw.random() < 0.1:
        resources |= {"SelectedInstanceType": "ml.m5.xlarge", "SelectedInstanceCount": 1}
    if draw.random() < 0.4:
        resources["KeepAlivePeriodInSeconds"] = draw.randint(1, 21_600)
    limit: dict[str, Any] = {}
    if draw.random() < 0.9:
        limit["MaxRuntimeInSeconds"] = draw.randint(1, 200_000)
    if draw.random() < 0.3:
        limit["MaxWaitTimeInSeconds"] = limit.get("MaxRuntimeInSeconds", 86_400) + draw.randint(0, 500_000)
    rules = [{"InstanceType": draw.choice([*KINDS])} if draw.random() < 0.5 else {} for _ in range(draw.randrange(3))]
    return {
        "ResourceConfig": resources,
        "StoppingCondition": limit,
        "EnableManagedSpotTraining": "MaxWaitTimeInSeconds" in limit,
        "RetryStrategy": {"MaximumRetryAttempts": draw.randint(1, 30)},
        draw.choice(arithmetic.RULES): rules,
        "Tags": [{"Key": draw.choice(["PricePerHour", "MaxCost", "Team"]), "Value": draw.choice(["1e9", "0.01", "x"])}],
    }


def bill(request: dict[str, Any], draw: random.Random) -> float:
    """What AWS would bill for one job, in USD: attempts, waits between them, and instances that are kept afterwards.

    It is computed from the request anew, and knows nothing of the code that it judges.
    """
    resources, left = request["ResourceConfig"], request["StoppingCondition"].get("MaxRuntimeInSeconds", 86_400)
    cluster = [(one["InstanceType"], one["InstanceCount"]) for one in resources.get("InstanceGroups", [])]
    if "InstancePreferences" in resources:
        cluster = [(draw.choice(resources["InstancePreferences"])["InstanceType"], resources["InstanceCount"])]
    elif "InstanceType" in resources:
        cluster.append((resources["InstanceType"], resources["InstanceCount"]))
    hour: float = sum(KINDS[kind] * count for kind, count in cluster)
    hour += sum(KINDS[one["InstanceType"]] for rule in arithmetic.RULES for one in request.get(rule, []) if one)
    discount = draw.random() if request["EnableManagedSpotTraining"] else 0.0
    total = 0.0
    for _ in range(draw.randint(1, 1 + request["RetryStrategy"]["MaximumRetryAttempts"])):
        ran = left if draw.random() < 0.2 else draw.randint(0, left)
        total += hour * (1 - discount) * ran / 3600
        left -= ran  # then it waits for capacity, which is free
    kept: int = draw.randint(0, resources.get("KeepAlivePeriodInSeconds", 0))
    return total + hour * kept / 3600


@pytest.mark.e2e
def test_no_accepted_sequence_of_jobs_exceeds_its_limit() -> None:
    """Each job of a sequence is sent by train, or resumes the one before with its tags, as AWS would hand them back."""
    draw = random.Random(17)  # noqa: S311 - it protects nothing
    accepted = refused = 0
    close = 0.0
    for _ in range(SEQUENCES):
        limit, default = draw.choice([None, draw.uniform(0.01, 400)]), Cap(draw.uniform(0.01, 400), "costs.toml")
        cap = None if limit is None else Cap(limit, "jobs/x.toml")
        sent = random_request(draw)
        for _verb in range(draw.randint(1, 4)):
            estimated = Estimate({kind: Price(hour, "a table") for kind, hour in KINDS.items()}, cap or default)
            assert estimated.cap is not None
            try:
                estimate.refuse_above_cap(sent, estimated, REGION)
            except UserError:
                refused += 1
                break
            accepted += 1
            billed = bill(sent, draw)
            allowed = limit if limit is not None else default.usd
            assert billed <= allowed * (1 + 1e-9), sent
            close = max(close, billed / allowed)
            sent = estimate.with_tags(sent, estimate.tags(sent, estimated))
            tags = {tag["Key"]: tag["Value"] for tag in sent["Tags"]}
            cap = estimate.cap_of(tags, "the job before")
            if draw.random() < 0.3:
                sent = estimate.with_tags(random_request(draw), [])
    assert accepted > 3000
    assert refused > 3000
    assert close > 0.95  # the limit is not merely generous


def test_what_a_job_cost_is_its_billed_seconds_with_its_pool_at_the_price_in_its_tags() -> None:
    job = {"BillableTimeInSeconds": 1800, "WarmPoolStatus": {"ResourceRetainedBillableTimeInSeconds": 600}}
    assert estimate.spent(job, {"PricePerHour": "3.0"}) == pytest.approx(2.0)
    assert estimate.spent(job, {}) is None
    assert estimate.spent({}, {"PricePerHour": "3.0"}) is None


@pytest.mark.parametrize(
    ("before", "price", "line"),
    [
        (
            [1.5],
            "2.0",
            "The job before it cost 1.50 USD, so all together at most 3.50 USD; max_cost is a limit of each.",
        ),
        (
            [1.5, 0.25],
            "2.0",
            "The 2 jobs before it cost 1.75 USD, so all together at most 3.75 USD; max_cost is a limit of each.",
        ),
        ([1.5], None, "The job before it cost 1.50 USD; max_cost is a limit of each."),
        ([None], "2.0", "What the job before it cost is not known."),
        ([1.5, None], "2.0", "What the 2 jobs before it cost is not known."),
    ],
)
def test_the_line_about_all_jobs_of_a_run(before: list[float | None], price: str | None, line: str) -> None:
    tags = [{"Key": "PricePerHour", "Value": price}] if price else []
    sent = {
        "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1},
        "StoppingCondition": {"MaxRuntimeInSeconds": 3600},
        "Tags": tags,
    }
    assert estimate.chain_line(sent, before) == line
