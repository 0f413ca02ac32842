"""How every verb starts: fast, with no traceback of Ctrl-C, and with any encoding."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.conftest import ROOT, clean_environment

VERBS = sorted(path.stem for path in (ROOT / "scripts").glob("*.py") if path.stem not in {"__init__", "venv"})
HEAVY = {"boto3", "botocore", "moto", "tensorflow", "keras", "numpy", "sklearn", "python_terraform", "flask", "rich"}
HEAVY |= {"jinja2", "policy_sentry", "pydantic"}


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
def test_missing_credentials_are_reported_in_two_lines(verb: str, tmp_path: Path, forked_python: Path) -> None:
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
    environment = {**clean_environment(), "HOME": str(tmp_path), "AWS_EC2_METADATA_DISABLED": "true"}
    environment["AWS_REGION"] = "eu-central-1"
    ended = subprocess.run(
        [forked_python, "-m", f"scripts.{verb}", *arguments],
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


def test_ctrl_c_while_modules_are_imported_prints_one_line(tmp_path: Path) -> None:
    (tmp_path / "click.py").write_text("import pathlib, time\npathlib.Path('begun').touch()\ntime.sleep(60)\n")
    process = subprocess.Popen(
        [sys.executable, "-m", "scripts.jobs"],
        cwd=tmp_path,
        env={**clean_environment(), "PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}"},
        stderr=subprocess.PIPE,
        text=True,
    )
    while not (tmp_path / "begun").exists():
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert errors == "\nInterrupted. Nothing was changed; run the same command to start over.\n"


@pytest.mark.parametrize(
    ("variables", "printed"),
    [
        ({"PYTHONIOENCODING": "ascii"}, "\\u2192 0/\\xfc.png\n"),
        ({"LC_ALL": "C"}, "→ 0/ü.png\n"),
        ({"LC_ALL": "C", "PYTHONUTF8": "0"}, "\\u2192 0/\\xfc.png\n"),
        ({"LC_ALL": "C.UTF-8"}, "→ 0/ü.png\n"),
    ],
    ids=["PYTHONIOENCODING=ascii", "LC_ALL=C", "no UTF-8 mode", "UTF-8"],
)
def test_a_verb_prints_and_reads_names_with_any_encoding(
    variables: dict[str, str], printed: str, tmp_path: Path
) -> None:
    (tmp_path / "0").mkdir()
    (tmp_path / "0" / "ü.png").touch()
    program = (
        "import pathlib\n"
        "import click\n"
        "from scripts.channels import local\n"
        "from scripts.core import console, verb\n"
        "@click.command()\n"
        "def show():\n"
        f"    (file,) = local.read_folder(pathlib.Path({str(tmp_path)!r}), 'x').files\n"
        "    console.say('\\u2192 ' + file.key)\n"
        "verb.run(show)\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env={name: value for name, value in clean_environment().items() if name != "LANG"} | variables,
        capture_output=True,
        check=False,
    )
    assert (ended.returncode, ended.stdout.decode()) == (0, printed), ended.stderr.decode()


def test_a_verb_ends_without_looking_for_garbage(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text("import gc\ngc.set_debug(gc.DEBUG_STATS)\n")
    ended = subprocess.run(
        [sys.executable, "-m", "scripts.jobs", "--help"],
        cwd=ROOT,
        env={**clean_environment(), "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    *_, last = re.findall(r"gc: objects in each generation: (\d+) (\d+) (\d+)", ended.stderr)
    assert sum(map(int, last)) < 1000  # of 25,000 objects
