"""Which image is built on: AWS's at its committed digest, or the one that BASE= named."""

from pathlib import Path

import pytest

from scripts.container import base
from scripts.container.base import Base
from scripts.core.errors import UserError

CPU = "2.21.0-cpu-py312-amzn2023-sagemaker"
GPU = "2.21.0-gpu-py312-cu129-amzn2023-sagemaker"
DIGEST = "sha256:" + "7" * 64


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project's folder without a lock file, where nothing is remembered."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("TF_DATA_DIR", raising=False)
    (tmp_path / "trainer").mkdir()
    return tmp_path


def test_aws_s_by_tag_until_one_was_pulled() -> None:
    found = base.chosen("eu-west-1", True, "dev")
    assert found.reference == f"763104351884.dkr.ecr.eu-west-1.amazonaws.com/tensorflow-training:{GPU}"
    assert found.identity == f"tensorflow-training:{GPU}"
    assert base.chosen("eu-west-1", False, "dev").tag == CPU


def test_then_by_digest_the_same_in_every_region(folder: Path) -> None:
    base.write_lock(CPU, DIGEST)
    base.write_lock(GPU, "sha256:" + "8" * 64)
    here, there = base.chosen("eu-west-1", False, "dev"), base.chosen("cn-north-1", False, "dev")
    assert here.reference == f"763104351884.dkr.ecr.eu-west-1.amazonaws.com/tensorflow-training@{DIGEST}"
    assert here.identity == there.identity == f"tensorflow-training:{CPU}@{DIGEST}"
    assert (folder / "trainer" / "base.lock.json").read_text().splitlines() == [
        "{",
        f'  "{CPU}": "{DIGEST}",',
        f'  "{GPU}": "sha256:{"8" * 64}"',
        "}",
    ]


def test_one_of_one_s_own_is_remembered_for_its_environment_also_where_aws_has_none(folder: Path) -> None:
    base.remember("dev", Base("mine:1", DIGEST))
    assert base.chosen("eu-isoe-west-1", True, "dev") == Base("mine:1", DIGEST)
    assert base.chosen("eu-west-1", True, "dev").identity == f"mine:1@{DIGEST}"
    assert base.chosen("eu-west-1", True, "prod").tag == GPU
    assert (folder / "build" / "aws-dev" / "base.json").is_file()
    base.forget("dev")
    base.forget("dev")
    assert base.chosen("eu-west-1", True, "dev").tag == GPU


def test_each_cloud_remembers_its_own(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    monkeypatch.setenv("TF_DATA_DIR", str(folder / "build" / "local-dev" / "terraform"))
    base.remember("dev", Base("mine:1", DIGEST))
    assert (folder / "build" / "local-dev" / "base.json").is_file()
    monkeypatch.delenv("TF_DATA_DIR")
    assert base.remembered("dev") is None


@pytest.mark.parametrize("text", ["", "{", "[]", '{"a": 1}'])
def test_a_broken_lock_file_is_said(folder: Path, text: str) -> None:
    (folder / "trainer" / "base.lock.json").write_text(text)
    with pytest.raises(UserError) as raised:
        base.chosen("eu-west-1", True, "dev")
    assert "trainer/base.lock.json" in raised.value.problem
    assert "git checkout" in raised.value.fix
