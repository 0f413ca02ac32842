"""`python -m scripts.plan review`: a plan from anywhere in, Markdown or three pages out; how it ends."""

import copy
import json
import os
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any, Protocol

import pytest

from tests.conftest import ROOT, clean_environment

ADDRESS = "aws_s3_bucket_public_access_block.this"
SWITCHES = ("block_public_acls", "block_public_policy", "ignore_public_acls", "restrict_public_buckets")
CLOSED = {"bucket": "models", "id": "models", **dict.fromkeys(SWITCHES, True)}
SECRET = "hunter2-hunter2-hunter2"


def plan(**after: object) -> dict[str, Any]:
    """A plan that changes a public access block."""
    change = {
        "actions": ["update"],
        "before": CLOSED,
        "after": {**CLOSED, **after},
        "after_unknown": {},
        "before_sensitive": {},
        "after_sensitive": {},
    }
    resource = {
        "address": ADDRESS,
        "mode": "managed",
        "type": "aws_s3_bucket_public_access_block",
        "name": "this",
        "provider_name": "registry.terraform.io/hashicorp/aws",
        "change": change,
    }
    return {
        "format_version": "1.2",
        "terraform_version": "1.11.4",
        "variables": {"password": {"value": SECRET}},
        "resource_changes": [resource],
        "configuration": {"root_module": {"variables": {"password": {"sensitive": True}}}},
        "applyable": True,
        "complete": True,
        "errored": False,
    }


OPENED = plan(block_public_policy=False)
HARMLESS = plan(tags={"Owner": "ada"})


class Review(Protocol):
    def __call__(
        self, *arguments: str, given: bytes = ..., folder: Path = ...
    ) -> "subprocess.CompletedProcess[bytes]": ...


@pytest.fixture
def review(forked_python: Path) -> Review:
    """Type the command, with no way to AWS."""

    def typed(*arguments: str, given: bytes = b"", folder: Path = ROOT) -> "subprocess.CompletedProcess[bytes]":
        return subprocess.run(
            [forked_python, "-m", "scripts.plan", "review", *arguments],
            cwd=folder,
            env={**clean_environment(), "AWS_PROFILE": "nobody"},
            input=given,
            capture_output=True,
            timeout=60,
            check=False,
        )

    return typed


def written(file: Path, content: object) -> str:
    file.write_text(json.dumps(content), encoding="utf-8")
    return str(file)


def test_without_out_it_prints_the_markdown(tmp_path: Path, review: Review) -> None:
    ended = review(written(tmp_path / "plan.json", OPENED))
    assert ended.returncode == 0, ended.stderr
    text = ended.stdout.decode()
    assert ADDRESS in text
    assert text.startswith("#")
    assert SECRET not in text
    assert ended.stderr == b""


def test_a_pipe_is_read_too_as_powershell_writes_it_as_well(tmp_path: Path, review: Review) -> None:
    text = json.dumps(OPENED)
    plain, windows = review("-", given=text.encode()), review("-", given=text.encode("utf-16"))
    assert plain.returncode == windows.returncode == 0, plain.stderr + windows.stderr
    assert plain.stdout == windows.stdout
    assert b"stdin" in plain.stdout


def test_out_gets_four_files_for_the_user_alone(tmp_path: Path, review: Review) -> None:
    out = tmp_path / "pages"
    out.mkdir()
    (out / "review.md").write_text("old")
    (out / "review.md").chmod(0o644)
    ended = review(written(tmp_path / "plan.json", OPENED), "--out", str(out))
    assert ended.returncode == 0, ended.stderr
    assert {file.name for file in out.iterdir()} == {"review.md", "review.html", "review.json", "review.sarif"}
    assert {stat.S_IMODE(file.stat().st_mode) for file in out.iterdir()} == {0o600}
    assert str(out / "review.html") in ended.stdout.decode()
    data = json.loads((out / "review.json").read_text(encoding="utf-8"))
    assert [one["address"] for one in data["reviews"][0]["changes"]] == [ADDRESS]
    assert len(data["reviews"][0]["digest"]) == 32
    assert not [file for file in out.iterdir() if SECRET in file.read_text(encoding="utf-8")]


