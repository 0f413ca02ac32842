"""The server process starts, is found and stops, and leaves no process or file behind."""

import json
import os
import signal
import socket
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from scripts import localcloud
from scripts.core.errors import UserError
from tests.conftest import processes_of
from tests.unit.localcloud.processes import is_gone, kill, verb, wait_until

pytestmark = pytest.mark.e2e

KEPT = {"server.log"}


@pytest.mark.usefixtures("stopped_after")
def test_the_verbs_up_status_env_exec_and_down(root: Path) -> None:
    assert verb("status").returncode == 2
    up = verb("up")
    assert up.returncode == 0, up.stderr
    cloud = localcloud.running()
    assert cloud is not None
    assert cloud.url in up.stdout
    assert f"already runs at {cloud.url}" in verb("up").stdout
    program = (
        "import boto3; c = boto3.client\n"
        "c('s3').create_bucket(Bucket='filled'); c('s3').put_object(Bucket='filled', Key='k', Body=b'12345')\n"
        "c('ecr').create_repository(repositoryName='images')"
    )
    ran = verb("exec", "--", sys.executable, "-c", program)
    assert ran.returncode == 0, ran.stderr
    status = verb("status", AWS_PROFILE="nobody").stdout
    assert cloud.url in status
    assert "since " in status
    assert "bucket filled: 1 objects, 5 B" in status
    assert "repository images" in status
    assert f"export AWS_ENDPOINT_URL={cloud.url}" in verb("env").stdout.splitlines()
    assert stat.S_IMODE((root / "build/local-cloud").stat().st_mode) == 0o700
    assert "stopped" in verb("down").stdout
    assert {path.name for path in (root / "build/local-cloud").iterdir()} == KEPT
    wait_until(lambda: is_gone(cloud.pid))
    assert verb("down").stdout == "No local cloud is running.\n"


@pytest.mark.usefixtures("root")
@pytest.mark.parametrize("arguments", [("env",), ("status",), ("exec", "--", "true"), ("exec", "true")])
def test_verbs_without_a_local_cloud_print_an_error_and_a_fix(arguments: tuple[str, ...]) -> None:
    ended = verb(*arguments)
    assert ended.returncode == 2
    assert ended.stderr.splitlines() == [
        "Error: No local cloud is running.",
        "Fix:   Start it with `make cloud-up`.",
    ]


def test_exec_passes_arguments_and_the_exit_code_and_imports_no_sdk(stopped_after: Path) -> None:
    localcloud.start()
    program = "import sys; print(sys.argv[1:]); sys.exit(7)"
    ended = verb("exec", "--", sys.executable, "-c", program, "--hp", "a $x `y`", "--", "")
    assert ended.returncode == 7
    assert ended.stdout == "['--hp', 'a $x `y`', '--', '']\n"
    assert verb("exec", "--", "no such command").stderr.startswith("Error: no such command cannot be run")
    imports = "import sys; from scripts import cloud; print({'boto3', 'moto', 'botocore'} & set(sys.modules))"
    assert subprocess.run([sys.executable, "-c", imports], capture_output=True, text=True).stdout == "set()\n"
    assert stopped_after.exists()


