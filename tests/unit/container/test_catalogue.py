"""AWS's containers: where they are, which there are, which is chosen."""

from datetime import date

import pytest

from scripts.container import catalogue
from scripts.container.listing import base_table
from scripts.core.errors import UserError
from tests.conftest import ROOT


@pytest.mark.parametrize(
    ("region", "repository"),
    [
        ("eu-central-1", "763104351884.dkr.ecr.eu-central-1.amazonaws.com/tensorflow-training"),
        ("af-south-1", "626614931356.dkr.ecr.af-south-1.amazonaws.com/tensorflow-training"),
        ("cn-north-1", "727897471807.dkr.ecr.cn-north-1.amazonaws.com.cn/tensorflow-training"),
        ("us-gov-east-1", "446045086412.dkr.ecr.us-gov-east-1.amazonaws.com/tensorflow-training"),
    ],
)
def test_each_region_has_its_registry(region: str, repository: str) -> None:
    assert catalogue.repository(region) == repository


def test_a_region_without_one() -> None:
    with pytest.raises(UserError) as raised:
        catalogue.repository("eu-isoe-west-1")
    assert "eu-isoe-west-1" in raised.value.problem
    assert "BASE=" in raised.value.fix


def test_the_newest_comes_first_and_is_the_one_that_the_requirements_pin() -> None:
    found = catalogue.releases("us-east-1")
    assert [one.tensorflow for one in found] == ["2.21.0", "2.19.0", "2.18.0"]
    assert f"tensorflow-cpu=={found[0].tensorflow} " in (ROOT / "requirements.in").read_text()
    assert all(one.tag(True).startswith(f"{one.tensorflow}-gpu-") for one in found)
    assert all(one.tag(False).startswith(f"{one.tensorflow}-cpu-") for one in found)


def test_govcloud_has_what_is_known_of_it() -> None:
    assert [one.tensorflow for one in catalogue.releases("us-gov-west-1")] == ["2.19.0", "2.18.0"]


def test_the_last_patch_day_still_counts() -> None:
    newest = catalogue.releases("us-east-1")[0]
    assert not newest.is_over(date(2027, 7, 10))
    assert newest.is_over(date(2027, 7, 11))
    assert catalogue.warning(f"tensorflow-training:{newest.cpu}@sha256:0", date(2027, 7, 10)) is None
    said = catalogue.warning(f"tensorflow-training:{newest.cpu}@sha256:0", date(2027, 7, 11))
    assert said
    assert "2.21.0" in said
    assert "2027-07-10" in said


def test_an_image_of_one_s_own_has_no_patch_day() -> None:
    assert catalogue.warning("mine:1@sha256:0", date(2099, 1, 1)) is None


@pytest.mark.parametrize(
    ("instance_type", "gpu"),
    [
        ("ml.g4dn.4xlarge", True),
        ("ml.g5.xlarge", True),
        ("ml.gr6.4xlarge", True),
        ("ml.p3.2xlarge", True),
        ("ml.p4d.24xlarge", True),
        ("ml.p6-b200.48xlarge", True),
        ("ml.m5.xlarge", False),
        ("ml.c5.xlarge", False),
        ("ml.trn1.2xlarge", False),
    ],
)
def test_which_instances_have_gpus(instance_type: str, gpu: bool) -> None:
    assert catalogue.has_gpu(instance_type) is gpu


def test_the_table() -> None:
    found = catalogue.releases("us-east-1")
    lines = base_table(found, date(2026, 11, 23), found[0].gpu, {found[0].gpu, found[1].cpu})
    assert len(lines) == 1 + 2 * len(found)
    assert lines[1].endswith("2.21.0-gpu-py312-cu129-amzn2023-sagemaker     chosen, on this machine")
    assert "2027-07-10  " in lines[1]
    assert "2026-03-11, over" in lines[3]
    assert lines[4].endswith("2.19.0-cpu-py312-ubuntu22.04-sagemaker        on this machine")
    assert len({line.index("2.") for line in lines[2::2]}) == 1
