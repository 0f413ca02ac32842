"""The base of an image: AWS's container at its committed digest, or the image that BASE= named."""

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
    """A project's folder without a lock file and without a remembered base."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("TF_DATA_DIR", raising=False)
    (tmp_path / "trainer").mkdir()
    return tmp_path


def test_before_the_first_pull_the_base_is_aws_s_newest_tag() -> None:
    found = base.current_base("eu-west-1", True, "dev")
    assert found.reference == f"763104351884.dkr.ecr.eu-west-1.amazonaws.com/tensorflow-training:{GPU}"
    assert found.identity == f"tensorflow-training:{GPU}"
    assert base.current_base("eu-west-1", False, "dev").tag == CPU


def test_after_a_pull_the_base_has_the_same_digest_in_every_region(folder: Path) -> None:
    base.write_lock(CPU, DIGEST)
    base.write_lock(GPU, "sha256:" + "8" * 64)
    europe, china = base.current_base("eu-west-1", False, "dev"), base.current_base("cn-north-1", False, "dev")
    assert europe.reference == f"763104351884.dkr.ecr.eu-west-1.amazonaws.com/tensorflow-training@{DIGEST}"
    assert europe.identity == china.identity == f"tensorflow-training:{CPU}@{DIGEST}"
    assert (folder / "trainer" / "base.lock.json").read_text().splitlines() == [
        "{",
        f'  "{CPU}": "{DIGEST}",',
        f'  "{GPU}": "sha256:{"8" * 64}"',
        "}",
    ]


def test_your_own_base_is_remembered_for_its_environment_even_if_aws_has_no_container(folder: Path) -> None:
    base.remember_base("dev", Base("mine:1", DIGEST))
    assert base.current_base("eu-isoe-west-1", True, "dev") == Base("mine:1", DIGEST)
    assert base.current_base("eu-west-1", True, "dev").identity == f"mine:1@{DIGEST}"
    assert base.current_base("eu-west-1", True, "prod").tag == GPU
    assert (folder / "build" / "aws-dev" / "base.json").is_file()
    base.forget_base("dev")
    base.forget_base("dev")
    assert base.current_base("eu-west-1", True, "dev").tag == GPU


def test_each_cloud_remembers_its_own_base(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    monkeypatch.setenv("TF_DATA_DIR", str(folder / "build" / "local-dev" / "terraform"))
    base.remember_base("dev", Base("mine:1", DIGEST))
    assert (folder / "build" / "local-dev" / "base.json").is_file()
    monkeypatch.delenv("TF_DATA_DIR")
    assert base.remembered_base("dev") is None


@pytest.mark.parametrize("text", ["", "{", "[]", '{"a": 1}'])
def test_a_broken_lock_file_is_an_error(folder: Path, text: str) -> None:
    (folder / "trainer" / "base.lock.json").write_text(text)
    with pytest.raises(UserError) as raised:
        base.current_base("eu-west-1", True, "dev")
    assert "trainer/base.lock.json" in raised.value.problem
    assert "git checkout" in raised.value.fix