def test_starting_twice_at_once_starts_one_server(stopped_after: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The server that has the lock waits for a Docker engine when the other one has given up."""
    found: list[localcloud.Cloud] = []
    threads = [threading.Thread(target=lambda: found.append(localcloud.start())) for _ in range(2)]
    log = stopped_after / "build/local-cloud/server.log"
    with socket.create_server(("127.0.0.1", 0)) as silent_engine:
        monkeypatch.setenv("DOCKER_HOST", f"tcp://127.0.0.1:{silent_engine.getsockname()[1]}")
        for thread in threads:
            thread.start()
        wait_until(lambda: log.exists() and "Another local cloud already runs" in log.read_text())
        wait_until(lambda: len(processes_of(stopped_after)) == 2)  # this process, and the server that has the lock
        time.sleep(0.2)  # The caller of the other server looks every 0.05 s whether it has ended.
    for thread in threads:
        thread.join()
    assert found[0] == found[1] == localcloud.running()


@pytest.mark.usefixtures("stopped_after")
def test_a_killed_server_is_not_running_and_can_be_started_again() -> None:
    first = localcloud.start()
    kill(first)
    localcloud.stop()
    second = localcloud.start()
    assert second.pid != first.pid
    assert localcloud.running() == second


def test_a_server_with_lifetime_ends_with_its_parent_process(root: Path) -> None:
    program = (
        "import sys, time; from scripts import localcloud\n"
        "print(localcloud.start(lifetime=True).pid, flush=True); time.sleep(100)"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        assert localcloud.running() is not None
        parent.kill()
    wait_until(lambda: is_gone(pid))
    assert {path.name for path in (root / "build/local-cloud").iterdir()} == KEPT


def test_stop_ends_the_jobs_programs_and_leaves_no_files(
    stopped_after: Path, account_of: Callable[[localcloud.Cloud], Any]
) -> None:
    account = account_of(localcloud.start())
    name = account.create(
        """
import subprocess, tempfile
signal.signal(signal.SIGTERM, signal.SIG_IGN)
tempfile.mkstemp()
print(os.getpid(), subprocess.Popen(["sleep", "1000"]).pid, tempfile.gettempdir(), flush=True)
time.sleep(1000)
"""
    )
    account.wait_until(name, lambda job: job["SecondaryStatus"] == "Training" and len(account.lines(name)) > 1)
    first, second, temporary = account.lines(name)[-1].split()
    localcloud.stop()
    assert is_gone(int(first))
    wait_until(lambda: is_gone(int(second)))
    assert not Path(temporary).exists()
    assert {path.name for path in (stopped_after / "build/local-cloud").iterdir()} == KEPT


@pytest.mark.usefixtures("stopped_after")
def test_a_start_waits_for_a_server_that_is_ending() -> None:
    """After a killed `make demo`, its server still ends its jobs when the next `make demo` starts."""
    first = localcloud.start()
    os.kill(first.pid, signal.SIGSTOP)  # it holds its lock and answers nobody
    record = first.folder / "server.json"
    content = record.read_text()
    record.unlink()
    threading.Timer(1.0, lambda: os.kill(first.pid, signal.SIGKILL)).start()
    second = localcloud.start()
    assert second.pid != first.pid
    assert record.read_text() != content


def test_the_error_for_a_failed_start_says_why(root: Path) -> None:
    (root / "werkzeug.py").write_text("raise SystemExit('broken on purpose')")
    with pytest.raises(UserError, match="did not start: broken on purpose"):
        localcloud.start()


def test_start_fails_if_its_folder_is_a_file(root: Path) -> None:
    (root / "build").write_text("")
    with pytest.raises(UserError, match="cannot be started"):
        localcloud.start()


class Trap:
    """Listens at an address that nothing may call, and counts the calls."""

    def __init__(self) -> None:
        self.calls = 0
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            self.calls += 1
            connection.close()

    def close(self) -> None:
        self._socket.close()


@pytest.fixture
def trap() -> Iterator[Trap]:
    trap = Trap()
    yield trap
    trap.close()


@pytest.fixture
def stray(tmp_path: Path, trap: Trap) -> dict[str, str]:
    """The environment of a caller with an AWS account. Each of its settings leads to the trap."""
    aws = tmp_path / "home" / ".aws"
    aws.mkdir(parents=True)
    services = f"[services away]\ns3 =\n  endpoint_url = {trap.url}\nsts =\n  endpoint_url = {trap.url}\n"
    profile = f"region = eu-west-3\nendpoint_url = {trap.url}\nservices = away\n"
    (aws / "config").write_text(f"[default]\n{profile}[profile work]\n{profile}{services}")
    keys = "aws_access_key_id = AKIAREALREALREALREAL\naws_secret_access_key = real\n"
    (aws / "credentials").write_text(f"[default]\n{keys}[work]\n{keys}")
    proxies = dict.fromkeys(("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"), trap.url)
    return proxies | {
        "HOME": str(aws.parent),
        "AWS_PROFILE": "work",
        "AWS_ENDPOINT_URL": trap.url,
        "AWS_ENDPOINT_URL_S3": trap.url,
        "AWS_ENDPOINT_URL_STS": trap.url,
        "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true",
        "AWS_ACCESS_KEY_ID": "AKIAREALREALREALREAL",
        "AWS_SECRET_ACCESS_KEY": "real",
        "AWS_SESSION_TOKEN": "real",
        "AWS_CA_BUNDLE": "/nowhere.pem",
        "AWS_CONTAINER_CREDENTIALS_FULL_URI": trap.url,
        "AWS_WEB_IDENTITY_TOKEN_FILE": str(aws / "config"),
        "AWS_ROLE_ARN": "arn:aws:iam::999999999999:role/real",
        "AWS_REGION": "eu-west-3",
    }


ASK = """
import boto3, json
session = boto3.Session()
session.client("s3").create_bucket(Bucket="asked")
print(json.dumps({
    "account": session.client("sts").get_caller_identity()["Account"],
    "jobs": session.client("sagemaker").list_training_jobs()["TrainingJobSummaries"],
    "key": session.get_credentials().access_key,
    "region": session.region_name,
    "profiles": session.available_profiles,
}))
"""


@pytest.mark.usefixtures("stopped_after")
def test_a_program_ignores_the_callers_aws_settings_and_calls_no_other_address(
    stray: dict[str, str], trap: Trap
) -> None:
    without = subprocess.run([sys.executable, "-c", ASK], env=os.environ | stray, capture_output=True, timeout=300)
    assert without.returncode != 0
    assert trap.calls > 0, "the trap does not work, so this test proves nothing"
    trap.calls = 0
    assert verb("up", **stray).returncode == 0
    ran = verb("exec", "--", sys.executable, "-c", ASK, **stray)
    assert ran.returncode == 0, ran.stderr
    assert json.loads(ran.stdout) == {
        "account": "123456789012",
        "jobs": [],
        "key": "local",
        "region": "us-east-1",
        "profiles": [],
    }
    status = verb("status", **stray)
    assert "bucket asked" in status.stdout, status.stderr
    assert trap.calls == 0
