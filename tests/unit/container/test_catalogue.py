"""AWS's containers: their registries, their releases, and the table of them."""

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


def test_the_error_for_a_region_without_a_registry_names_base() -> None:
    with pytest.raises(UserError) as raised:
        catalogue.repository("eu-isoe-west-1")
    assert "eu-isoe-west-1" in raised.value.problem
    assert "BASE=" in raised.value.fix


def test_the_newest_release_comes_first_and_the_requirements_pin_it() -> None:
    found = catalogue.releases("us-east-1")
    assert [one.tensorflow for one in found] == ["2.21.0", "2.19.0", "2.18.0"]
    assert f"tensorflow-cpu=={found[0].tensorflow} " in (ROOT / "requirements.in").read_text()
    assert all(one.tag(True).startswith(f"{one.tensorflow}-gpu-") for one in found)
    assert all(one.tag(False).startswith(f"{one.tensorflow}-cpu-") for one in found)


def test_govcloud_has_only_its_own_releases() -> None:
    assert [one.tensorflow for one in catalogue.releases("us-gov-west-1")] == ["2.19.0", "2.18.0"]


def test_the_warning_starts_after_the_last_patch_day() -> None:
    newest = catalogue.releases("us-east-1")[0]
    assert not newest.is_unpatched(date(2027, 7, 10))
    assert newest.is_unpatched(date(2027, 7, 11))
    assert catalogue.patch_warning(f"tensorflow-training:{newest.cpu}@sha256:0", date(2027, 7, 10)) is None
    warning = catalogue.patch_warning(f"tensorflow-training:{newest.cpu}@sha256:0", date(2027, 7, 11))
    assert warning
    assert "2.21.0" in warning
    assert "2027-07-10" in warning


def test_your_own_image_gets_no_patch_warning() -> None:
    assert catalogue.patch_warning("mine:1@sha256:0", date(2099, 1, 1)) is None


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
def test_the_instance_type_tells_whether_it_has_gpus(instance_type: str, gpu: bool) -> None:
    assert catalogue.has_gpu(instance_type) is gpu


def test_the_table_marks_the_chosen_the_local_and_the_unpatched_containers() -> None:
    found = catalogue.releases("us-east-1")
    lines = base_table(found, date(2026, 11, 23), found[0].gpu, {found[0].gpu, found[1].cpu})
    assert len(lines) == 1 + 2 * len(found)
    assert lines[1].endswith("2.21.0-gpu-py312-cu129-amzn2023-sagemaker     chosen, on this machine")
    assert "2027-07-10  " in lines[1]
    assert "2026-03-11, over" in lines[3]
    assert lines[4].endswith("2.19.0-cpu-py312-ubuntu22.04-sagemaker        on this machine")
    assert len({line.index("2.") for line in lines[2::2]}) == 1
