"""The newest boto3 makes the calls of `python -m tests.clients` here too, where a job is a process and takes no time.

The `aws` command line has tests of its own (test_aws_cli.py); SageMaker's SDKs are too large for each run.
"""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.client_programs import client_programs
from tests.conftest import ROOT

pytestmark = pytest.mark.e2e

PROGRAM = 'print("trained, loss=0.5"); (base / "model/weights").write_text("w"); time.sleep(1)'


def test_boto3_makes_its_calls(account: Any, cloud: Any, tmp_path: Path) -> None:
    request = tmp_path / "request.json"
    request.write_text(json.dumps(account.request(PROGRAM)))
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "AWS_ENDPOINT_URL": cloud.url,
        "AWS_ACCESS_KEY_ID": "any",
        "AWS_SECRET_ACCESS_KEY": "any",
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    command = [str(client_programs("boto3") / "python"), "-m", "clients.boto3_client", str(request)]
    ended = subprocess.run(
        command, cwd=ROOT / "tests", env=environment, capture_output=True, text=True, timeout=300, check=True
    )
    results = [json.loads(line) for line in ended.stdout.splitlines()]
    assert len(results) == 8
    assert {row["result"] for row in results} == {"works"}, ended.stderr
