"""Which processes import AWS's Common Runtime."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT

LOGIN = "[profile ada]\nlogin_session = arn:aws:iam::123456789012:user/ada\n"
PROGRAM = """
import sys
from scripts.core import aws
aws.load()
import botocore.compat
print("awscrt" in sys.modules, botocore.compat.HAS_CRT)
import awscrt
"""


@pytest.mark.e2e
@pytest.mark.parametrize(("config", "printed"), [("[default]\n", "False False\n"), (LOGIN, "True True\n")])
def test_only_a_session_of_aws_login_imports_it(config: str, printed: str, tmp_path: Path) -> None:
    (tmp_path / "config").write_text(config)
    ended = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        cwd=ROOT,
        env={**os.environ, "AWS_CONFIG_FILE": str(tmp_path / "config")},
        capture_output=True,
        text=True,
        check=True,
    )
    assert ended.stdout == printed
