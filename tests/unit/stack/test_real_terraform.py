"""With the real Terraform: the tests in terraform/tests/, without credentials, and a delayed interrupt."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.conftest import ROOT, Project, clean_environment, missing, processes_of

pytestmark = pytest.mark.e2e


def test_the_terraform_tests_pass_with_any_aws_settings_of_the_caller(project: Project) -> None:
    """Twenty seconds: `terraform test` starts the provider twice for each of its runs."""
    if not shutil.which("terraform"):
        missing("terraform is not on PATH")
    settings = {"AWS_PROFILE": "nobody", "AWS_REGION": "nowhere", "AWS_ENDPOINT_URL": "http://127.0.0.1:9"}
    ended = project.verb("infra", "test", env=settings)
    if "cannot be initialised" in ended.stderr:
        missing(f"Terraform cannot get the AWS provider:\n{ended.stderr}")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "0 failed" in ended.stdout
    lock = "terraform/.terraform.lock.hcl"
    assert (project.folder / lock).read_bytes() == (ROOT / lock).read_bytes()


SLOW = """
resource "terraform_data" "first" {}

resource "terraform_data" "slow" {
  depends_on = [terraform_data.first]

  provisioner "local-exec" {
    command = "touch started; while [ ! -e go ]; do sleep 0.05; done; touch finished"
  }
}
"""

APPLY = """
import sys
from pathlib import Path
from scripts.stack.terraform import terraform
runner = terraform(Path("build/x/terraform"))
assert runner.stream("init", "-input=false") == 0
try:
    runner.stream("apply", "-auto-approve", "-input=false")
except KeyboardInterrupt:
    print("interrupted", flush=True)
    sys.exit(130)
"""


@pytest.mark.parametrize("whole_group", [True, False], ids=["Ctrl-C", "a signal to our process only"])
def test_an_interrupt_waits_until_terraform_has_ended(tmp_path: Path, whole_group: bool) -> None:
    if not shutil.which("terraform"):
        missing("terraform is not on PATH")
    folder = tmp_path / "terraform"
    folder.mkdir()
    (folder / "main.tf").write_text(SLOW, encoding="utf-8")  # a provider that is part of Terraform
    (folder / ".terraform.lock.hcl").touch()
    with subprocess.Popen(
        [sys.executable, "-c", APPLY],
        cwd=tmp_path,
        env={**clean_environment(), "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as process:
        deadline = time.monotonic() + 60
        while not (folder / "started").exists():
            assert time.monotonic() < deadline, "Terraform did not start"
            time.sleep(0.05)
        if whole_group:
            os.killpg(process.pid, signal.SIGINT)
        else:
            process.send_signal(signal.SIGINT)
            (folder / "go").touch()
        output, _ = process.communicate(timeout=60)
    assert process.returncode == 130, output
    assert output.rstrip().endswith("interrupted")
    assert not [command for command in processes_of(folder) if "terraform" in command]
    assert not (folder / ".terraform.tfstate.lock.info").exists()
    resources = json.loads((folder / "terraform.tfstate").read_text(encoding="utf-8"))["resources"]
    assert "first" in {resource["name"] for resource in resources}
    assert (folder / "finished").exists() is not whole_group