def test_several_make_one_page(tmp_path: Path, review: Review) -> None:
    names = [written(tmp_path / f"{name}.json", content) for name, content in (("a", OPENED), ("b", HARMLESS))]
    ended = review(*names, "--out", str(tmp_path / "pages"))
    assert ended.returncode == 0, ended.stderr
    data = json.loads((tmp_path / "pages/review.json").read_text(encoding="utf-8"))
    assert [one["source"] for one in data["reviews"]] == names
    output = ended.stdout.decode()
    assert (output.count("Approve with: APPROVE="), output.count("Digest of the change: ")) == (1, 1)
    assert ended.stdout.decode().count("review.html") == 1


@pytest.mark.parametrize(
    ("content", "level", "code"),
    [
        (OPENED, "high", 3),
        (OPENED, "HIGH", 3),
        (OPENED, "info", 3),
        (OPENED, "critical", 0),
        (HARMLESS, "info", 0),
    ],
)
def test_fail_on_ends_with_3_where_the_plan_brings_a_finding(
    tmp_path: Path, content: dict[str, Any], level: str, code: int, review: Review
) -> None:
    ended = review(written(tmp_path / "plan.json", content), "--fail-on", level)
    assert ended.returncode == code, ended.stderr
    assert ended.stderr.decode() == (f"1 new finding at {level.lower()} or above.\n" if code else "")


def test_what_was_there_before_fails_nothing(tmp_path: Path, review: Review) -> None:
    there = copy.deepcopy(OPENED)
    change = there["resource_changes"][0]["change"]
    change["before"] = {**change["after"]}
    change["after"] = {**change["after"], "tags": {"Owner": "ada"}}
    assert review(written(tmp_path / "plan.json", there), "--fail-on", "info").returncode == 0


def test_one_of_several_is_enough(tmp_path: Path, review: Review) -> None:
    names = [written(tmp_path / f"{name}.json", content) for name, content in (("a", HARMLESS), ("b", OPENED))]
    assert review(*names, "--fail-on", "high").returncode == 3


def test_what_review_toml_switches_off_fails_nothing(tmp_path: Path, review: Review) -> None:
    name = written(tmp_path / "plan.json", OPENED)
    assert review("plan.json", "--fail-on", "high", folder=tmp_path).returncode == 3
    found = json.loads(pages(review, name, tmp_path))["reviews"][0]["findings"][0]["rule"]
    (tmp_path / "review.toml").write_text(f'[[off]]\nrule = "{found}"\nreason = "A test."\n')
    assert review("plan.json", "--fail-on", "high", folder=tmp_path).returncode == 0


RULE = "s3-public-access-open"


