"""Terraform and its provider among the processes of the machine."""

import os
import shutil
import signal
import subprocess
from pathlib import Path

import pytest

from scripts.stack import processes
from scripts.stack.processes import Process

FOLDER = Path("/home/ada/trainyard/build/aws-dev")
PROVIDER = (
    f"{FOLDER}/terraform/providers/registry.terraform.io/hashicorp/aws/5.100.0/linux_amd64/terraform-provider-aws"
)
APPLY = Process(10, 9, f"/usr/bin/terraform apply -input=false {FOLDER}/.call-x/plan.tfplan")


@pytest.mark.parametrize(
    ("process", "is_running"),
    [
        (APPLY, True),
        (Process(10, 9, "terraform apply /home/ada/trainyard/build/aws-dev2/.call-x/plan.tfplan"), False),
        (Process(10, 9, f"vi {FOLDER}/backend.hcl"), False),
        (Process(11, 1, PROVIDER), False),
    ],
    ids=["apply", "another environment", "another program", "a provider"],
)
def test_terraform_runs_if_it_works_below_the_folder(process: Process, is_running: bool) -> None:
    assert processes.running(FOLDER, [Process(1, 0, "init"), process]) is is_running


def test_a_provider_without_its_terraform_is_an_orphan() -> None:
    orphan, owned = Process(11, 1, PROVIDER), Process(12, 10, PROVIDER)
    other = Process(13, 1, PROVIDER.replace("aws-dev", "aws-prod"))
    everything = [Process(1, 0, "/sbin/init"), APPLY, orphan, owned, other]
    assert processes.orphans(FOLDER / "terraform", everything) == [orphan]


@pytest.mark.parametrize("way", [processes.listed, processes._from_ps], ids=["the usual way", "ps"])
def test_processes_of_this_machine_are_listed(way: object) -> None:
    assert callable(way)
    found = {each.pid: each for each in way()}
    if way is processes._from_ps and not found:
        pytest.skip("there is no ps")
    assert found[os.getpid()].parent == os.getppid()
    assert "python" in found[os.getpid()].command


def test_orphans_are_ended(tmp_path: Path) -> None:
    sleep = shutil.which("sleep")
    assert sleep
    provider = tmp_path / "providers/terraform-provider-none"
    provider.parent.mkdir()
    provider.symlink_to(sleep)
    with subprocess.Popen([provider, "600"]) as orphan:  # its parent is this Python, not Terraform
        processes.end_orphans(tmp_path.with_name("another"))
        assert orphan.poll() is None
        processes.end_orphans(tmp_path)
        assert orphan.wait(60) == -signal.SIGTERM
