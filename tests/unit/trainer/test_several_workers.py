"""A program of one's own on several hosts: TF_CONFIG, and the end of all hosts if one is lost. Without TensorFlow.

Each host is a process with its own port.
"""

import json
import signal
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.unit.trainer.links import connect_all, run_parallel
from tests.unit.trainer.trainer_runs import Base, Hosts, host_names, wait_for
from trainer.contract.watch import Watch
from trainyard.hosts.tf_config import tf_config
from trainyard.stop import Stop

ENABLED = "sagemaker_multi_worker_mirrored_strategy_enabled"
Process = subprocess.Popen[str]

# Prints its TF_CONFIG, and does what its host's argument says: it fails or exits when the file `told` is there.
PROGRAM = """
import json, os, signal, sys, time
config = json.loads(os.environ["TF_CONFIG"])
index = config["task"]["index"]
what = sys.argv[2].split(",")[index]
if what == "deaf":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
if what == "save":
    def save(*_):
        time.sleep(1)
        open(os.environ["SM_MODEL_DIR"] + "/model", "w").close()
        sys.exit(0)
    signal.signal(signal.SIGTERM, save)
print("ready", json.dumps(config), flush=True)
while what in ("fail", "exit") and not os.path.exists("told"):
    time.sleep(0.02)
if what == "fail":
    raise KeyError("weights")
if what == "exit":
    sys.exit(9)
time.sleep({"end": 0, "end later": 1}.get(what, 600))
"""


def make_hosts(root: Path, *whats: str) -> Hosts:
    """Hosts whose programs do these things."""
    code = root / "code"
    code.mkdir()
    (code / "mine.py").write_text(PROGRAM)
    hosts = Hosts(root, len(whats), **{ENABLED: "true", "what": ",".join(whats)})
    for base in hosts.bases:
        base.environment |= {"SAGEMAKER_PROGRAM": "mine.py", "SAGEMAKER_SUBMIT_DIRECTORY": str(code)}
    return hosts


def start(hosts: Hosts) -> list[Process]:
    """Start a process for each host; its program runs."""
    processes = [base.start_new_python() for base in hosts.bases]
    for process in processes:
        wait_for(process, "ready")
    return processes


def tell(hosts: Hosts) -> None:
    """Let the programs that fail or exit do so."""
    (hosts.bases[0].root.parent / "code" / "told").touch()


def end(processes: Sequence[Process]) -> list[tuple[int, str]]:
    """Wait for the end of all; return the exit code and standard error of each."""
    try:
        errors = [process.communicate(timeout=60)[1] for process in processes]
    finally:
        for process in processes:
            process.kill()
    return [(process.returncode, error) for process, error in zip(processes, errors, strict=True)]


def failed(base: Base) -> bool:
    return (base.root / "output" / "failure").exists()


def test_tf_config_names_all_hosts_in_their_order() -> None:
    workers = ["algo-1:8890", "algo-2:8890", "algo-3:8890"]
    for index, host in enumerate(hosts := ["algo-1", "algo-2", "algo-3"]):
        task = {"type": "worker", "index": index}
        assert tf_config(hosts, host) == {"cluster": {"worker": workers}, "task": task}
    assert tf_config(["algo-1"], "algo-1")["cluster"] == {"worker": ["algo-1:8890"]}
    assert tf_config(["127.0.0.1:4000"], "127.0.0.1:4000")["cluster"] == {"worker": ["127.0.0.1:4000"]}


@pytest.mark.e2e
def test_one_host_has_a_tf_config_too(tmp_path: Path) -> None:
    hosts = make_hosts(tmp_path, "end")
    (process,) = [base.start_new_python() for base in hosts.bases]
    out, error = process.communicate(timeout=60)
    assert process.returncode == 0, error
    assert json.loads(out.removeprefix("ready ")) == tf_config(hosts.names, hosts.names[0])


@pytest.mark.e2e
@pytest.mark.parametrize("whats", [("end", "end later", "end"), ("end later", "end", "end")])
def test_the_normal_end_of_one_host_does_not_end_the_others(tmp_path: Path, whats: tuple[str, ...]) -> None:
    hosts = make_hosts(tmp_path, *whats)
    processes = [base.start_new_python() for base in hosts.bases]
    outputs = [process.communicate(timeout=60)[0] for process in processes]
    assert [process.returncode for process in processes] == [0, 0, 0]
    assert [json.loads(out.removeprefix("ready ")) for out in outputs] == [
        tf_config(hosts.names, name) for name in hosts.names
    ]
    assert not any(failed(base) for base in hosts.bases)


@pytest.mark.e2e
@pytest.mark.parametrize("killed", [0, 2])
def test_if_a_host_is_killed_the_others_end_with_its_name(tmp_path: Path, killed: int) -> None:
    """One of the others ignores SIGTERM, as TensorFlow's strategy does."""
    hosts = make_hosts(tmp_path, "wait", "deaf", "wait")
    hosts.bases[1].prelude = "from trainer.contract import process; process.END_SECONDS = 0.3"
    processes = start(hosts)
    processes[killed].kill()
    ended = end(processes)  # within a minute; their programs would wait for ten
    reason = f"The training ended because {hosts.names[killed]} was lost. See the log of that host."
    for index in {0, 1, 2} - {killed}:
        assert ended[index][0] == 1
        assert f"Error: {reason}\n" in ended[index][1]
        assert hosts.bases[index].failure == reason


@pytest.mark.e2e
def test_the_others_learn_of_a_killed_host_after_the_first_host_s_program_has_ended(tmp_path: Path) -> None:
    hosts = make_hosts(tmp_path, "end", "wait", "wait")
    processes = start(hosts)
    assert processes[0].stderr is not None
    assert "mine.py left nothing" in processes[0].stderr.readline()  # its program has ended
    processes[2].kill()
    ended = end(processes)
    assert [code for code, _ in ended] == [0, 1, -signal.SIGKILL]
    assert hosts.bases[1].failure.startswith(f"The training ended because {hosts.names[2]} was lost.")


