"""The local cloud's Price List and Service Quotas, asked by the verbs' own code."""

import json
import os
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from scripts import localcloud
from scripts.core import aws
from scripts.core.errors import UserError
from scripts.costs import answers, price_list, prices, quotas
from tests.unit.localcloud.account import document

ROLE = "arn:aws:iam::123456789012:role/training"
SETTINGS = '[prices]\n"ml.m5.large" = 0.5\n"ml.g5.xlarge" = 2\n[quotas]\n"ml.m5.large for training job usage" = 1\n'
DAY = datetime(2026, 1, 5, 12, tzinfo=UTC)


@pytest.fixture
def settings(cloud: localcloud.Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The file local-cloud.toml of the shared local cloud, to which every client of this process speaks."""
    for name, value in localcloud.environment(cloud, {}).items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    aws.session.cache_clear()
    path = cloud.folder.parent.parent / "local-cloud.toml"
    path.write_text(SETTINGS)
    yield path
    path.unlink()
    aws.session.cache_clear()


@contextmanager
def as_user(action: str) -> Iterator[None]:
    """Every client of this process is a user who may do nothing but one action."""
    name, iam = f"user-{uuid.uuid4().hex[:8]}", aws.client("iam")
    iam.create_user(UserName=name)
    policy = document({"Effect": "Allow", "Action": action, "Resource": "*"})
    iam.put_user_policy(UserName=name, PolicyName="rights", PolicyDocument=policy)
    key = iam.create_access_key(UserName=name)["AccessKey"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ACCESS_KEY_ID", key["AccessKeyId"])
        patch.setenv("AWS_SECRET_ACCESS_KEY", key["SecretAccessKey"])
        aws.session.cache_clear()
        yield
    aws.session.cache_clear()


def request(kind: str = "ml.m5.large", count: int = 1, **more: Any) -> dict[str, Any]:
    resources = {"InstanceType": kind, "InstanceCount": count, **more}
    return {"RoleArn": ROLE, "ResourceConfig": resources}


def test_prices_are_asked_for_once_a_week(settings: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    monkeypatch.setattr(answers, "now", lambda: DAY)
    found = prices.find(["ml.m5.large", "ml.g5.xlarge", "ml.p3.2xlarge"], "eu-west-1", None, said.append)
    assert found["ml.m5.large"] == prices.Price(0.5, f"Price List at {os.environ['AWS_ENDPOINT_URL']} of 2026-01-05")
    assert found["ml.g5.xlarge"].hour == 2.0
    assert found["ml.p3.2xlarge"] == prices.Price(4.131, "prices of 2023-12")  # only the table knows it
    settings.write_text('[prices]\n"ml.m5.large" = 0.75\n')
    monkeypatch.setattr(answers, "now", lambda: DAY + timedelta(days=6))
    assert prices.find(["ml.m5.large"], "eu-west-1", None, said.append)["ml.m5.large"].hour == 0.5
    monkeypatch.setattr(answers, "now", lambda: DAY + timedelta(days=8))
    assert prices.find(["ml.m5.large"], "eu-west-1", None, said.append)["ml.m5.large"].hour == 0.75
    assert prices.find(["ml.g5.xlarge"], "us-east-1", None, said.append) == {}
    assert said == []


def test_a_price_that_is_stated_asks_nobody(settings: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    assert prices.find(["ml.m5.large"], "us-east-1", 0.1, pytest.fail) == {
        "ml.m5.large": prices.Price(0.1, prices.STATED)
    }


def test_prices_that_cannot_be_had_are_not_checked(settings: Path) -> None:
    said: list[str] = []
    settings.write_text("[prices")
    assert prices.find(["ml.m5.large"], "us-east-1", None, said.append) == {}
    assert said[0].startswith("Not checked: the prices in AWS's Price List (")
    with as_user("cloudwatch:*"):
        assert prices.find(["ml.m5.large"], "us-east-1", None, said.append) == {}
    assert said[1:] == ["Not checked: the prices in AWS's Price List (no right to pricing:GetProducts)."]


def test_the_price_list_is_asked_where_it_has_an_endpoint(settings: Path) -> None:
    assert price_list.endpoint_region("aws") == "us-east-1"
    assert price_list.endpoint_region("aws-cn") == "cn-northwest-1"
    assert price_list.endpoint_region("aws-us-gov") is None


def test_products_that_are_not_hours_of_training_are_skipped() -> None:
    def product(usage: str, unit: str = "Hrs", currency: str = "USD") -> dict[str, Any]:
        dimension = {"unit": unit, "pricePerUnit": {currency: "1.5"}}
        terms = {"OnDemand": {"a": {"priceDimensions": {"b": dimension}}}}
        return {"product": {"attributes": {"usagetype": usage}}, "terms": terms}

    others = [
        "USE1-SpotTrain:ml.m5.large",
        "USE1-Host:ml.m5.large",
        "USE1-Train:VolumeUsage.gp2",
        "USE1-Train-FreeTier",
    ]
    assert price_list.prices_in(map(product, others)) == {}
    assert (
        price_list.prices_in([product("Train:ml.m5.large", "GB-Mo"), product("Train:ml.m5.large", currency="CNY")])
        == {}
    )
    assert price_list.prices_in([product("EUC1-Train:ml.c5n.xlarge"), {"product": {"attributes": {}}}]) == {
        "ml.c5n.xlarge": 1.5
    }


def test_a_quota_that_is_too_small_is_refused_with_name_code_and_link(settings: Path) -> None:
    quotas.check(request(), pytest.fail)
    with pytest.raises(UserError) as refused:
        quotas.check(request(count=2), pytest.fail)
    code = json.loads((answers.FOLDER / "quotas-123456789012-us-east-1.json").read_text())["values"][
        "ml.m5.large for training job usage"
    ]["code"]
    assert refused.value.problem == (
        f"The quota `ml.m5.large for training job usage` ({code}) of this account is 1 in us-east-1, "
        "and the job needs 2: SageMaker would refuse the job."
    )
    assert f"/servicequotas/home/services/sagemaker/quotas/{code}" in refused.value.fix
    quotas.check(request(count=2) | {"EnableManagedSpotTraining": True}, pytest.fail)  # spot has a quota of its own


def test_a_quota_that_was_raised_is_seen_at_once(settings: Path) -> None:
    with pytest.raises(UserError):
        quotas.check(request(count=2), pytest.fail)
    settings.write_text(SETTINGS.replace("= 1\n", "= 5\n"))
    quotas.check(request(count=2), pytest.fail)
    settings.write_text(SETTINGS)
    quotas.check(request(count=2), pytest.fail)  # an answer holds for a day


def test_all_members_with_instances_need_a_quota(settings: Path) -> None:
    settings.write_text(
        '[quotas]\n"ml.m5.large for training warm pool usage" = 0\n"ml.g5.xlarge for training job usage" = 2\n'
    )
    quotas.check(request(), pytest.fail)
    with pytest.raises(UserError, match="would keep no instance"):
        quotas.check(request(KeepAlivePeriodInSeconds=60), pytest.fail)
    groups = [{"InstanceType": "ml.g5.xlarge", "InstanceCount": count} for count in (1, 2)]
    with pytest.raises(UserError, match="is 2 in us-east-1, and the job needs 3"):
        quotas.check({"RoleArn": ROLE, "ResourceConfig": {"InstanceGroups": groups}}, pytest.fail)
    preferred = {
        "InstanceCount": 3,
        "InstancePreferences": [{"InstanceType": "ml.g5.xlarge"}, {"InstanceType": "ml.m5.large"}],
    }
    quotas.check({"RoleArn": ROLE, "ResourceConfig": preferred}, pytest.fail)  # one of them is enough


def test_quotas_that_may_not_be_looked_at_are_not_checked(settings: Path) -> None:
    said: list[str] = []
    with as_user("cloudwatch:*"):
        quotas.check(request(count=2), said.append)
    assert said == ["Not checked: the quotas of this account (no right to servicequotas:ListAWSDefaultServiceQuotas)."]
    quotas.check(request("ml.new.large"), said.append)
    assert said[1:] == [
        "Not checked: the quota `ml.new.large for training job usage` (Service Quotas does not list it)."
    ]


def test_the_lists_come_in_pages_and_errors_are_aws_errors(settings: Path, client: Callable[..., Any]) -> None:
    service = client("service-quotas")
    first = service.list_service_quotas(ServiceCode="sagemaker", MaxResults=10)
    assert len(first["Quotas"]) == 10
    pages = service.get_paginator("list_service_quotas").paginate(ServiceCode="sagemaker")
    every = [quota for page in pages for quota in page["Quotas"]]
    kinds = client("sagemaker").meta.service_model.shape_for("TrainingInstanceType").enum
    assert len({quota["QuotaCode"] for quota in every}) == len(every) == 3 * len(kinds)
    (small,) = [quota for quota in every if quota["QuotaName"] == "ml.m5.large for training job usage"]
    found = service.get_service_quota(ServiceCode="sagemaker", QuotaCode=small["QuotaCode"])["Quota"]
    assert (found["Value"], found["Adjustable"]) == (1.0, True)
    calls: tuple[tuple[Callable[[], Any], str], ...] = (
        (lambda: service.list_service_quotas(ServiceCode="ec2"), "NoSuchResourceException"),
        (lambda: service.list_services(), "UnknownOperationException"),
        (lambda: service.get_service_quota(ServiceCode="sagemaker", QuotaCode="L-1"), "NoSuchResourceException"),
        (lambda: client("pricing").get_products(ServiceCode="AmazonEC2"), "InvalidParameterException"),
        (lambda: client("pricing").describe_services(), "UnknownOperationException"),
        (
            lambda: service.list_service_quotas(ServiceCode="sagemaker", NextToken="x"),
            "InvalidPaginationTokenException",
        ),
    )
    for call, code in calls:
        with pytest.raises(service.exceptions.ClientError) as refused:
            call()
        assert aws.error_code(refused.value) == code