def settings(folder: Path, rule: str = RULE) -> Path:
    """A review.toml in a folder that switches a rule off."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "review.toml").write_text(f'[[off]]\nrule = "{rule}"\nreason = "A test."\n')
    return folder / "review.toml"


def test_the_nearest_review_toml_above_each_plan_counts(tmp_path: Path, review: Review) -> None:
    root, other = tmp_path / "repository", tmp_path / "other"
    (root / "network/build").mkdir(parents=True)
    name = written(root / "network/build/plan.json", OPENED)
    settings(root)
    assert review(name, "--fail-on", "high", folder=ROOT).returncode == 0
    settings(root / "network", "s3-force-destroy")
    assert review(name, "--fail-on", "high", folder=root).returncode == 3, "the nearest, not the one of this folder"
    other.mkdir()
    named = written(other / "plan.json", OPENED)
    ended = review(name, named, "--fail-on", "high", "--config", str(root / "review.toml"))
    assert ended.returncode == 0, "one for all plans"
    assert review("-", "--fail-on", "high", given=json.dumps(OPENED).encode(), folder=root).returncode == 0


def test_a_review_toml_outside_of_the_repository_does_not_count(tmp_path: Path, review: Review) -> None:
    settings(tmp_path)
    (tmp_path / "repository/.git").mkdir(parents=True)
    name = written(tmp_path / "repository/plan.json", OPENED)
    assert review(name, "--fail-on", "high").returncode == 3


def pages(review: Review, name: str, folder: Path) -> str:
    review(name, "--out", str(folder / "pages"))
    return (folder / "pages/review.json").read_text(encoding="utf-8")


DEEP = plan(value=json.loads("[" * 700 + "]" * 700))


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "is empty"),
        (b"{", "is broken JSON"),
        (b"Terraform will perform", "is not JSON"),
        (b'{"version": 4, "serial": 1, "lineage": "x", "resources": []}', "is a Terraform state"),
        (b'{"format_version": "2.0", "resource_changes": []}', "has the plan format 2.0"),
        (b"\x1f\x8b broken", "is a broken gzip file"),
        (b"PK\x03\x04 broken", "is a saved plan, and there is no .terraform.lock.hcl"),
        (b"\xff\xfe\x00", "plan.json"),
        (json.dumps(DEEP).encode(), "contains JSON that cannot be read: nested too deep"),
    ],
)
def test_what_is_no_plan_gets_two_lines(tmp_path: Path, content: bytes, problem: str, review: Review) -> None:
    (tmp_path / "plan.json").write_bytes(content)
    ended = review(str(tmp_path / "plan.json"), "--out", str(tmp_path / "pages"))
    assert ended.returncode == 2, ended.stderr
    lines = ended.stderr.decode().splitlines()
    assert len(lines) == 2, lines
    assert lines[0].startswith("Error: ")
    assert problem in lines[0]
    assert lines[1].startswith("Fix:   ")
    assert not (tmp_path / "pages").exists()


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["nowhere.json"], ["nowhere.json cannot be read", "terraform show -json"]),
        (["."], [". cannot be read", "terraform show -json"]),
        (["plan.json", "--config", "no.toml"], ["--config no.toml is not a file", "review.toml"]),
        (["plan.json", "--out", "plan.json"], ["cannot be written to plan.json", "another folder"]),
        (["plan.json", "--out", "plan.json/x"], ["plan.json/x is in the way", "another folder"]),
        (["plan.json", "--account", "12"], ["--account 12 is not the number of an account", "12 digits"]),
        (["plan.json", "--fail-on", "hihg"], ["hihg is not a severity. Did you mean `high`?", "medium"]),
    ],
)
def test_other_mistakes_get_two_lines(tmp_path: Path, arguments: list[str], named: list[str], review: Review) -> None:
    written(tmp_path / "plan.json", OPENED)
    ended = review(*arguments, folder=tmp_path)
    assert ended.returncode == 2
    lines = ended.stderr.decode().splitlines()
    assert len(lines) == 2, lines
    for word in named:
        assert word in "".join(lines)


def test_a_saved_plan_that_terraform_cannot_read_is_told_in_its_words(tmp_path: Path) -> None:
    program = tmp_path / "bin/terraform"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\necho 'Error: Failed to read plan file' >&2; exit 1\n")
    program.chmod(0o755)
    (tmp_path / ".terraform.lock.hcl").touch()
    (tmp_path / "p.tfplan").write_bytes(b"PK\x03\x04")
    environment = {**clean_environment(), "PATH": f"{program.parent}{os.pathsep}{os.environ['PATH']}"}
    ended = subprocess.run(
        [sys.executable, "-m", "scripts.plan", "review", str(tmp_path / "p.tfplan")],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 2
    assert "p.tfplan: Failed to read plan file" in ended.stderr
    assert "terraform show -json p.tfplan > plan.json" in ended.stderr
