"""Reading the outputs of a stack, also while answers of AWS get lost: a program in Terraform's place prints them."""

import json
import os
import shutil
from pathlib import Path

import pytest

from scripts.core import aws
from scripts.stack import read, state
from scripts.stack.terraform import Terraform
from tests.conftest import ROOT
from tests.unit.aws_server import ACCOUNT, STACK

# Counts its calls in a file, and fails with the message until the n-th.
PROGRAM = """#!/bin/sh
echo x >> calls
if [ $(wc -l < calls) -lt {success} ]; then echo 'Error: {message}' >&2; exit 1; fi
echo '{{}}'
"""
CUT = "Failed to load state: Unable to access object in S3 bucket: unexpected EOF"


@pytest.mark.parametrize(
    ("message", "success", "code", "calls"),
    [(CUT, 1, 0, 1), (CUT, 3, 0, 3), (CUT, 99, 1, read.ATTEMPTS), ("No outputs", 3, 1, 1)],
)
def test_an_answer_that_was_cut_short_is_asked_for_again(
    message: str, success: int, code: int, calls: int, tmp_path: Path
) -> None:
    program = tmp_path / "terraform"
    program.write_text(PROGRAM.format(message=message, success=success))
    program.chmod(0o755)
    assert read._outputs(Terraform(str(program), folder=tmp_path)).code == code
    assert len((tmp_path / "calls").read_text().splitlines()) == calls


def test_which_messages_mean_that_the_same_command_may_do() -> None:
    assert read.is_lost_answer(CUT)
    assert read.is_lost_answer("https response error StatusCode: 0, request send failed, Get: EOF")
    assert read.is_lost_answer("https response error StatusCode: 503, api error SlowDown")
    assert not read.is_lost_answer("https response error StatusCode: 403, api error AccessDenied")


# Prints its version, and for other commands the outputs; counts how often it was asked for them.
TERRAFORM = """#!/bin/sh
case "$1" in
  version) echo '{{"terraform_version": "1.15.0", "platform": "linux_amd64"}}' ;;
  output) echo x >> {calls}; cat {outputs} ;;
esac
"""


@pytest.mark.usefixtures("empty_aws")
def test_terraform_is_asked_again_only_after_the_state_has_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls, outputs, program = (tmp_path / name for name in ("calls", "outputs", "bin/terraform"))
    program.parent.mkdir()
    program.write_text(TERRAFORM.format(calls=calls, outputs=outputs))
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")
    for name in ("environments/dev.tfvars", ".terraform.lock.hcl"):
        (tmp_path / "terraform" / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / "terraform" / name, tmp_path / "terraform" / name)
    monkeypatch.chdir(tmp_path)
    settings, s3 = state.backend(ACCOUNT, "us-east-1", "dev"), aws.client("s3")
    assert state.version(settings) is None
    s3.create_bucket(Bucket=settings.bucket)
    for bucket in ("before", "after"):
        s3.put_object(Bucket=settings.bucket, Key=settings.key, Body=bucket.encode())
        stack = STACK.model_copy(update={"data_bucket": bucket}).model_dump()
        outputs.write_text(json.dumps({name: {"value": value} for name, value in stack.items()}))
        for _ in range(2):
            assert read.read_stack("dev").data_bucket == bucket
    assert len(calls.read_text().splitlines()) == 2
    s3.delete_object(Bucket=settings.bucket, Key=settings.key)
    assert state.version(settings) is None


def test_kept_outputs_that_cannot_be_read_are_asked_for_again(tmp_path: Path) -> None:
    file, version = tmp_path / "outputs.json", {"etag": "1"}
    assert read._kept(file, version) is None
    for content in ("", "{", "[]", '{"state": {"etag": "1"}}', '{"state": {"etag": "2"}, "outputs": "{}"}'):
        file.write_text(content)
        assert read._kept(file, version) is None
    read._keep(file, version, "{}")
    assert read._kept(file, version) == "{}"
    read._keep(tmp_path / "missing" / "outputs.json", version, "{}")
    assert [path.name for path in tmp_path.iterdir()] == ["outputs.json"]