@pytest.mark.e2e
@pytest.mark.parametrize("failing", [0, 1])
def test_if_a_program_fails_the_other_hosts_end_with_its_reason(tmp_path: Path, failing: int) -> None:
    hosts = make_hosts(tmp_path, *("fail" if index == failing else "wait" for index in range(3)))
    processes = start(hosts)
    tell(hosts)
    assert [code for code, _ in end(processes)] == [1, 1, 1]
    assert hosts.bases[failing].failure.startswith("KeyError: 'weights'\n")
    reason = f"The training ended because {hosts.names[failing]} was lost: KeyError: 'weights'. See the log of that"
    for index in {0, 1, 2} - {failing}:
        assert hosts.bases[index].failure.startswith(reason)


@pytest.mark.e2e
def test_the_others_get_the_exit_code_of_a_program_that_gives_no_reason(tmp_path: Path) -> None:
    hosts = make_hosts(tmp_path, "wait", "exit")
    processes = start(hosts)
    tell(hosts)
    assert [code for code, _ in end(processes)] == [1, 9]
    assert hosts.bases[0].failure == (
        f"The training ended because {hosts.names[1]} was lost: mine.py exited with code 9. See the log of that host."
    )


@pytest.mark.e2e
def test_a_host_that_is_frozen_is_named_as_the_cause_of_a_failure(tmp_path: Path) -> None:
    hosts = make_hosts(tmp_path, "fail", "wait")
    for base in hosts.bases:  # normally a host is lost after a minute of silence
        base.prelude = "from trainyard.hosts import link; link.HEARTBEAT_SECONDS, link.SILENCE_LIMIT_SECONDS = 0.1, 3.0"
    processes = start(hosts)
    processes[1].send_signal(signal.SIGSTOP)
    tell(hosts)
    try:
        assert processes[0].wait(timeout=60) == 1
    finally:
        for process in processes:
            process.kill()
            process.communicate()
    reason = f"The training ended because {hosts.names[1]} was lost: it does not answer. See the log of that host."
    assert hosts.bases[0].failure.startswith(f"{reason} Here, mine.py ended with:\nKeyError: 'weights'\n")


@pytest.mark.e2e
def test_if_both_programs_fail_each_host_also_names_the_other(tmp_path: Path) -> None:
    hosts = host_names(3)
    watches = [Watch(link) for link in connect_all(hosts)]
    lost = run_parallel(lambda: watches[2].fail("no data"))
    assert lost == [None]
    found = run_parallel(lambda: watches[0].fail("aborted"), lambda: watches[1].fail("aborted"))
    assert [(each.host, each.reason) for each in found] == [(hosts[2], "no data")] * 2


@pytest.mark.e2e
def test_a_stop_ends_every_host_as_its_program_wants(tmp_path: Path) -> None:
    hosts = make_hosts(tmp_path, "wait", "save", "wait")
    processes = start(hosts)
    for process in processes:
        process.send_signal(signal.SIGTERM)
    assert [code for code, _ in end(processes)] == [143, 0, 143]
    assert (hosts.bases[1].root / "model" / "model").exists()
    assert not any(failed(base) for base in hosts.bases)


def test_a_program_that_cannot_start_ends_the_other_hosts(tmp_path: Path) -> None:
    hosts = make_hosts(tmp_path, "wait", "wait")
    hosts.bases[1].environment["SAGEMAKER_PROGRAM"] = "absent.py"
    ended = end([base.start_new_python() for base in hosts.bases])
    assert [code for code, _ in ended] == [1, 1]
    assert f"because {hosts.names[1]} was lost: SAGEMAKER_PROGRAM names 'absent.py'" in hosts.bases[0].failure


@pytest.mark.e2e
def test_a_host_that_never_comes_is_named(tmp_path: Path) -> None:
    hosts = make_hosts(tmp_path, "end", "end", "end")
    chief, other, _ = hosts.bases
    chief.environment["TRAINER_HOSTS_SECONDS"] = "3"  # the other one, which is started before, asks twice a second
    processes = [base.start_new_python() for base in (other, chief)]
    outputs = [process.communicate(timeout=60) for process in processes]
    assert [out for out, _ in outputs] == ["", ""]  # no program ran
    for base, seconds in ((chief, 3), (other, 60)):
        text = f"{hosts.names[2]} did not appear within {seconds} seconds. The log of that host says"
        assert base.failure.startswith(text)


@pytest.mark.parametrize(
    ("host", "seconds", "problem"),
    [
        ("algo-1.invalid", "0.1", "On this host, algo-1.invalid had no address within 0.1 seconds. SageMaker gives"),
        (
            "localhost",
            "soon",
            "TRAINER_HOSTS_SECONDS is 'soon', which is not a number of seconds. Set one such as 300.",
        ),
    ],
)
def test_a_wait_that_cannot_end_well(tmp_path: Path, host: str, seconds: str, problem: str) -> None:
    (base,) = make_hosts(tmp_path, "end").bases
    base.configure(resourceconfig={"hosts": [host], "current_host": host})
    base.environment["TRAINER_HOSTS_SECONDS"] = seconds
    ((code, error),) = end([base.start_new_python()])
    assert (code, base.failure.startswith(problem)) == (1, True), error


def test_a_stop_ends_the_waiting_of_the_first_host() -> None:
    watches = [Watch(link) for link in connect_all(host_names(2))]
    stop = Stop()
    stop.requested = True
    watches[0].end(stop)  # the other host has not ended
    assert watches[1].lost is None
