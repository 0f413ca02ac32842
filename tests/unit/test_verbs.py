"""Every verb starts fast: it imports a heavy module only when it needs it."""

import subprocess
import sys

import pytest

from tests.conftest import ROOT, clean_environment

VERBS = sorted(path.stem for path in (ROOT / "scripts").glob("*.py") if path.stem not in {"__init__", "venv"})
HEAVY = {"boto3", "botocore", "moto", "tensorflow", "keras", "numpy", "sklearn", "python_terraform", "flask", "rich"}
HEAVY |= {"jinja2", "policy_sentry"}


@pytest.mark.parametrize("verb", VERBS)
def test_help_imports_nothing_heavy(verb: str) -> None:
    program = (
        "import runpy, sys\n"
        f"sys.argv = ['{verb}', '--help']\n"
        "try:\n"
        f"    runpy.run_module('scripts.{verb}', run_name='__main__')\n"
        "finally:\n"
        f"    print('HEAVY', *sorted({HEAVY!r} & sys.modules.keys()))\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, env=clean_environment(), capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stderr
    assert "Usage" in ended.stdout
    assert ended.stdout.splitlines()[-1].split() == ["HEAVY"]


@pytest.mark.parametrize("verb", ["data", "train", "jobs", "logs", "stop", "resume", "model", "infra", "plan"])
def test_missing_credentials_are_reported_in_two_lines(verb: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    home = tmp_path_factory.mktemp("home")
    arguments = {
        "data": ["--job", "digits"],
        "train": ["--job", "digits"],
        "logs": ["--run", "digits-1"],
        "stop": ["--run", "digits-1"],
        "resume": ["--run", "digits-1"],
        "model": ["--run", "digits-1"],
        "infra": ["apply"],
        "plan": ["stack"],
    }.get(verb, [])
    environment = {**clean_environment(), "HOME": str(home), "AWS_EC2_METADATA_DISABLED": "true"}
    environment["AWS_REGION"] = "eu-central-1"
    ended = subprocess.run(
        [sys.executable, "-m", f"scripts.{verb}", *arguments],
        cwd=ROOT,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 2, ended.stdout + ended.stderr
    assert len(ended.stderr.splitlines()) == 2, ended.stderr
    assert "No AWS credentials" in ended.stderr
    assert "make demo" in ended.stderr
